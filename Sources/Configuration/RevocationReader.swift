import Sessions

/// `sessions.revocation`.
enum RevocationReader {
    private static let longest = Duration.seconds(365 * 24 * 3600)
    private static let day = Duration.seconds(24 * 3600)

    static func read(_ section: inout Section, into options: inout RevocationOptions) {
        section.boolean("watch", into: &options.watch)
        section.duration("poll", in: .zero...day, into: &options.poll)
        if options.poll > .zero, options.poll < .seconds(1) {
            section.report.error(
                section.keyPosition("poll") ?? section.position,
                "`sessions.revocation.poll` is shorter than a second",
                "write 1s or more, or 0s to ask for nothing"
            )
        }
        section.duration("keep", in: .seconds(1)...longest, into: &options.keep)
        section.integer(
            "entries",
            in: 1...RevokedSessions.maximumEntries,
            into: &options.entries
        )
        file(&section, into: &options.file)
    }

    private static func file(_ section: inout Section, into path: inout String) {
        guard let text = section.text("file"), !text.value.isEmpty else { return }
        path = section.reading.resolve(text.value)
        section.report.names(path, at: text.position, isReplaced: true)
        guard let problem = WritablePath.problem(path) else { return }
        section.report.error(
            text.position,
            "the file \(text.quoted) cannot be written: \(problem)",
            "make the folder and let this user write there, or write \"\""
        )
    }
}

import Bytes

/// Collects what is wrong while a configuration is read, so that every error is told, not only
/// the first.
///
/// A class, because every reader of a part writes to the same one; it lives while a file is
/// read.
final class Report {
    private(set) var problems: [ConfigurationProblem] = []
    /// The files that the configuration names, for `FileChecks`.
    private(set) var files: [NamedFile] = []

    /// A file is named, as the program opens it; `isReplaced`: whether the gateway writes it anew.
    func names(_ path: String, at position: SourcePosition, isReplaced: Bool = false) {
        files.append(NamedFile(path: path, position: position, isReplaced: isReplaced))
    }

    func error(_ position: SourcePosition, _ message: String, _ remedy: String) {
        add(ConfigurationProblem(position: position, message: message, remedy: remedy))
    }

    func warning(_ position: SourcePosition, _ message: String, _ remedy: String) {
        add(
            ConfigurationProblem(
                position: position,
                severity: .warning,
                message: message,
                remedy: remedy
            )
        )
    }

    /// A key or value of the interface whose feature does not exist yet.
    func notYet(_ position: SourcePosition, _ what: String, _ remedy: String) {
        error(position, "\(what) is not supported yet", remedy)
    }

    var hasErrors: Bool { problems.contains { $0.severity == .error } }

    /// The problems in the order of the file.
    var sorted: [ConfigurationProblem] {
        problems.enumerated().sorted { left, right in
            let (first, second) = (left.element.position, right.element.position)
            return (first.line, first.column, left.offset)
                < (second.line, second.column, right.offset)
        }.map(\.element)
    }

    private func add(_ problem: ConfigurationProblem) {
        if !problems.contains(problem) { problems.append(problem) }
    }
}

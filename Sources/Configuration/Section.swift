import Bytes

/// What every reader of a part needs.
struct Reading {
    var report: Report
    /// Relative paths begin here.
    var directory: String

    /// A path as the program opens it.
    func resolve(_ path: String) -> String {
        if path.hasPrefix("/") || directory.isEmpty { return path }
        return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
    }
}

/// One mapping of the configuration while it is read.
///
/// Each key is asked for once; at the end the keys nobody asked for are errors. A value that is
/// wrong is reported and leaves the default, so that reading goes on.
struct Section {
    /// Dotted name such as `sessions.core`; empty for the whole file.
    let path: String
    let position: SourcePosition
    let reading: Reading
    private let entries: [Entry]
    private var known: [String] = []

    init?(_ value: YAMLValue, path: String, reading: Reading) {
        self.path = path
        self.position = value.position
        self.reading = reading
        switch value {
        case .mapping(let entries, _):
            self.entries = entries
        case .text(let text) where text.isBroken:
            return nil
        case .text, .list, .empty:
            let what = path.isEmpty ? "the configuration" : "`\(path)`"
            reading.report.error(
                value.position,
                "\(what) is \(value.kind), not a mapping",
                "write its keys below it, each as NAME: VALUE"
            )
            return nil
        }
    }

    var report: Report { reading.report }

    /// The dotted name of one of the keys.
    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Where the key stands, if it is there.
    func keyPosition(_ key: String) -> SourcePosition? {
        entries.first { $0.key.value == key }?.key.position
    }

    /// The key's value as it is, without counting as asked for.
    func peek(_ key: String) -> YAMLValue? { entries.first { $0.key.value == key }?.value }

    /// Every entry, for mappings whose keys are the user's own names.
    mutating func takeAll() -> [Entry] {
        known = entries.map(\.key.value)
        return entries
    }

    /// The key's value; an empty one is reported as such and is nil.
    mutating func value(_ key: String) -> YAMLValue? {
        known.append(key)
        guard let entry = entries.first(where: { $0.key.value == key }) else { return nil }
        guard case .empty(let position) = entry.value else { return entry.value }
        report.error(
            position.line == entry.key.position.line ? position : entry.key.position,
            "`\(name(key))` has no value",
            "write one, or leave the key out"
        )
        return nil
    }

    /// A key of the interface whose feature does not exist yet: any value is refused.
    mutating func notYet(_ key: String, _ remedy: String) {
        known.append(key)
        guard let position = keyPosition(key) else { return }
        report.notYet(position, "`\(name(key))`", remedy)
    }

    /// A key of which only one value works until its feature exists. Where `later` lists the
    /// others, any further one is an error of its own.
    mutating func notYet(_ key: String, only accepted: String, later: [String]? = nil) {
        guard let text = text(key), text.value != accepted else { return }
        if let later, !later.contains(text.value) {
            unknownWord(text, name(key), [accepted] + later)
            return
        }
        let value = accepted.isEmpty ? "\"\"" : accepted
        report.notYet(
            text.position,
            "`\(name(key))` \(text.quoted)",
            "write \(value), or leave the key out"
        )
    }

    /// A switch that must be off until its feature exists.
    mutating func notYetSwitch(_ key: String) {
        var isOn = false
        boolean(key, into: &isOn)
        guard isOn, case .text(let text)? = peek(key) else { return }
        report.notYet(
            text.position,
            "`\(name(key))` \(text.quoted)",
            "write false, or leave the key out"
        )
    }

    /// Reads a mapping below this one.
    mutating func section(_ key: String, _ read: (inout Section) -> Void) {
        guard let value = value(key),
            var section = Section(value, path: name(key), reading: reading)
        else { return }
        read(&section)
        section.finish()
    }

    /// Reports every key that nobody asked for.
    func finish() {
        for entry in entries where !known.contains(entry.key.value) && !entry.key.isBroken {
            report.error(
                entry.key.position,
                path.isEmpty
                    ? "unknown key \(entry.key.quoted)"
                    : "unknown key \(entry.key.quoted) in `\(path)`",
                Spelling.remedy(for: entry.key.value, among: known, called: "keys here")
            )
        }
    }
}

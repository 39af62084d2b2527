import Bytes
import Foundation

/// A scalar: its text, and where it stands.
struct Text {
    /// With the environment's values in place.
    var value: String
    /// As the file has it: what messages quote, since a value from the environment may be a secret.
    var written: String
    var position: SourcePosition
    /// Whether the file has it in quotation marks or as a block, so that it is a text, whatever it
    /// says.
    var isQuoted = false
    /// Already reported: nothing more is said about it.
    var isBroken = false

    /// Whether the environment has a part in the value: then no message may show it.
    var isSubstituted: Bool { value != written }

    /// The text as messages quote it; long ones are cut.
    var quoted: String {
        if written.isEmpty { return "`\"\"`" }
        let limit = 60
        let text = Self.withoutUser(Self.printable(written))
        return text.count > limit ? "`\(text.prefix(limit))…`" : "`\(text)`"
    }

    /// A URL without the user and password in it: messages go to logs.
    private static func withoutUser(_ text: String) -> String {
        guard let scheme = text.range(of: "://"),
            let end = text[scheme.upperBound...].lastIndex(of: "@")
        else { return text }
        return "\(text[..<scheme.upperBound])…\(text[end...])"
    }

    /// The text in one line: a control character in a file must not control a terminal.
    static func printable(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}

/// One key of a mapping with its value.
struct Entry {
    var key: Text
    var value: YAMLValue
}

/// A YAML tree that knows where each of its values stands.
enum YAMLValue {
    case text(Text)
    case list([YAMLValue], SourcePosition)
    case mapping([Entry], SourcePosition)
    /// A key without anything after it.
    case empty(SourcePosition)

    var position: SourcePosition {
        switch self {
        case .text(let text): text.position
        case .list(_, let position), .mapping(_, let position), .empty(let position): position
        }
    }

    /// What a person would call it.
    var kind: String {
        switch self {
        case .text: "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        case .empty: "nothing"
        }
    }
}

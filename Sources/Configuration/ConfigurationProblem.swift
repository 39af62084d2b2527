public import Bytes

/// One thing wrong with a configuration: where, what, and what to write instead.
public struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Whether the configuration can be used in spite of it.
    public enum Severity: String, Sendable {
        case error, warning
    }

    /// Where it stands in the file.
    public var position: SourcePosition
    /// Whether the file may be used all the same.
    public var severity: Severity
    /// What is wrong; never a secret's value.
    public var message: String
    /// What to write instead; never empty.
    public var remedy: String

    /// A problem with all its parts.
    public init(
        position: SourcePosition,
        severity: Severity = .error,
        message: String,
        remedy: String
    ) {
        self.position = position
        self.severity = severity
        self.message = message
        self.remedy = remedy
    }

    /// `FILE:LINE:COLUMN: error: what is wrong; what to write instead`.
    public var description: String {
        "\(position): \(severity.rawValue): \(message); \(remedy)"
    }
}

/// Everything that was found wrong with a configuration that cannot be used.
public struct ConfigurationProblems: Error, Sendable, Equatable, CustomStringConvertible {
    /// Errors and warnings in the order of the file; at least one is an error.
    public var all: [ConfigurationProblem]

    /// These problems, in the order of the file.
    public init(_ all: [ConfigurationProblem]) {
        self.all = all
    }

    /// One line for each.
    public var description: String { all.map(\.description).joined(separator: "\n") }
}

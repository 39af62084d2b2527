public import Bytes

/// Why TLS cannot be configured as asked.
public struct TLSFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where the value stands that is to blame; nil when none in a file is.
    public var position: SourcePosition?
    /// What is wrong.
    public var problem: String
    /// What to do about it.
    public var remedy: String

    /// Words for the person who wrote the configuration.
    public init(position: SourcePosition? = nil, problem: String, remedy: String) {
        self.position = position
        self.problem = problem
        self.remedy = remedy
    }

    /// What is wrong and what to do about it.
    public var message: String { "\(problem); \(remedy)" }

    /// The position, where there is one, and the message.
    public var description: String {
        guard let position else { return message }
        return "\(position): \(message)"
    }
}

public import Bytes

/// One thing wrong with the routes, or worth a warning.
public struct RouteProblem: Equatable, Sendable {
    /// Where the value stands that is to blame.
    public var position: SourcePosition
    /// What is wrong.
    public var message: String
    /// What to write instead.
    public var remedy: String

    init(position: SourcePosition, message: String, remedy: String) {
        self.position = position
        self.message = message
        self.remedy = remedy
    }
}

/// All that is wrong with the routes.
public struct RouteFailure: Error, Equatable, Sendable {
    /// Never empty; in the order of the routes.
    public var problems: [RouteProblem]
}

public import Bytes
public import HTTPCore
import Patterns

/// One thing wrong with the routes, or worth a warning.
public struct RouteProblem: Equatable, Sendable {
    public var position: SourcePosition
    /// What is wrong.
    public var message: String
    /// What to write instead.
    public var remedy: String
}

/// All that is wrong with the routes.
public struct RouteFailure: Error, Equatable, Sendable {
    /// Never empty.
    public var problems: [RouteProblem]
}

/// The routes, compiled for matching. For one thread: each worker compiles its own.
public struct RouteTable: ~Copyable {
    /// What a request meets.
    public enum Match: Equatable, Sendable {
        /// Index in the options the table was made of.
        case route(Int)
        case noRoute
        /// The path has routes, but none for the method; the number is for `appendAllow`.
        case methodNotAllowed(Int)
        /// The path's readings do not all meet the same route: 400, `ambiguous_path`.
        case ambiguous
        /// A pattern needs more work than is allowed: 400, `pattern_limit`.
        case patternLimit
    }

    /// - Throws: everything that is wrong with the routes.
    public init(_ routes: [RouteOptions]) throws(RouteFailure) {
    }

    /// What is worth a warning of `check`.
    public static func warnings(_ routes: [RouteOptions]) -> [RouteProblem] { [] }

    /// The route a request meets in every reading of its path.
    public func match(
        _ target: borrowing RequestTarget,
        method: Method,
        methodName: Span<UInt8>
    ) -> Match { .noRoute }

    /// Appends the value of `Allow`: `GET, POST`.
    public func appendAllow(_ id: Int, to buffer: inout Buffer) {}

    /// How many routes there are.
    public var count: Int { 0 }

    public func rule(_ route: Int) -> SessionRule { .required }
    public func action(_ route: Int) -> RouteAction { .respondJWT(exposesAccessToken: false) }
    public func name(_ route: Int) -> String { "" }

    /// Whether a route names this host, exactly or by a wildcard.
    public func names(host: Span<UInt8>) -> Bool { false }

    /// Appends the path to forward, without the route's prefix where that is stripped.
    public func appendForwardedPath(
        route: Int,
        target: borrowing RequestTarget,
        to buffer: inout Buffer
    ) throws(TargetFailure) {}
}

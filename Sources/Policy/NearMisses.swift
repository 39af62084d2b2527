internal import Bytes
public import HTTPCore

/// A route that a request nearly met, and what kept it from that.
public struct NearMiss: Sendable, Equatable {
    /// What differs; from the nearest to the farthest.
    public enum Cause: Int, Sendable {
        /// It would be met but for the method.
        case method
        /// It would be met but for the host.
        case host
        /// Its path resembles the request's.
        case path
        /// It would be met if a more specific one were not.
        case lessSpecific
    }

    /// Index of the route.
    public var route: Int
    /// What differs.
    public var cause: Cause

    /// Routes that are told at most.
    public static let maximum = 5

    /// Looks through the routes that were not met: each is matched alone, by the table that serves.
    ///
    /// - Parameters:
    ///   - routes: all of them, as configured.
    ///   - target: the request's.
    ///   - method: the request's.
    ///   - methodName: its bytes.
    ///   - matched: the route that was met; nil = none.
    /// - Returns: the nearest ones, by cause and then in the order of the file.
    public static func find(
        among routes: [RouteOptions],
        target: borrowing RequestTarget,
        method: Method,
        methodName: Span<UInt8>,
        matched: Int?
    ) -> [NearMiss] {
        var found: [NearMiss] = []
        for index in routes.indices where index != matched {
            let cause = cause(routes[index], target, method, methodName)
            if let cause { found.append(NearMiss(route: index, cause: cause)) }
        }
        let nearest = found.enumerated().sorted { left, right in
            (left.element.cause.rawValue, left.offset) < (
                right.element.cause.rawValue, right.offset
            )
        }
        return nearest.prefix(maximum).map(\.element)
    }

    private static func cause(
        _ route: RouteOptions,
        _ target: borrowing RequestTarget,
        _ method: Method,
        _ methodName: Span<UInt8>
    ) -> Cause? {
        switch match(route, target, method, methodName) {
        case .route: return .lessSpecific
        case .methodNotAllowed: return .method
        case .noRoute, .ambiguous, .patternLimit, nil: break
        }
        var anyHost = route
        anyHost.hosts = []
        if case .route = match(anyHost, target, method, methodName) { return .host }
        var anyPath = route
        anyPath.path = .prefix("/")
        anyPath.stripsPrefix = false
        guard case .route = match(anyPath, target, method, methodName),
            resembles(route.path, target.path.text)
        else { return nil }
        return .path
    }

    private static func match(
        _ route: RouteOptions,
        _ target: borrowing RequestTarget,
        _ method: Method,
        _ methodName: Span<UInt8>
    ) -> RouteTable.Match? {
        guard let table = try? RouteTable([route]) else { return nil }
        return table.match(target, method: method, methodName: methodName)
    }

    /// Whether both begin with the same segment, or one is the beginning of the other.
    private static func resembles(_ pattern: PathPattern, _ path: String) -> Bool {
        let text =
            switch pattern {
            case .exact(let text), .prefix(let text), .pattern(_, prefix: let text): text
            }
        let (own, other) = (text.lowercased(), path.lowercased())
        if own.count > 1, other.hasPrefix(own) || (other.count > 1 && own.hasPrefix(other)) {
            return true
        }
        let first = own.split(separator: "/").first
        return first != nil && first == other.split(separator: "/").first
    }
}

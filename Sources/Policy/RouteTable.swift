public import Bytes
public import HTTPCore
import Patterns

/// The routes, compiled for matching.
///
/// For one thread: each worker compiles its own, so that no counter or cache line is shared.
/// Look-ups give indices, allocate nothing, and take time that grows with the path, not with the
/// number of routes.
public struct RouteTable: ~Copyable {
    /// What a request meets.
    public enum Match: Equatable, Sendable {
        /// Index in the options the table was made of.
        case route(Int)
        /// No host class has the path.
        case noRoute
        /// The path has routes, but none for the method; the number is for `appendAllow`.
        case methodNotAllowed(Int)
        /// The path's readings do not all meet the same route: 400, `ambiguous_path`.
        case ambiguous
        /// A pattern needs more work than is allowed: 400, `pattern_limit`.
        case patternLimit
    }

    private struct Route {
        var rule: SessionRule
        var action: RouteAction
        var strippedCount: Int
        var claimList: Int
    }

    private let routes: [Route]
    private let routeNames: [String]
    /// By route; apart from the rest, so that what each request reads is copied without a count.
    private let origins: [OriginList]
    private let hosts: HostIndex
    private let groups: RouteGroups
    private let paths: PathIndex

    /// Compiles routes.
    ///
    /// - Throws: everything that is wrong with them.
    public init(_ options: [RouteOptions]) throws(RouteFailure) {
        let compiler = RouteCompiler(options)
        guard compiler.problems.isEmpty else { throw RouteFailure(problems: compiler.problems) }
        let counts = compiler.strippedCounts
        routes = options.indices.map { index in
            Route(
                rule: options[index].session,
                action: options[index].action,
                strippedCount: counts[index],
                claimList: options[index].claimList
            )
        }
        routeNames = options.map(\.name)
        origins = options.map { OriginList($0.origins) }
        hosts = compiler.hosts
        groups = compiler.groups
        paths = compiler.makePathIndex()
    }

    /// How many routes there are.
    public var count: Int { routes.count }

    /// What the route asks of the session.
    public func rule(_ route: Int) -> SessionRule { routes[route].rule }

    /// Which list of claims a session must meet on the route.
    public func claimList(_ route: Int) -> Int { routes[route].claimList }

    /// What the route does with a request that may pass.
    public func action(_ route: Int) -> RouteAction { routes[route].action }

    /// Whether pages of this origin may open WebSockets with a session on the route, though it is
    /// not the request's own.
    public func lists(origin: Span<UInt8>, _ route: Int) -> Bool {
        origins[route].contains(origin)
    }

    /// The route's name, for metrics and logs; not for the hot path.
    public func name(_ route: Int) -> String { routeNames[route] }

    /// Whether a route names this host (canonical, without a port), exactly or by a wildcard.
    public func names(host: Span<UInt8>) -> Bool { hosts.find(host) != HostIndex.any }

    /// Appends the value of `Allow`, as `GET, POST`, for the number of a `methodNotAllowed`.
    public func appendAllow(_ id: Int, to buffer: inout Buffer) {
        groups.appendAllow(id, to: &buffer)
    }
}

extension RouteTable {
    /// Finds the route a request meets: by host, then path, then method.
    ///
    /// Every reading of the path must meet the same path of the same host class.
    ///
    /// - Parameters:
    ///   - target: of the request.
    ///   - method: of the request, or the one a CORS preflight names.
    ///   - methodName: its bytes.
    /// - Returns: the route, or why there is none.
    public func match(
        _ target: borrowing RequestTarget,
        method: Method,
        methodName: Span<UInt8>
    ) -> Match {
        let hostClass = hosts.find(target.host)
        let outcome = find(target.path, hostClass: hostClass, isFolded: false)
        if outcome == .patternLimit { return .patternLimit }
        if target.hasOneReading {
            if paths.distinguishesCase {
                let folded = find(target.path, hostClass: hostClass, isFolded: true)
                if folded != outcome { return folded == .patternLimit ? .patternLimit : .ambiguous }
            }
        } else {
            for index in 0..<target.readings.count {
                let other = find(
                    target.readings[index],
                    hostClass: hostClass,
                    isFolded: target.readings.isFolded(index)
                )
                if other != outcome { return other == .patternLimit ? .patternLimit : .ambiguous }
            }
        }
        guard case .group(let group) = outcome else { return .noRoute }
        let route = groups.route(group, method: method, name: methodName)
        return route >= 0 ? .route(route) : .methodNotAllowed(group)
    }

    /// A host class that lacks the path hands over to the next one.
    private func find(_ path: Span<UInt8>, hostClass: Int, isFolded: Bool) -> PathOutcome {
        var hostClass = hostClass
        while hostClass >= 0 {
            let outcome = paths.find(path, hostClass: hostClass, isFolded: isFolded)
            if outcome != .none { return outcome }
            hostClass = hosts.next(after: hostClass)
        }
        return .none
    }

    /// Appends the path to forward: the canonical path, without the route's prefix where that is
    /// stripped. The caller has prepared one byte more than the path has.
    ///
    /// - Throws: `strippedPath` when what is left begins with two slashes in any reading, which
    ///   some
    ///   servers take for an authority; `dotSegment`.
    public func appendForwardedPath(
        route: Int,
        target: borrowing RequestTarget,
        to buffer: inout Buffer
    ) throws(TargetFailure) {
        let path = target.path
        let rest = path.extracting(min(routes[route].strippedCount, path.count)..<path.count)
        guard rest.count < path.count else {
            buffer.append(path)
            return
        }
        guard rest.count > 0 else {
            buffer.append(UInt8(ascii: "/"))
            return
        }
        // The prefix has no second reading, so a path with one reading leaves a rest with one.
        if !target.hasOneReading { try StrippedPath.check(rest) }
        buffer.append(rest)
    }
}

/// What `strip_prefix` leaves of a path.
enum StrippedPath {
    /// Reads the rest in every way again.
    static func check(_ rest: Span<UInt8>) throws(TargetFailure) {
        guard rest[0] == UInt8(ascii: "/") else { throw .strippedPath }
        var target = RequestTarget()
        try target.read(path: rest)
        guard target.query.isEmpty, target.path.equals(rest),
            !target.readings.beginWithTwoSlashes
        else { throw .strippedPath }
    }
}

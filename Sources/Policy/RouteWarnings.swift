import Bytes

extension RouteTable {
    /// What is worth a warning of `check`, in the order of the routes: a route without hosts that
    /// guards paths of an upstream less than one with hosts (any other `Host` gets past that one),
    /// and exact paths with a final slash. The routes are such as `init` accepts.
    public static func warnings(_ routes: [RouteOptions]) -> [RouteProblem] {
        let guarded = routes.compactMap { GuardedPath($0) }
        return routes.compactMap(finalSlash)
            + guarded.filter(\.hosts.isEmpty).compactMap { weakRoute($0, among: guarded) }
    }

    private static func finalSlash(_ route: RouteOptions) -> RouteProblem? {
        guard case .exact(let path) = route.path, path.hasSuffix("/"), path != "/" else {
            return nil
        }
        return RouteProblem(
            position: route.pathPosition,
            message: "path_exact \"\(path)\" means the path without its final slash;"
                + " a request with the slash is answered 400",
            remedy: "write path_prefix to match both"
        )
    }

    private static func weakRoute(_ weak: GuardedPath, among all: [GuardedPath]) -> RouteProblem? {
        for strong in all where !strong.hosts.isEmpty && weak.undercuts(strong, among: all) {
            return RouteProblem(
                position: weak.position,
                message:
                    "with any other Host this route reaches paths of an upstream that the route"
                    + " at \(strong.position) guards better",
                remedy: "give this route hosts, or the other one none, or both the same session"
            )
        }
        return nil
    }
}

/// A forwarding route, as far as warnings look at it.
private struct GuardedPath {
    let position: SourcePosition
    let upstream: Int
    let hosts: [HostPattern]
    let methods: [String]
    /// How much the route asks: more is safer.
    let strength: Int
    let key: PathKey
    let isStripped: Bool

    init?(_ route: RouteOptions) {
        guard case .forward(let upstream) = route.action, let key = try? PathKey(route.path) else {
            return nil
        }
        self.key = key
        self.upstream = upstream
        position = route.position
        hosts = route.hosts
        methods = route.methods
        isStripped = route.stripsPrefix
        strength =
            switch route.session {
            case .required: 2
            case .optional: 1
            case .public, .passthrough: 0
            }
    }

    /// Whether some path of the upstream is met here, under another host, and guarded less.
    func undercuts(_ strong: GuardedPath, among all: [GuardedPath]) -> Bool {
        guard upstream == strong.upstream, strength < strong.strength,
            shareMethods(with: strong)
        else { return false }
        if covers(strong, upstreamSide: true) {
            return !all.contains { $0.stands(between: self, and: strong) }
        }
        return strong.covers(self, upstreamSide: true)
    }

    /// Whether this route without hosts takes all of `strong`'s paths away from `weak`.
    private func stands(between weak: GuardedPath, and strong: GuardedPath) -> Bool {
        guard hosts.isEmpty, methods.isEmpty, !weak.isStripped, !strong.isStripped,
            weak.key != key, weak.covers(self, upstreamSide: false)
        else { return false }
        return covers(strong, upstreamSide: false)
    }

    private func shareMethods(with other: GuardedPath) -> Bool {
        methods.isEmpty || other.methods.isEmpty || methods.contains(where: other.methods.contains)
    }

    /// Whether every path of `other` is one of this route's; patterns count as their prefix, and
    /// cover nothing for sure where requests are meant.
    private func covers(_ other: GuardedPath, upstreamSide: Bool) -> Bool {
        let mine = upstreamSide ? upstreamPath : key.bytes
        let others = upstreamSide ? other.upstreamPath : other.key.bytes
        switch key.kind {
        case .exact: return mine == others && other.key.kind == .exact
        case .pattern where !upstreamSide: return false
        case .prefix, .pattern:
            return others.starts(with: mine)
                && (others.count == mine.count || others[mine.count] == UInt8(ascii: "/"))
        }
    }

    /// What the paths begin with upstream.
    private var upstreamPath: [UInt8] { isStripped ? [] : key.bytes }
}

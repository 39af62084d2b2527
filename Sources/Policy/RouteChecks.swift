import Bytes
import HTTPCore

/// What can be wrong with one route, its path apart, or with two.
enum RouteChecks {
    static func problems(of route: RouteOptions) -> [RouteProblem] {
        hostProblems(of: route) + methodProblems(of: route) + actionProblems(of: route)
    }

    /// The methods a route takes, empty = any: the gateway's own answers are to GET and HEAD.
    static func methods(of route: RouteOptions) -> [String] {
        guard case .respondJWT = route.action, route.methods.isEmpty else { return route.methods }
        return ["GET", "HEAD"]
    }

    /// The pattern with its host in canonical form; nil when it is no host.
    static func canonical(_ pattern: HostPattern) -> HostPattern? {
        switch pattern {
        case .exact(let name): canonical(name).map { .exact($0) }
        case .wildcard(let base): base.hasPrefix("[") ? nil : canonical(base).map { .wildcard($0) }
        }
    }

    private static func canonical(_ name: String) -> String? {
        HostName.canonical(Array(name.utf8).span).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func hostProblems(of route: RouteOptions) -> [RouteProblem] {
        route.hosts.compactMap { host in
            guard canonical(host) == nil else { return nil }
            let text =
                switch host {
                case .exact(let name): name
                case .wildcard(let base): "*.\(base)"
                }
            return RouteProblem(
                position: route.position,
                message: "\"\(text)\" is no host",
                remedy: "write a name, an IPv4 address, an [IPv6] address or *.NAME, without a port"
            )
        }
    }

    private static func methodProblems(of route: RouteOptions) -> [RouteProblem] {
        route.methods.compactMap { method in
            let name = Array(method.utf8)
            let upper = method.uppercased()
            let known = Method.lookup(Array(upper.utf8).span)
            if known == .trace || known == .connect {
                return RouteProblem(
                    position: route.position,
                    message: "method \(upper) is refused on every route",
                    remedy: "remove it"
                )
            }
            if !FieldToken.isToken(name.span) {
                return RouteProblem(
                    position: route.position,
                    message: "\"\(method)\" is no method",
                    remedy: "write one method in each entry: [GET, POST]"
                )
            }
            guard known != .other, upper != method else { return nil }
            return RouteProblem(
                position: route.position,
                message: "methods are case-sensitive, and \"\(method)\" is none that clients send",
                remedy: "write \(upper)"
            )
        }
    }

    private static func actionProblems(of route: RouteOptions) -> [RouteProblem] {
        var problems: [RouteProblem] = []
        if route.stripsPrefix, case .exact = route.path {
            problems.append(
                RouteProblem(
                    position: route.position,
                    message: "strip_prefix needs a path_prefix to strip",
                    remedy: "write path_prefix instead of path_exact, or remove strip_prefix"
                )
            )
        }
        if case .respondJWT = route.action,
            route.session == .public || route.session == .passthrough
        {
            problems.append(
                RouteProblem(
                    position: route.position,
                    message: "respond: jwt needs a session, which this route does not look at",
                    remedy: "write session: required"
                )
            )
        }
        if case .respondJWT = route.action,
            !route.methods.allSatisfy({ $0 == "GET" || $0 == "HEAD" })
        {
            problems.append(
                RouteProblem(
                    position: route.position,
                    message: "respond: jwt answers GET and HEAD only",
                    remedy: "write methods: [GET, HEAD], or none"
                )
            )
        }
        return problems
    }

    /// What makes two routes with one host class and one path equal; nil when methods tell them
    /// apart.
    static func conflict(of route: RouteOptions, with other: RouteOptions) -> String? {
        if route.path != other.path, let path = try? PathKey(route.path),
            let second = try? PathKey(other.path), path.bytes != second.bytes
        {
            return "route has, but for letter case, the path of the one"
        }
        let methods = methods(of: route)
        let others = self.methods(of: other)
        if methods.isEmpty, others.isEmpty { return "route is equal to the one" }
        for method in methods where others.contains(method) {
            return "route is equal for \(method) to the one"
        }
        return nil
    }
}

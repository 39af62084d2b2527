import Bytes
import Connections
import EventLoop
import HTTPCore
import Policy
import Proxy
import Sessions
import Upstreams

/// What can be said only of several parts together.
struct CrossChecks {
    let report: Report

    /// Resolves the routes' upstreams and names, and checks what needs more than one part.
    func apply(to result: inout GatewayReader.Result, file: SourcePosition) {
        FileChecks(report: report).apply(configuration: file.file)
        addresses(result.options.listeners, admin: result.admin)
        let wholeRoutes = resolve(result.routes, upstreams: result.options.upstreams)
        result.options.routes = named(wholeRoutes)
        claims(wholeRoutes, into: &result.options)
        upstreamsArePresent(result, file)
        if wholeRoutes.count == result.routes.count { unusedUpstreams(result) }
        RouteChecks(report: report).apply(to: result.options.routes)
        let now = WallClock.milliseconds / 1000
        CertificateChecks(report: report, now: now).apply(to: result.options)
    }

    // MARK: - Addresses

    private func addresses(_ listeners: [ListenerOptions], admin: Located<SocketAddress>?) {
        var seen: [(address: SocketAddress, line: Int)] = []
        for listener in listeners {
            if let first = seen.first(where: { clashes($0.address, listener.address) }) {
                report.error(
                    listener.position,
                    "the listener on line \(first.line) has the same address",
                    "give each listener an address and port of its own"
                )
            }
            seen.append((listener.address, listener.position.line))
        }
        guard let admin, let first = seen.first(where: { clashes($0.address, admin.value) }) else {
            return
        }
        report.error(
            admin.position,
            "`admin.address` is also the address of the listener on line \(first.line)",
            "write another port, such as 127.0.0.1:9902, or off"
        )
    }

    /// Port 0 is a free port each time.
    private func clashes(_ left: SocketAddress, _ right: SocketAddress) -> Bool {
        left == right && left.port != 0
    }

    // MARK: - Upstreams

    private func resolve(
        _ routes: [RouteReader.Route],
        upstreams: [UpstreamOptions]
    ) -> [RouteReader.Route] {
        let names = upstreams.map(\.name)
        return routes.compactMap { route in
            guard let upstream = route.upstream else { return route.isWhole ? route : nil }
            guard let index = names.firstIndex(of: upstream.value) else {
                report.error(
                    upstream.position,
                    "there is no upstream \(upstream.quoted)",
                    names.isEmpty
                        ? "write it below `upstreams`"
                        : Spelling.remedy(for: upstream.value, among: names, called: "upstreams")
                )
                return nil
            }
            var route = route
            route.options.action = .forward(upstream: index)
            return route.isWhole ? route : nil
        }
    }

    private func upstreamsArePresent(_ result: GatewayReader.Result, _ file: SourcePosition) {
        guard !result.hasUpstreamsKey else { return }
        let answersAll = result.routes.allSatisfy {
            if case .respondJWT = $0.options.action { true } else { false }
        }
        guard result.routes.isEmpty || !answersAll else { return }
        report.error(
            file,
            "`upstreams` is missing",
            "write at least one, such as `upstreams: {app: {targets: [http://127.0.0.1:9100]}}`"
        )
    }

    private func unusedUpstreams(_ result: GatewayReader.Result) {
        guard !result.routes.isEmpty else { return }
        let used = Set(result.routes.compactMap(\.upstream?.value))
        for upstream in result.options.upstreams where !used.contains(upstream.name) {
            report.warning(
                upstream.position,
                "no route uses the upstream `\(upstream.name)`",
                "write a route with `upstream: \(upstream.name)`, or leave it out"
            )
        }
    }

    // MARK: - Claims

    /// Numbers the routes' lists of claims.
    private func claims(_ routes: [RouteReader.Route], into options: inout GatewayOptions) {
        for (index, route) in routes.enumerated() {
            guard let claims = route.claims else { continue }
            guard let number = options.sessions.claims.number(of: claims.value) else {
                report.error(
                    claims.position,
                    "more than \(ClaimLists.maximumLists) different lists of claims",
                    "use lists again, that of `sessions` too, or put what they share there"
                )
                return
            }
            options.routes[index].claimList = number
        }
    }

    // MARK: - Route names

    /// Names the routes that have none after what they match, so that logs and metrics can tell
    /// them apart.
    private func named(_ routes: [RouteReader.Route]) -> [RouteOptions] {
        var lines: [String: Int] = [:]
        for route in routes where route.isNamed {
            let position = route.options.position
            if let first = lines[route.options.name] {
                report.error(
                    position,
                    "the route on line \(first) has the same name `\(route.options.name)`",
                    "give each route a name of its own, or none"
                )
            }
            lines[route.options.name] = position.line
        }
        return routes.map { route in
            var options = route.options
            guard !route.isNamed else { return options }
            let base = Self.defaultName(options)
            options.name = base
            var number = 2
            while lines[options.name] != nil {
                options.name = "\(base)#\(number)"
                number += 1
            }
            lines[options.name] = options.position.line
            return options
        }
    }

    private static func defaultName(_ route: RouteOptions) -> String {
        let host =
            switch route.hosts.first {
            case .exact(let name): name
            case .wildcard(let name): "*.\(name)"
            case nil: ""
            }
        switch route.path {
        case .exact(let path), .prefix(let path), .pattern(let path, _): return host + path
        }
    }

    // MARK: - Descriptors

    /// Warns when the process may not have as many descriptors as its limits allow connections.
    func descriptors(_ options: GatewayOptions, limit: Int, at position: SourcePosition) {
        let upstreams = options.upstreams.reduce(0) { sum, upstream in
            sum + upstream.targets.count * upstream.maximumConnections
        }
        let needed = options.limits.connections + upstreams * options.workers
        guard limit < needed else { return }
        report.warning(
            position,
            "the process may open \(limit) descriptors (RLIMIT_NOFILE)"
                + ", and the limits allow \(needed)"
                + ": connections + targets x max_connections x \(options.workers) workers",
            "raise LimitNOFILE, or lower `limits.connections` or `max_connections`"
        )
    }
}

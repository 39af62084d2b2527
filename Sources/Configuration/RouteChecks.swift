import Bytes
import Policy

/// Warnings about routes that together guard less than they seem to.
struct RouteChecks {
    let report: Report

    /// A route without hosts takes every host that has none of its own: if it asks less of the session
    /// than a route with hosts for the same path and upstream, `Host: x` gets around the latter.
    func apply(to routes: [RouteOptions]) {
        let open = routes.filter(\.hosts.isEmpty)
        for guarded in routes where !guarded.hosts.isEmpty {
            let inside = open.filter { Self.covers(guarded.path, $0.path) }.map(\.path)
            for path in [guarded.path] + inside {
                guard let weaker = Self.best(for: path, among: open),
                    Self.strength(weaker.session) < Self.strength(guarded.session),
                    weaker.action == guarded.action,
                    Self.isBest(guarded, for: path, among: routes)
                else { continue }
                report.warning(
                    weaker.position,
                    "for hosts that no route names, this guards less than the route on line "
                        + "\(guarded.position.line) guards the same path of the same upstream",
                    "write `hosts` here too, or the same `session`"
                )
            }
        }
    }

    /// Whether no other route with one of the same hosts is nearer to the path.
    private static func isBest(
        _ route: RouteOptions,
        for path: PathPattern,
        among routes: [RouteOptions]
    ) -> Bool {
        let sameHosts = routes.filter { !Set($0.hosts).isDisjoint(with: route.hosts) }
        return best(for: path, among: sameHosts)?.position == route.position
    }

    /// The most specific of the routes that match the path; patterns count as their prefix.
    private static func best(for path: PathPattern, among routes: [RouteOptions]) -> RouteOptions? {
        routes.filter { covers($0.path, path) }.max { rank($0.path) < rank($1.path) }
    }

    private static func rank(_ path: PathPattern) -> Int {
        switch path {
        case .exact: .max
        case .prefix(let prefix), .pattern(_, let prefix): prefix.utf8.count
        }
    }

    private static func covers(_ outer: PathPattern, _ inner: PathPattern) -> Bool {
        let innerText = text(inner)
        switch outer {
        case .exact(let path): return path == innerText
        case .prefix(let prefix), .pattern(_, let prefix):
            let segment = prefix.hasSuffix("/") ? prefix : prefix + "/"
            return innerText == prefix || innerText.hasPrefix(segment)
        }
    }

    private static func text(_ path: PathPattern) -> String {
        switch path {
        case .exact(let text), .prefix(let text), .pattern(_, let text): text
        }
    }

    private static func strength(_ rule: SessionRule) -> Int {
        switch rule {
        case .required: 2
        case .optional: 1
        case .public, .passthrough: 0
        }
    }
}

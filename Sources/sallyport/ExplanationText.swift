import Bytes
import HTTPCore
import Policy
import Proxy
import Sessions
import Upstreams

extension Explanation {
    /// For people: one part after the other.
    var text: String {
        var lines: [String] = []
        lines += requestLines + routeLines + sessionLines + verdictLines + upstreamLines
        if !notes.isEmpty { lines += ["", "Notes"] + notes.map { "  \($0)" } }
        return lines.joined(separator: "\n")
    }

    private var requestLines: [String] {
        var lines = ["Request", "  listener  \(listener)"]
        guard let canonical else { return lines + ["  cannot be read"] }
        lines += [
            "  method    \(canonical.method)",
            "  host      \(canonical.host.isEmpty ? "(none)" : canonical.host)",
            "  path      \(canonical.path)",
        ]
        lines += canonical.readings.map { "            some servers read \($0)" }
        if !canonical.query.isEmpty { lines.append("  query     \(canonical.query)") }
        if isPreflight { lines.append("  a CORS preflight: it needs no session") }
        return lines
    }

    private var routeLines: [String] {
        var lines = ["", "Route"]
        if let route {
            lines.append("  \(route.name) (\(route.position)), session \(route.session)")
        } else {
            lines.append("  none")
        }
        return lines
            + nearMisses.map { miss in
                "  not \(miss.route.name) (\(miss.route.position)): \(why(miss))"
            }
    }

    /// Why a near miss was none.
    func why(_ miss: (route: RouteOptions, cause: NearMiss.Cause)) -> String {
        switch miss.cause {
        case .method: "only for \(miss.route.methods.joined(separator: ", "))"
        case .host: "only for \(miss.route.hosts.map(\.text).joined(separator: ", "))"
        case .path: "its path is \(miss.route.path.text)"
        case .lessSpecific where route == nil: "it fits, and was not asked for"
        case .lessSpecific: "it fits too, and is less specific or later"
        }
    }

    private var sessionLines: [String] {
        guard let route else { return [] }
        var lines = ["", "Session"]
        switch route.session {
        case .public: lines.append("  not looked at: the route is public")
        case .passthrough: lines.append("  left to the upstream: the route is passthrough")
        case .required, .optional:
            if isPreflight { lines.append("  not looked at") }
        }
        return lines
            + steps.map { step in
                let name = "\(step.name)".padding(to: 13)
                return "  \(Self.mark(step.result)) \(name) \(step.text)\(Self.code(step.result))"
            }
    }

    private static func mark(_ result: SessionStep.Result) -> String {
        switch result {
        case .passed: "ok  "
        case .noted: "-   "
        case .open: "?   "
        case .failed: "FAIL"
        }
    }

    private static func code(_ result: SessionStep.Result) -> String {
        if case .failed(let reason) = result { " [\(reason.code)]" } else { "" }
    }

    private var verdictLines: [String] {
        var line = "  \(verdict.rawValue)"
        if verdict != .forwarded { line += " with \(status)" }
        if let reason { line += ", reason \(reason)" }
        if let detail { line += " (\(detail))" }
        return ["", "Verdict", line]
            + answerFields.map { "    \($0.name): \(masked($0.name, $0.value))" }
    }

    private var upstreamLines: [String] {
        guard let upstream else { return [] }
        var lines = ["", "Upstream"]
        let targets = upstream.targets.map(\.url).joined(separator: ", ")
        lines.append("  \(upstream.name) (\(upstream.position)): \(targets)")
        if let upstreamLine { lines.append("    \(upstreamLine)") }
        for difference in differences {
            let why = difference.why.map { "  (\($0))" } ?? ""
            switch difference.change {
            case .kept:
                lines.append("    \(line(difference.name, difference.upstream))")
            case .removed:
                lines.append("  - \(line(difference.name, difference.client))\(why)")
            case .changed:
                lines.append("  - \(line(difference.name, difference.client))")
                lines.append("  + \(line(difference.name, difference.upstream))")
            case .added:
                lines.append("  + \(line(difference.name, difference.upstream))")
            }
        }
        return lines
    }

    private func line(_ name: String, _ value: String?) -> String {
        "\(name): \(masked(name, value ?? ""))"
    }

    func masked(_ name: String, _ value: String) -> String {
        Masking.value(of: name, value, jwtField: jwtField)
    }
}

extension HostPattern {
    fileprivate var text: String {
        switch self {
        case .exact(let name): name
        case .wildcard(let base): "*.\(base)"
        }
    }
}

extension PathPattern {
    fileprivate var text: String {
        switch self {
        case .exact(let path): "\(path), exactly"
        case .prefix(let path): "\(path) and below"
        case .pattern(let pattern, _): "the pattern \(pattern)"
        }
    }
}

extension String {
    fileprivate func padding(to count: Int) -> String {
        self + String(repeating: " ", count: Swift.max(count - self.count, 0))
    }
}

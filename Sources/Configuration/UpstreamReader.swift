import Bytes
import TLS
import Upstreams

/// `upstreams`.
enum UpstreamReader {
    /// The pool remembers the targets tried for a request as bits of one word.
    private static let maximumTargets = 64

    /// An upstream, and how its https targets are spoken to; nil for one without any.
    typealias Reading = (options: UpstreamOptions, tls: TLSClientOptions?)

    static func read(_ file: inout Section) -> [Reading] {
        var upstreams: [Reading] = []
        guard let value = file.value("upstreams"),
            var section = Section(value, path: "upstreams", reading: file.reading)
        else { return [] }
        for entry in section.takeAll() where !entry.key.isBroken {
            guard Names.isToken(entry.key.value), entry.key.value.utf8.count <= 64 else {
                file.report.error(
                    entry.key.position,
                    "\(entry.key.quoted) is not a name for an upstream",
                    "write up to 64 letters, digits, `-`, `_` and `.`"
                )
                continue
            }
            let path = "upstreams.\(entry.key.value)"
            guard let inner = Section(entry.value, path: path, reading: file.reading) else {
                continue
            }
            upstreams.append(upstream(entry.key, inner))
        }
        return upstreams
    }

    private static func upstream(_ name: Text, _ section: consuming Section) -> Reading {
        var options = UpstreamOptions(
            name: name.value,
            position: name.position,
            targets: targets(&section)
        )
        if let text = section.text("host") { host(text, into: &options.host, section.report) }
        section.integer("max_connections", in: 1...65_536, into: &options.maximumConnections)
        section.duration("connect_timeout", into: &options.connectTimeout)
        section.duration("response_timeout", into: &options.responseTimeout)
        section.duration("idle_timeout", into: &options.idleTimeout)
        section.duration(
            "tunnel_idle",
            in: .zero...(.seconds(365 * 24 * 3600)),
            into: &options.tunnelIdle
        )
        section.notYet("protocol", only: "http/1.1", later: ["h2"])
        let tls = TLSClientReader.read(
            &section,
            // Of targets that are wrong nobody knows.
            isUsed: options.targets.isEmpty || options.targets.contains(where: \.isEncrypted),
            servers: "a target"
        )
        section.finish()
        return (options, tls)
    }

    private static func targets(_ section: inout Section) -> [TargetAddress] {
        let form = "write at least one, such as `targets: [http://127.0.0.1:9100]`"
        guard let position = section.keyPosition("targets") else {
            section.report.error(section.position, "`\(section.path)` has no `targets`", form)
            _ = section.value("targets")
            return []
        }
        let reading = section.reading
        guard let targets = section.set("targets", { text, _ in URLs.target(text, reading) }) else {
            return []
        }
        guard case .list(let items, _)? = section.peek("targets") else { return targets }
        if items.isEmpty {
            section.report.error(position, "`\(section.name("targets"))` is empty", form)
        }
        if items.count > maximumTargets {
            section.report.error(
                items[maximumTargets].position,
                "`\(section.name("targets"))` has more than \(maximumTargets) targets",
                "write at most \(maximumTargets)"
            )
        }
        return targets
    }

    private static func host(_ text: Text, into host: inout HostRule, _ report: Report) {
        switch text.value {
        case "preserve": host = .preserve
        case "target": host = .target
        case let name where Names.isAuthority(name): host = .name(name)
        default:
            report.error(
                text.position,
                "\(text.quoted) is not a host",
                "write preserve, target, or a name such as orders.internal"
            )
        }
    }
}

import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Proxy
import Sessions

/// Reads the whole file: the top-level keys in the order of the documentation.
struct GatewayReader {
    private static let maximumWorkers = 256

    let reading: Reading
    /// What `workers: auto` means.
    let processors: Int

    /// What the checks across parts need besides the options themselves.
    struct Result {
        var options: GatewayOptions
        var routes: [RouteReader.Route]
        var admin: Located<SocketAddress>?
        var hasUpstreamsKey: Bool
        var limitsPosition: SourcePosition
    }

    func read(_ root: YAMLValue) -> Result? {
        if case .empty(let position) = root {
            let message = "the configuration is empty"
            reading.report.error(position, message, "write listeners, upstreams and routes")
            return nil
        }
        guard var file = Section(root, path: "", reading: reading) else { return nil }
        var options = GatewayOptions(
            listeners: [],
            sessions: SessionOptions(core: CoreOptions(locations: [])),
            upstreams: [],
            routes: []
        )
        options.workers = min(processors, Self.maximumWorkers)
        file.section("server") { server(&$0, into: &options) }
        options.listeners = ListenerReader.read(&file)
        let admin = admin(&file, token: &options.adminToken)
        options.admin = admin?.value
        options.sessions = SessionReader.read(&file, coreTLS: &options.coreTLS)
        let upstreams = UpstreamReader.read(&file)
        options.upstreams = upstreams.map(\.options)
        options.upstreamTLS = upstreams.map(\.tls)
        let routes = RouteReader.read(&file)
        file.section("timeouts") { timeouts(&$0, into: &options.timeouts) }
        file.section("limits") { limits(&$0, into: &options.limits) }
        file.section("forwarding") { section in
            ForwardingReader.read(
                &section,
                jwtField: options.sessions.jwtField,
                into: &options.forwarding
            )
        }
        file.section("log") { log(&$0, into: &options.log) }
        file.finish()
        return Result(
            options: options,
            routes: routes,
            admin: admin,
            hasUpstreamsKey: file.keyPosition("upstreams") != nil,
            limitsPosition: file.keyPosition("limits") ?? root.position
        )
    }

    private func server(_ section: inout Section, into options: inout GatewayOptions) {
        if let text = section.text("workers"), text.value != "auto" {
            if let count = Int(text.value), (1...Self.maximumWorkers).contains(count) {
                options.workers = count
            } else {
                section.report.error(
                    text.position,
                    "`server.workers` is \(text.quoted)",
                    "write auto, or a number from 1 to \(Self.maximumWorkers)"
                )
            }
        }
        section.duration(
            "shutdown_grace",
            in: .zero...(.seconds(3600)),
            into: &options.shutdownGrace
        )
    }

    /// The admin listener's address; nil = off, or reported.
    private func admin(_ file: inout Section, token: inout String) -> Located<SocketAddress>? {
        let byDefault = SocketAddress.v4(0x7F00_0001, port: 9902)
        var admin: Located<SocketAddress>? = Located(byDefault, file.position)
        if case .text(let text)? = file.peek("admin"),
            Section.falseWords.contains(text.value.lowercased())
        {
            _ = file.value("admin")
            let message = "`admin` is \(text.quoted), not a mapping"
            reading.report.error(text.position, message, "write `admin: {address: off}`")
            return nil
        }
        file.section("admin") { section in
            if let text = section.text("address") {
                let isOff = Section.falseWords.contains(text.value.lowercased())
                admin =
                    isOff
                    ? nil
                    : Addresses.listening(text, reading).map { Located($0, text.position) }
            }
            token = SecretReader.read(&section, "token") ?? ""
        }
        return admin
    }

    private func timeouts(_ section: inout Section, into timeouts: inout Timeouts) {
        section.duration("handshake", into: &timeouts.handshake)
        section.duration("request_head", into: &timeouts.requestHead)
        section.duration("request_body_idle", into: &timeouts.requestBodyIdle)
        section.duration("response_idle", into: &timeouts.responseIdle)
        section.duration("send_idle", into: &timeouts.sendIdle)
        section.duration("keep_alive", into: &timeouts.keepAlive)
    }

    private func limits(_ section: inout Section, into limits: inout Limits) {
        section.size("request_head", in: 256...(1 << 20), into: &limits.requestHead)
        section.integer("request_fields", in: 1...4096, into: &limits.requestFields)
        section.size("request_target", in: 16...(1 << 20), into: &limits.requestTarget)
        section.size(
            "request_body",
            in: 1...(1 << 50),
            allowsNone: true,
            into: &limits.requestBody
        )
        section.integer("connections", in: 1...1_000_000, into: &limits.connections)
        section.integer("tunnels", in: 1...1_000_000, into: &limits.tunnels)
    }

    private func log(_ section: inout Section, into log: inout LogOptions) {
        section.choice(
            "level",
            ["debug": .debug, "info": .info, "warning": .warning, "error": .error],
            into: &log.level
        )
        guard let access = section.value("access") else { return }
        if case .text(let text) = access {
            log.access = output(text)
            return
        }
        guard var access = Section(access, path: "log.access", reading: reading) else { return }
        if let text = access.text("output") { log.access = output(text) }
        access.notYet("format", only: "json", later: [])
        access.finish()
    }

    private func output(_ text: Text) -> AccessLogOutput {
        if Section.falseWords.contains(text.value.lowercased()) { return .off }
        if text.value == "stdout" { return .standardOutput }
        let isMeantAsWord =
            text.value == "stderr"
            || Spelling.distance(Array(text.value.utf8), Array("stdout".utf8)) == 1
        if text.value.isEmpty || isMeantAsWord {
            reading.report.error(
                text.position,
                "the access log's output is \(text.quoted)",
                "write stdout, off, or a path such as /var/log/sallyport/access.log"
            )
        }
        let path = reading.resolve(text.value)
        reading.report.names(path, at: text.position)
        if let problem = WritablePath.problem(path), !isMeantAsWord {
            reading.report.error(
                text.position,
                "the access log \(text.quoted) cannot be written: \(problem)",
                "make the folder and let this user write there, or write stdout or off"
            )
        }
        return .file(path: path)
    }
}

/// A value with its place.
struct Located<Value> {
    var value: Value
    var position: SourcePosition

    init(_ value: Value, _ position: SourcePosition) {
        self.value = value
        self.position = position
    }
}

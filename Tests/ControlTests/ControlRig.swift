import Bytes
import Connections
import Cryptography
import EventLoop
import HTTPCore
import JOSE
import Observability
import Policy
import Proxy
import Sessions
import TestSupport
import Upstreams

@testable import Control

/// The control loop on a thread of its own; the test plays its only worker, and its core.
final class ControlRig {
    let core: TestListener
    /// Where the admin service listens.
    let admin: SocketAddress
    private let worker: Mailbox<WorkerMessage>
    private let control: Mailbox<ControlMessage>
    private let thread: Thread
    private var told: [WorkerMessage] = []

    /// The core may take `timeout` to answer a call.
    init(timeout: Duration = .seconds(60)) throws {
        let core = try TestListener()
        let options = Self.options(core: core.address, timeout: timeout)
        let worker = try Mailbox<WorkerMessage>()
        let started = try Mailbox<(SocketAddress, Mailbox<ControlMessage>)>()
        thread = try Thread.start(name: "control") {
            guard let opened = try? ControlLoop.open(options) else { return }
            var loop = ControlLoop(
                LoadedConfiguration(options: options, certificates: [[]]),
                ControlSurroundings(
                    reload: { .failure(ReloadFailure(lines: [])) },
                    log: { _, _, _ in }
                ),
                opened
            )
            loop.workers = [worker]
            guard let address = loop.admin?.address else { return }
            started.post((address, loop.mailbox))
            _ = loop.run()
        }
        var opened: [(SocketAddress, Mailbox<ControlMessage>)] = []
        let deadline = Instant.now + .seconds(5)
        while opened.isEmpty, Instant.now < deadline { started.drain(into: &opened) }
        guard let (address, mailbox) = opened.first else { throw TestTimeout(what: "control") }
        self.core = core
        self.worker = worker
        admin = address
        control = mailbox
    }

    /// Lets the control thread end, as its worker's end does.
    deinit {
        control.post(.drained(worker: 0))
        thread.join()
    }

    private static func options(core: SocketAddress, timeout: Duration) -> GatewayOptions {
        let position = SourcePosition(file: "sallyport.yaml", line: 1, column: 1)
        let any = SocketAddress.v4(0x7F00_0001, port: 0)
        let location = CoreOptions.Location(
            host: "127.0.0.1",
            port: core.port ?? 0,
            basePath: "",
            position: position
        )
        var sessions = SessionOptions(core: CoreOptions(locations: [location]))
        sessions.acceptsLegacyTokens = false
        sessions.core.timeout = timeout
        let action = RouteAction.respondJWT(exposesAccessToken: false)
        var options = GatewayOptions(
            listeners: [ListenerOptions(address: any, position: position)],
            sessions: sessions,
            upstreams: [
                UpstreamOptions(
                    name: "named",
                    position: position,
                    targets: [.http(host: "service.invalid", port: 80)]
                )
            ],
            routes: [
                RouteOptions(name: "all", position: position, path: .prefix("/"), action: action)
            ]
        )
        options.admin = any
        options.log.access = .off
        return options
    }

    func post(_ message: ControlMessage) { control.post(message) }

    /// The next message to the worker that `isWanted`; others are dropped.
    func told(_ what: StaticString, _ isWanted: (WorkerMessage) -> Bool) throws -> WorkerMessage {
        let deadline = Instant.now + .seconds(5)
        while Instant.now < deadline {
            worker.drain(into: &told)
            if let index = told.firstIndex(where: isWanted) {
                defer { told.removeSubrange(...index) }
                return told[index]
            }
        }
        throw TestTimeout(what: what)
    }

    /// The keys that are published next.
    func publishedKeys() throws -> KeySet {
        let message = try told("keys") { if case .keys = $0 { true } else { false } }
        guard case .keys(let set) = message else { throw TestTimeout(what: "keys") }
        return set
    }

    func askAdmin(_ path: String) throws -> String {
        let peer = try TestPeer.connect(to: admin)
        try peer.send(get(path))
        return try peer.waitForMessage()
    }

    /// Answers the next call to the core.
    ///
    /// - Returns: the call's request.
    func answerCore(_ answer: String) throws -> String {
        let peer = try core.accept()
        let request = try peer.waitForMessage()
        try peer.send(answer)
        return request
    }
}

/// A core's answers.
enum CoreAnswers {
    private static let key: JSONWebKey? = {
        guard let key = try? RSAPrivateKey.generate() else { return nil }
        let numbers = key.modulusAndExponent
        return JSONWebKey(
            keyID: Array("d-1".utf8),
            modulus: numbers.modulus,
            exponent: numbers.exponent
        )
    }()

    /// A set of one key.
    static var keys: String {
        let content = JSONWebKey.serialized(key.map { [$0] } ?? [])
        return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(content.count)\r\n\r\n" + String(decoding: content, as: UTF8.self)
    }
}

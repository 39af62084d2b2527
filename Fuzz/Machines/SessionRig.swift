import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Policy
import Proxy
import Sessions
import TLS
import TestSupport
import Upstreams

/// One connection that the machine plays: what it sent and what came.
struct PlayedConnection {
    var peer: TestPeer?
    /// What the kernel took.
    var sent: [UInt8] = []
    /// What the worker sent.
    var received: [UInt8] = []
    /// Whether the worker closed its sending.
    var hasEnded = false

    mutating func poll() {
        guard let peer else { return }
        peer.poll()
        received += peer.received
        _ = peer.drop()
        hasEnded = peer.hasEnded
    }

    mutating func reset() {
        peer?.resetOnClose()
        peer = nil
    }
}

/// A whole worker, its clients and the upstream it forwards to, in one thread.
struct SessionRig: ~Copyable {
    private static let accessLog = try? AccessLog.open(.off, workers: 1)
    /// So many connections of each kind are played; more to the upstream are reset.
    private static let connectionsMaximum = 16

    private var worker: Worker
    private let upstream: TestListener
    private let mailbox: Mailbox<WorkerMessage>
    private let control: Mailbox<ControlMessage>
    private var generation = 1
    /// Every connection a client made; `current` says which it uses.
    private(set) var clients: [PlayedConnection] = []
    private var current: [Int?] = [nil, nil]
    /// Every connection the worker made.
    private(set) var upstreams: [PlayedConnection] = []
    private var questions: [KeyQuestion] = []

    init() throws {
        let upstream = try TestListener()
        let mailbox = try Mailbox<WorkerMessage>()
        let control = try Mailbox<ControlMessage>()
        guard let accessLog = Self.accessLog else { throw TestTimeout(what: "a log") }
        let options = Self.options
        let surroundings = WorkerSurroundings(
            index: 0,
            workers: 1,
            mailbox: mailbox,
            control: control,
            accessLog: accessLog,
            connections: ConnectionBudget(maximum: options.limits.connections)
        )
        worker = try Worker.make(
            surroundings: surroundings,
            source: Self.source(1, upstream.address),
            ticketKeys: .generate()
        )
        self.upstream = upstream
        self.mailbox = mailbox
        self.control = control
        perform(.keys)
    }

    private static var options: GatewayOptions {
        let position = SourcePosition(file: "sallyport.yaml", line: 1, column: 1)
        let rules: [(String, SessionRule)] = [
            ("public", .public), ("private", .required), ("optional", .optional),
            ("untouched", .passthrough),
        ]
        var routes = rules.map { name, rule in
            var route = RouteOptions(
                name: name,
                position: position,
                path: .prefix("/\(name)"),
                action: .forward(upstream: 0)
            )
            route.session = rule
            return route
        }
        routes.append(
            RouteOptions(
                name: "jwt",
                position: position,
                path: .prefix("/jwt"),
                action: .respondJWT(exposesAccessToken: true)
            )
        )
        let target = TargetAddress.http(host: "api.test", port: 8080)
        let address = SocketAddress.v4(0x7F00_0001, port: 0)
        var options = GatewayOptions(
            listeners: [ListenerOptions(address: address, position: position)],
            sessions: KnownKeys.options,
            upstreams: [UpstreamOptions(name: "api", position: position, targets: [target])],
            routes: routes
        )
        options.limits.connections = connectionsMaximum
        options.limits.requestHead = 4096
        return options
    }

    private static func source(_ number: Int, _ upstream: SocketAddress) -> GenerationSource {
        GenerationSource(
            number: number,
            options: options,
            certificates: [[]],
            addresses: [TargetID(upstream: 0, target: 0): [upstream]]
        )
    }
}

extension SessionRig {
    mutating func perform(_ step: SessionStep) {
        switch step {
        case .send(let peer, let bytes): send(bytes, by: peer)
        case .end(let peer): with(peer) { $0.peer?.shutdownWriting() }
        case .close(let peer): leave(peer, resetting: false)
        case .reset(let peer): leave(peer, resetting: true)
        case .turn: turn()
        case .keys: mailbox.post(.keys(KnownKeys.set(at: WallClock.milliseconds)))
        case .noKeys: mailbox.post(.keys(KeySet()))
        case .keysAnswered: answerQuestions()
        case .reload:
            generation += 1
            mailbox.post(.generation(Self.source(generation, upstream.address)))
        case .drain: mailbox.post(.drain(until: Instant.now + .seconds(60)))
        }
    }

    private func place(of peer: SessionPeer) -> Int? {
        switch peer {
        case .client(let number): current[number]
        case .upstream(let number): number < upstreams.count ? number : nil
        }
    }

    private mutating func with(_ peer: SessionPeer, _ body: (inout PlayedConnection) -> Void) {
        guard let place = place(of: peer) else { return }
        if case .client = peer { body(&clients[place]) } else { body(&upstreams[place]) }
    }

    private mutating func send(_ bytes: [UInt8], by peer: SessionPeer) {
        if case .client(let number) = peer, current[number] == nil { connect(number) }
        with(peer) { connection in
            let count = connection.peer?.trySend(bytes) ?? 0
            connection.sent += bytes[..<count]
        }
    }

    private mutating func connect(_ number: Int) {
        guard clients.count < Self.connectionsMaximum, let address = worker.firstAddress,
            let peer = try? TestPeer.connect(to: address)
        else { return }
        current[number] = clients.count
        clients.append(PlayedConnection(peer: peer))
    }

    private mutating func leave(_ peer: SessionPeer, resetting: Bool) {
        with(peer) { connection in
            connection.poll()
            if resetting { connection.reset() }
            connection.peer = nil
        }
        if case .client(let number) = peer { current[number] = nil }
    }

    private mutating func answerQuestions() {
        for question in questions {
            mailbox.post(.keysAnswered(.init(question: question, sequence: 1, failed: false)))
        }
        questions = []
    }

    /// Turns once; mail that means nothing keeps the loop from waiting.
    mutating func turn() {
        guard !worker.isFinished else { return }
        mailbox.post(.addresses(generation: -1, TargetID(upstream: 0, target: 0), []))
        try? worker.turn()
        while let peer = try? upstream.acceptNow() {
            if upstreams.count < Self.connectionsMaximum {
                upstreams.append(PlayedConnection(peer: peer))
            } else {
                peer.resetOnClose()
            }
        }
        for index in clients.indices { clients[index].poll() }
        for index in upstreams.indices { upstreams[index].poll() }
        var told: [ControlMessage] = []
        control.drain(into: &told)
        for case .keysWanted(_, let question, _) in told { questions.append(question) }
    }

    /// Whether the worker would turn again without anything new.
    var isBusy: Bool { !worker.isFinished && worker.hasWork }

    /// Everybody leaves, and who waits for keys gets them: a client that has closed is not seen to
    /// be gone while its request waits.
    ///
    /// - Returns: what the worker still holds.
    mutating func finish() -> [String] {
        perform(.keys)
        for _ in 0..<32 {
            for index in clients.indices { clients[index].reset() }
            for index in upstreams.indices { upstreams[index].reset() }
            answerQuestions()
            turn()
            if worker.leftovers.isEmpty { return [] }
        }
        return worker.leftovers
    }
}

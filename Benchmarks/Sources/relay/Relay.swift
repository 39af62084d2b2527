import Bytes
import Connections
import EventLoop
import TLS

/// What Sallyport's work is measured against: the least that a gateway in this style can do.
///
/// It terminates TLS, adds one fixed field to each request and moves the rest as it is, between
/// each client and an upstream connection of its own, kept alive as long as the client's. Sockets,
/// TLS and buffers are the gateway's own: one receive and one send per side and request. It has no
/// timers, checks nothing, and closes a pair at the first thing it does not understand.
struct Relay: ~Copyable {
    private enum Kind {
        static let listener: UInt8 = 1
        static let client: UInt8 = 2
        static let upstream: UInt8 = 3
    }

    private static let acceptsPerTurn = 64
    private static let clientsMaximum = 10_000
    /// Bytes that may wait in an output before the other side is not read any more.
    private static let highWater = 64 * 1024

    private var loop: EventLoop
    private var pool = ChunkPool(largeBytes: 288 * 1024, keptMaximum: 256)
    private let listener: Socket
    private let upstreamAddress: SocketAddress
    private let context: TLSServerContext
    private let field: [UInt8]
    private var clients = Slab<Client>(capacity: clientsMaximum)
    private var upstreams = Slab<Transport>(capacity: clientsMaximum)

    /// Serves nobody yet.
    init(
        listener: consuming Socket,
        upstream: SocketAddress,
        context: consuming TLSServerContext,
        loop: consuming EventLoop,
        field: [UInt8]
    ) {
        self.loop = loop
        self.listener = listener
        upstreamAddress = upstream
        self.context = context
        self.field = field
    }

    /// Serves until the process ends.
    mutating func run() throws(SystemFailure) -> Never {
        try loop.addLevelTriggered(
            descriptor: listener.descriptor,
            token: EventToken(kind: Kind.listener, bits: 0)
        )
        while true {
            let ready = try loop.wait(until: nil)
            for index in 0..<ready {
                let (token, readiness) = loop.event(at: index)
                handle(token, readiness)
            }
        }
    }

    private mutating func handle(_ token: EventToken, _ readiness: Readiness) {
        guard token.kind != Kind.listener else { return accept() }
        // Both ends of a pair carry the client's handle.
        let client = Handle<Client>(bits: token.bits)
        guard clients.contains(client) else { return }
        let lives =
            token.kind == Kind.client
            ? clientReady(client, readiness)
            : upstreamReady(client, readiness)
        if !lives { close(client) }
    }

    private mutating func accept() {
        for _ in 0..<Self.acceptsPerTurn {
            guard case .accepted(let socket, _) = listener.accept() else { return }
            guard let tls = try? TLSConnection(context: context),
                let client = clients.insert(Client(socket: socket, tls: tls))
            else { continue }
            let token = EventToken(kind: Kind.client, bits: client.bits)
            if (try? loop.add(clients[client].transport.socket, token: token)) == nil {
                close(client)
            }
        }
    }

    private mutating func close(_ client: Handle<Client>) {
        guard var closed = clients.remove(client) else { return }
        closed.transport.queueCloseNotify(&pool)
        _ = closed.transport.flush(&pool)
        closed.transport.discardBuffers(&pool)
        guard let upstream = closed.upstream, var other = upstreams.remove(upstream) else { return }
        other.discardBuffers(&pool)
    }
}

// Each function says whether the pair lives on.
extension Relay {
    private mutating func clientReady(_ client: Handle<Client>, _ readiness: Readiness) -> Bool {
        clients[client].transport.announce(readiness)
        guard forwardRequests(of: client) else { return false }
        guard clients[client].transport.waiting > 0 else { return true }
        // A handshake's answer, or an answer that waited for room: behind it more may wait.
        guard flush(client) else { return false }
        guard let upstream = clients[client].upstream else { return true }
        return forwardAnswers(from: upstream, to: client)
    }

    private mutating func upstreamReady(_ client: Handle<Client>, _ readiness: Readiness) -> Bool {
        guard let upstream = clients[client].upstream else { return true }
        upstreams[upstream].announce(readiness)
        guard forwardAnswers(from: upstream, to: client) else { return false }
        guard upstreams[upstream].waiting > 0 else { return true }
        return upstreams[upstream].flush(&pool) != .failed && forwardRequests(of: client)
    }

    private mutating func forwardRequests(of client: Handle<Client>) -> Bool {
        while true {
            if let upstream = clients[client].upstream,
                upstreams[upstream].waiting >= Self.highWater
            {
                return true
            }
            switch clients[client].transport.receive(from: &pool) {
            case .nothing:
                return true
            case .ended, .failed:
                return false
            case .progressed:
                // A handshake moves on without plaintext.
                if clients[client].transport.input.isEmpty { continue }
            }
            guard let upstream = clients[client].upstream ?? connect(client),
                clients[client].moveRequests(to: &upstreams[upstream], adding: field, &pool),
                upstreams[upstream].flush(&pool) != .failed
            else { return false }
        }
    }

    private mutating func forwardAnswers(
        from upstream: Handle<Transport>,
        to client: Handle<Client>
    ) -> Bool {
        while clients[client].transport.waiting < Self.highWater {
            switch upstreams[upstream].receive(from: &pool) {
            case .nothing:
                return true
            case .ended, .failed:
                return false
            case .progressed:
                break
            }
            guard clients[client].moveAnswer(from: &upstreams[upstream], &pool), flush(client)
            else { return false }
        }
        return true
    }

    private mutating func flush(_ client: Handle<Client>) -> Bool {
        clients[client].transport.flush(&pool) != .failed
    }

    /// The upstream connection of a client's first request, and of all that follow.
    private mutating func connect(_ client: Handle<Client>) -> Handle<Transport>? {
        guard let socket = try? Socket.connect(to: upstreamAddress),
            let upstream = upstreams.insert(Transport(socket: socket, tls: nil, connected: false))
        else { return nil }
        clients[client].upstream = upstream
        let token = EventToken(kind: Kind.upstream, bits: client.bits)
        guard (try? loop.add(upstreams[upstream].socket, token: token)) != nil else { return nil }
        return upstream
    }
}

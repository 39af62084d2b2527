public import Bytes
import Connections
public import EventLoop
import HTTP1
import HTTPCore

/// Names one connection of a service, to answer it later.
public typealias ServiceTicket = Handle<ServiceConnection>

/// A small HTTP/1.1 server for the program's own services, on the loop of whoever owns it. It uses
/// the proxy's connections and parsers: there is one HTTP engine in the program.
public struct ServiceServer: ~Copyable {
    let listener: Socket
    let kinds: (listener: UInt8, connection: UInt8)
    var connections: Slab<ServiceConnection>
    /// Set until the next sweep while nobody can be accepted nor turned away.
    private var isPaused = false
    var chunks = ChunkPool(largeBytes: 256 * 1024, keptMaximum: 8)
    var date = HTTPDate()
    private let limits = Limits()

    /// Largest content of a request, in bytes; a larger one is 413.
    static let contentMaximum = 1024 * 1024
    /// How long a connection may stand without a whole request, or without the answer to one.
    static let idleTimeout = Duration.seconds(30)
    /// How long a closed connection may still send.
    static let lingerTime = Duration.seconds(2)
    /// Accepts of one turn.
    static let acceptsPerTurn = 32

    /// Opens the listener and registers it.
    ///
    /// The owner passes events of `kinds` to `handle`; of more than `capacity` connections the
    /// latest are closed.
    public static func open(
        on address: SocketAddress,
        kinds: (listener: UInt8, connection: UInt8),
        capacity: Int = 256,
        loop: borrowing EventLoop
    ) throws(SystemFailure) -> ServiceServer {
        let listener = try Socket.listen(on: address, sharesPort: false)
        let server = ServiceServer(listener: listener, kinds: kinds, capacity: capacity)
        try server.watchListener(loop)
        return server
    }

    private init(
        listener: consuming Socket,
        kinds: (listener: UInt8, connection: UInt8),
        capacity: Int
    ) {
        self.listener = listener
        self.kinds = kinds
        connections = Slab(capacity: capacity)
    }

    /// Where it listens: the port that was given for port 0.
    public var address: SocketAddress? { listener.localAddress }

    /// Deals with one event of its kinds; `respond` gives the answer, or nil to give it later with
    /// `answer`.
    public mutating func handle(
        _ token: EventToken,
        _ readiness: Readiness,
        loop: borrowing EventLoop,
        respond: (ServiceRequest, ServiceTicket) -> ServiceResponse?
    ) {
        guard token.kind != kinds.listener else {
            accept(loop)
            return
        }
        let ticket = ServiceTicket(bits: token.bits)
        guard connections.contains(ticket) else { return }
        connections[ticket].client.transport.announce(readiness)
        serve(ticket, loop, respond)
    }

    /// Answers a request whose answer was left for later; does nothing when the client is gone.
    public mutating func answer(
        _ ticket: ServiceTicket,
        _ response: ServiceResponse,
        loop: borrowing EventLoop,
        respond: (ServiceRequest, ServiceTicket) -> ServiceResponse?
    ) {
        guard connections.contains(ticket) else { return }
        write(response, to: ticket, loop)
        serve(ticket, loop, respond)
    }

    /// Closes what stood too long, and listens again after a pause; call it about once a second.
    public mutating func sweep(now: Instant, loop: borrowing EventLoop) {
        if isPaused { isPaused = (try? watchListener(loop)) == nil }
        for slot in 0..<connections.capacity {
            guard let ticket = connections.handle(inSlot: slot),
                connections[ticket].client.deadline <= now
            else { continue }
            close(ticket, loop)
        }
    }

    private mutating func accept(_ loop: borrowing EventLoop) {
        for _ in 0..<Self.acceptsPerTurn {
            switch ReserveDescriptor.shared.accept(listener) {
            case .accepted(let socket, let peer):
                admit(socket, peer, loop)
            case .shed:
                continue
            case .outOfDescriptors:
                // Else the listener stays ready, and the loop would spin.
                loop.remove(descriptor: listener.descriptor)
                isPaused = true
                return
            case .wouldBlock:
                return
            case .failed:
                return
            }
        }
    }

    private func watchListener(_ loop: borrowing EventLoop) throws(SystemFailure) {
        let token = EventToken(kind: kinds.listener, bits: 0)
        try loop.addLevelTriggered(descriptor: listener.descriptor, token: token)
    }

    private mutating func admit(
        _ socket: consuming Socket,
        _ peer: SocketAddress,
        _ loop: borrowing EventLoop
    ) {
        let client = ClientConnection(socket: socket, tls: nil, peer: peer, listener: 0)
        guard let ticket = connections.insert(ServiceConnection(client: client)) else { return }
        connections[ticket].client.deadline = loop.now + Self.idleTimeout
        let token = EventToken(kind: kinds.connection, bits: ticket.bits)
        do throws(SystemFailure) {
            try loop.add(connections[ticket].client.transport.socket, token: token)
        } catch {
            close(ticket, loop)
        }
    }

    mutating func close(_ ticket: ServiceTicket, _ loop: borrowing EventLoop) {
        guard connections.contains(ticket) else { return }
        connections[ticket].client.transport.discardBuffers(&chunks)
        loop.remove(descriptor: connections[ticket].client.transport.socket.descriptor)
        _ = connections.remove(ticket)
    }

    /// Reads, parses and answers until nothing more is there.
    private mutating func serve(
        _ ticket: ServiceTicket,
        _ loop: borrowing EventLoop,
        _ respond: (ServiceRequest, ServiceTicket) -> ServiceResponse?
    ) {
        guard connections.contains(ticket) else { return }
        if connections[ticket].isLingering {
            if connections[ticket].discardInput(&chunks) { close(ticket, loop) }
            return
        }
        for _ in 0..<64 {
            guard connections.contains(ticket), flush(ticket, loop) else { return }
            switch connections[ticket].advance(limits: limits, chunks: &chunks) {
            case .request(let request):
                connections[ticket].isAnswering = true
                connections[ticket].client.deadline = loop.now + Self.idleTimeout
                guard let response = respond(request, ticket) else { return }
                write(response, to: ticket, loop)
            case .refused(let status):
                connections[ticket].keepsAlive = false
                write(.text(status, "refused\n"), to: ticket, loop)
            case .needsMore:
                return
            case .ended:
                close(ticket, loop)
                return
            }
        }
    }

    private mutating func write(
        _ response: ServiceResponse,
        to ticket: ServiceTicket,
        _ loop: borrowing EventLoop
    ) {
        connections[ticket].write(
            response,
            date: &date,
            wallMilliseconds: loop.wallMilliseconds,
            chunks: &chunks
        )
        connections[ticket].client.deadline = loop.now + Self.idleTimeout
        _ = flush(ticket, loop)
    }

    /// - Returns: whether the connection is ready for more.
    private mutating func flush(_ ticket: ServiceTicket, _ loop: borrowing EventLoop) -> Bool {
        connections[ticket].fillOutput(&chunks)
        while connections[ticket].client.transport.waiting > 0 {
            switch connections[ticket].client.transport.flush(&chunks) {
            case .done:
                connections[ticket].fillOutput(&chunks)
            case .blocked:
                return false
            case .failed:
                close(ticket, loop)
                return false
            }
        }
        guard !connections[ticket].isOver else {
            connections[ticket].client.transport.socket.shutdownWriting()
            connections[ticket].client.transport.input.discard(to: &chunks)
            connections[ticket].isLingering = true
            connections[ticket].client.deadline = loop.now + Self.lingerTime
            if connections[ticket].discardInput(&chunks) { close(ticket, loop) }
            return false
        }
        return true
    }
}

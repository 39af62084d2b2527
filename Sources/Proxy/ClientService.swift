import Bytes
import Connections
import EventLoop
import HTTP1
import HTTPCore
import Observability

extension Worker {
    /// An event on a client's connection.
    mutating func clientReady(_ client: Handle<ClientConnection>, _ readiness: Readiness) {
        guard clients.contains(client) else {
            metrics.increment(.lateEvents)
            return
        }
        clients[client].transport.announce(readiness)
        // Hung up both ways while nothing of ours was closed: the client reset the connection, and
        // nobody waits for the answer to what it sent before. The end of its sending alone is no
        // reason to stop (RFC 9112 §9.6).
        if readiness.contains(.hungUp),
            clients[client].state == .exchanging || clients[client].state == .reading
        {
            abandon(client)
            return
        }
        if readiness.contains(.hungUp), clients[client].state == .tunnelling, hasReset(client) {
            abandon(client)
            return
        }
        if readiness.contains(.writable), clients[client].transport.waiting > 0 {
            markDirty(client)
        }
        if clients[client].transport.mayRead { queue(client) }
    }

    /// Whether a tunnel's client is gone, rather than both sides having ended their sending.
    private func hasReset(_ client: Handle<ClientConnection>) -> Bool {
        let exchange = Handle<Exchange>(bits: clients[client].owner)
        return exchanges.contains(exchange) && exchanges[exchange].tunnel.fromUpstream != .told
    }

    /// Reads from a client as far as its state allows.
    mutating func serve(_ client: Handle<ClientConnection>) {
        guard clients.contains(client) else { return }
        clients[client].isQueued = false
        switch clients[client].state {
        case .handshaking: serveHandshake(client)
        case .reading: serveReading(client)
        case .exchanging: relayRequest(Handle(bits: clients[client].owner))
        case .tunnelling: relayFromClient(Handle(bits: clients[client].owner))
        case .discarding: discard(client)
        case .closing: break
        case .lingering: linger(client)
        }
        readAgain(client)
    }

    /// An edge is announced once: what a state that reads left unread is read in the next turn.
    private mutating func readAgain(_ client: Handle<ClientConnection>) {
        guard clients.contains(client), clients[client].transport.mayRead,
            clients[client].transport.waiting < Self.highWater
        else { return }
        switch clients[client].state {
        case .handshaking, .reading, .discarding, .lingering: queue(client)
        case .exchanging, .tunnelling, .closing: break
        }
    }

    private mutating func serveHandshake(_ client: Handle<ClientConnection>) {
        let received = clients[client].transport.receive(from: &chunks)
        if clients[client].transport.waiting > 0 { markDirty(client) }
        switch received {
        case .progressed, .nothing:
            guard clients[client].transport.isEstablished else { return }
            handshakeFinished(client)
        case .ended:
            metrics.countHandshake(version: nil, resumed: false, succeeded: false)
            close(client)
        case .failed:
            metrics.countHandshake(version: nil, resumed: false, succeeded: false)
            flushThenClose(client)
        }
    }

    private mutating func handshakeFinished(_ client: Handle<ClientConnection>) {
        metrics.countHandshake(
            version: clients[client].transport.tlsVersion,
            resumed: clients[client].transport.isResumed,
            succeeded: true
        )
        clients[client].state = .reading
        clients[client].deadline = loop.now + generations[current].options.timeouts.requestHead
        armTimer(client)
        serveReading(client)
    }

    /// Reads once at most, and parses what is there.
    private mutating func serveReading(_ client: Handle<ClientConnection>) {
        // A client that sends requests faster than it takes answers is held back.
        guard clients[client].transport.waiting < Self.highWater else { return }
        if parse(client) { return }
        switch clients[client].transport.receive(from: &chunks) {
        case .progressed:
            if clients[client].transport.waiting > 0 { markDirty(client) }
            _ = parse(client)
        case .nothing:
            if clients[client].transport.waiting > 0 { markDirty(client) }
        case .ended:
            endedWhileReading(client)
        case .failed:
            if clients[client].transport.waiting > 0 {
                flushThenClose(client)
            } else {
                abandon(client)
            }
        }
    }

    /// The client left between requests, or within a head: then nobody waits for an answer.
    private mutating func endedWhileReading(_ client: Handle<ClientConnection>) {
        guard clients[client].transport.input.isEmpty else {
            abandon(client)
            return
        }
        beginClosing(client)
    }

    /// Parses a request's head out of what was read.
    ///
    /// - Returns: whether the reading is over: a request began or was refused.
    private mutating func parse(_ client: Handle<ClientConnection>) -> Bool {
        guard !clients[client].transport.input.isEmpty else { return false }
        guard let exchange = exchange(of: client) else {
            close(client)
            return true
        }
        let generation = exchanges[exchange].generation
        do throws(HTTP1Failure) {
            let isComplete = try clients[client].parseHead(
                limits: generations[generation].options.limits,
                into: &exchanges[exchange].head
            )
            guard isComplete else { return false }
        } catch {
            clients[client].state = .exchanging
            refuse(exchange, Failure(error))
            return true
        }
        clients[client].state = .exchanging
        clients[client].deadline = .distantFuture
        began(exchange)
        return true
    }

    /// The exchange whose head is being read: begun with its first byte.
    private mutating func exchange(of client: Handle<ClientConnection>) -> Handle<Exchange>? {
        let owner = clients[client].owner
        if owner != 0 { return Handle(bits: owner) }
        let exchange = exchanges.insert(
            Exchange(
                client: client,
                generation: current,
                storage: spareStorage.pop() ?? ExchangeStorage(),
                now: loop.now,
                wallMilliseconds: loop.wallMilliseconds
            )
        )
        guard let exchange else { return nil }
        generations[current].uses += 1
        clients[client].owner = exchange.bits
        if !clients[client].isFresh {
            clients[client].deadline = loop.now + generations[current].options.timeouts.requestHead
            armTimer(client)
        }
        return exchange
    }
}

extension Worker {
    /// Reads and drops a refused request's content, so that the next request can be read.
    private mutating func discard(_ client: Handle<ClientConnection>) {
        guard case .discarding(let left) = clients[client].state else { return }
        var waiting = UInt64(clients[client].transport.input.count)
        if waiting == 0 {
            switch clients[client].transport.receive(from: &chunks) {
            case .progressed: waiting = UInt64(clients[client].transport.input.count)
            case .nothing: return
            case .ended, .failed:
                close(client)
                return
            }
        }
        let dropped = min(waiting, left)
        clients[client].transport.input.consume(Int(dropped))
        clients[client].transport.input.release(to: &chunks)
        guard dropped == left else {
            clients[client].state = .discarding(bytes: left - dropped)
            queue(client)
            return
        }
        awaitNextRequest(client)
    }

    /// The connection is free for another request.
    mutating func awaitNextRequest(_ client: Handle<ClientConnection>) {
        clients[client].transport.input.release(to: &chunks)
        clients[client].parser.reset()
        clients[client].owner = 0
        clients[client].isFresh = false
        clients[client].state = .reading
        clients[client].deadline = loop.now + generations[current].options.timeouts.keepAlive
        armTimer(client)
        let mayContinue = clients[client].transport.mayRead || clients[client].transport.ended
        if !clients[client].transport.input.isEmpty || mayContinue { queue(client) }
    }

    /// What still comes is dropped within a budget, until the client closes (RFC 9112 §9.6).
    private mutating func linger(_ client: Handle<ClientConnection>) {
        switch clients[client].transport.receive(from: &chunks) {
        case .progressed:
            clients[client].transport.input.discard(to: &chunks)
            clients[client].lingerBudget -= clients[client].transport.lastRead
            if clients[client].lingerBudget <= 0 { close(client) }
        case .nothing:
            break
        case .ended, .failed:
            close(client)
        }
    }
}

extension ClientConnection {
    /// Continues with the head's bytes that came since the last call.
    fileprivate mutating func parseHead(
        limits: borrowing Limits,
        into head: inout RequestHead
    ) throws(HTTP1Failure) -> Bool {
        let bytes = transport.input.view
        return try parser.parse(bytes.span, limits: limits, into: &head)
    }
}

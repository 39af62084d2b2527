import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability

/// Timer numbers: clients by slot, then upstream connections, then exchanges.
extension Worker {
    private var upstreamTimers: Int { clients.capacity }
    private var exchangeTimers: Int { clients.capacity + upstreams.capacity }

    mutating func armTimer(_ client: Handle<ClientConnection>) {
        let deadline = min(clients[client].deadline, clients[client].sendDeadline)
        if deadline == .distantFuture {
            timers.cancel(client.slot)
        } else {
            timers.arm(client.slot, at: deadline)
        }
    }

    mutating func armTimer(_ upstream: Handle<UpstreamConnection>) {
        let deadline = upstreams[upstream].deadline
        let timer = upstreamTimers + upstream.slot
        if deadline == .distantFuture {
            timers.cancel(timer)
        } else {
            timers.arm(timer, at: deadline)
        }
    }

    mutating func armTimer(_ exchange: Handle<Exchange>, at deadline: Instant) {
        timers.arm(exchangeTimers + exchange.slot, at: deadline)
    }

    mutating func cancelTimer(_ exchange: Handle<Exchange>) {
        timers.cancel(exchangeTimers + exchange.slot)
    }

    mutating func cancelTimer(_ upstream: Handle<UpstreamConnection>) {
        timers.cancel(upstreamTimers + upstream.slot)
    }

    mutating func expireTimers() {
        while let timer = timers.nextExpired(loop.now) {
            if timer < upstreamTimers {
                if let client = clients.handle(inSlot: timer) { expired(client) }
            } else if timer < exchangeTimers {
                if let upstream = upstreams.handle(inSlot: timer - upstreamTimers) {
                    expired(upstream)
                }
            } else if let exchange = exchanges.handle(inSlot: timer - exchangeTimers) {
                expired(exchange)
            }
        }
    }

    /// A timer may be early, since deadlines move without it; then it is armed again.
    private mutating func expired(_ client: Handle<ClientConnection>) {
        if clients[client].sendDeadline <= loop.now {
            clients[client].transport.socket.resetOnClose()
            abandon(client)
            return
        }
        guard clients[client].deadline <= loop.now else {
            armTimer(client)
            return
        }
        clients[client].deadline = .distantFuture
        switch clients[client].state {
        case .handshaking:
            metrics.countHandshake(version: nil, resumed: false, succeeded: false)
            close(client)
        case .reading:
            headTookTooLong(client)
        case .exchanging:
            contentTookTooLong(Handle(bits: clients[client].owner))
        case .tunnelling:
            tunnelTimedOut(Handle(bits: clients[client].owner))
        case .discarding, .lingering:
            close(client)
        case .closing:
            break
        }
    }

    /// Between requests the connection just closes; within a head the client is told.
    private mutating func headTookTooLong(_ client: Handle<ClientConnection>) {
        let exchange = Handle<Exchange>(bits: clients[client].owner)
        guard clients[client].owner != 0, exchanges.contains(exchange) else {
            beginClosing(client)
            return
        }
        clients[client].state = .exchanging
        refuse(exchange, .requestTimeout)
    }

    /// The request's content stopped coming.
    private mutating func contentTookTooLong(_ exchange: Handle<Exchange>) {
        guard exchanges.contains(exchange) else { return }
        if exchanges[exchange].state == .awaitingResponse {
            refuse(exchange, .requestTimeout)
        } else {
            abort(exchange, reason: .timeout)
        }
    }

    private mutating func expired(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams[upstream].deadline <= loop.now else {
            armTimer(upstream)
            return
        }
        upstreams[upstream].deadline = .distantFuture
        let exchange = Handle<Exchange>(bits: upstreams[upstream].owner)
        switch upstreams[upstream].state {
        case .connecting, .handshaking:
            connectFailed(upstream)
        case .idle:
            dropIdle(upstream)
        case .tunnelling:
            if exchanges.contains(exchange) { endTunnel(exchange, .timeout, "tunnel_idle") }
        case .exchanging:
            guard exchanges.contains(exchange) else { return }
            if exchanges[exchange].state == .awaitingResponse {
                refuse(exchange, .upstreamTimeout)
            } else {
                abort(exchange, reason: .upstreamTimeout)
            }
        }
    }

    private mutating func expired(_ exchange: Handle<Exchange>) {
        switch exchanges[exchange].state {
        case .awaitingKeys:
            exchanges[exchange].keyFetchFailed = true
            resume(exchange)
        case .awaitingCore:
            gaveUpOnCore(exchange)
        case .awaitingUpstream:
            refuse(exchange, .overloaded)
        case .judging, .awaitingTurn, .connecting, .awaitingResponse, .relayingResponse,
            .tunnelling, .answered:
            break
        }
    }
}

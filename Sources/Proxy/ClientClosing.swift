import Bytes
import Connections
import EventLoop
import HTTPCore

extension Worker {
    /// How long a closed client may still send before the connection goes.
    static let lingerTime = Duration.seconds(5)

    /// One write a turn; a client that takes no more is waited for until `timeouts.send_idle`.
    mutating func flush(_ client: Handle<ClientConnection>) {
        guard clients.contains(client) else { return }
        clients[client].isDirty = false
        let before = clients[client].transport.waiting
        let flushed = clients[client].transport.flush(&chunks)
        let after = clients[client].transport.waiting
        switch flushed {
        case .done:
            clients[client].sendDeadline = .distantFuture
        case .blocked:
            if after < before || clients[client].sendDeadline == .distantFuture {
                clients[client].sendDeadline =
                    loop.now + generations[current].options.timeouts.sendIdle
                armTimer(client)
            }
        case .failed:
            abandon(client)
            return
        }
        if after < Self.highWater { continueAfterFlush(client, isEmpty: after == 0) }
    }

    /// There is room again: whoever fills it goes on.
    private mutating func continueAfterFlush(_ client: Handle<ClientConnection>, isEmpty: Bool) {
        switch clients[client].state {
        case .exchanging:
            let exchange = Handle<Exchange>(bits: clients[client].owner)
            guard exchanges.contains(exchange) else { return }
            if !exchanges[exchange].isRequestFinished, clients[client].transport.mayRead {
                queue(client)
            }
            guard exchanges[exchange].state == .relayingResponse,
                let upstream = exchanges[exchange].upstream
            else { return }
            // Served even with nothing to read when its time stood still: it runs again from here.
            if upstreams[upstream].transport.mayRead
                || !upstreams[upstream].transport.input.isEmpty
                || upstreams[upstream].deadline == .distantFuture
            {
                queue(upstream)
            }
        case .tunnelling:
            continueTunnel(client, isEmpty: isEmpty)
        case .closing:
            if isEmpty { closeSending(client) }
        case .reading, .discarding:
            if clients[client].transport.mayRead || !clients[client].transport.input.isEmpty {
                queue(client)
            }
        case .handshaking, .lingering:
            break
        }
    }

    /// After the last answer: sent in full, then close_notify, then the end of the stream.
    mutating func beginClosing(_ client: Handle<ClientConnection>) {
        clients[client].state = .closing
        clients[client].owner = 0
        clients[client].deadline = .distantFuture
        if clients[client].transport.waiting > 0 { markDirty(client) } else { closeSending(client) }
    }

    private mutating func closeSending(_ client: Handle<ClientConnection>) {
        clients[client].transport.queueCloseNotify(&chunks)
        guard clients[client].transport.flush(&chunks) != .failed,
            !clients[client].transport.ended
        else {
            close(client)
            return
        }
        clients[client].transport.socket.shutdownWriting()
        clients[client].transport.input.discard(to: &chunks)
        clients[client].state = .lingering
        let isDraining = drainDeadline != nil
        clients[client].deadline = loop.now + (isDraining ? Self.drainIdleTime : Self.lingerTime)
        clients[client].sendDeadline = .distantFuture
        armTimer(client)
        if clients[client].transport.mayRead { queue(client) }
    }

    /// A broken TLS connection: its alert is sent if the socket takes it.
    mutating func flushThenClose(_ client: Handle<ClientConnection>) {
        _ = clients[client].transport.flush(&chunks)
        abandon(client)
    }

    /// The client is gone: its exchange ends without an answer.
    mutating func abandon(_ client: Handle<ClientConnection>) {
        guard clients.contains(client) else { return }
        let exchange = Handle<Exchange>(bits: clients[client].owner)
        if clients[client].owner != 0, exchanges.contains(exchange) {
            if clients[client].state == .tunnelling {
                clientLeft(exchange)
            } else {
                abort(exchange, reason: .clientClosed)
            }
        } else {
            close(client)
        }
    }

    /// Ends the connection; its exchange has ended before.
    mutating func close(_ client: Handle<ClientConnection>) {
        guard clients.contains(client) else { return }
        let owner = Handle<Exchange>(bits: clients[client].owner)
        if clients[client].owner != 0, exchanges.contains(owner) { dropExchange(owner) }
        timers.cancel(client.slot)
        clients[client].transport.discardBuffers(&chunks)
        loop.remove(descriptor: clients[client].transport.socket.descriptor)
        _ = clients.remove(client)
        surroundings.connections.giveBack()
    }
}

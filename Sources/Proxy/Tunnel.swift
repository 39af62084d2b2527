import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability

/// How far the end of one direction of a tunnel has come.
enum TunnelEnd: UInt8 {
    /// Its sender may send more.
    case none
    /// Its sender has ended; the other side is told once it has all that was sent before.
    case heard
    /// Likewise, but without TLS's close_notify, so that nobody is told one.
    case heardCut
    /// The other side was told.
    case told
}

/// What an exchange keeps of its tunnel.
struct TunnelState {
    /// Its place among `limits.tunnels`.
    enum Place: UInt8 {
        case none
        /// It asks for one.
        case taken
        case open
    }

    var place = Place.none
    var fromClient = TunnelEnd.none
    var fromUpstream = TunnelEnd.none
    /// Whether the upstream takes nothing; the client's deadline is then that of a write.
    var isStalled = false

    var isHalfClosed: Bool { fromClient != .none || fromUpstream != .none }
}

/// A tunnel: what one side sends goes to the other as it is, by credit. The client's deadline is
/// that of what it sends, the upstream connection's of what comes back.
///
///     101 ──▶ open ──┬─ one side ends ──▶ half closed ── the other ends ──▶ gone
///                    └─ idle, broken, refused to wait for, told to end ──▶ gone
extension Worker {
    /// The 101 is in the client's output: from here on bytes are nobody's requests and answers.
    mutating func openTunnel(_ exchange: Handle<Exchange>, _ upstream: Handle<UpstreamConnection>) {
        let client = exchanges[exchange].client
        exchanges[exchange].state = .tunnelling
        exchanges[exchange].offer = nil
        exchanges[exchange].tunnel.place = .open
        exchanges[exchange].keepsClient = false
        exchanges[exchange].keepsUpstream = false
        if let began = exchanges[exchange].upstreamStartedAt.take() {
            exchanges[exchange].upstreamDuration = loop.now - began
        }
        openTunnels += 1
        metrics.increment(.tunnelsOpened)
        clients[client].state = .tunnelling
        upstreams[upstream].state = .tunnelling
        clients[client].deadline = idleDeadline(exchange)
        armTimer(client)
        upstreams[upstream].deadline = idleDeadline(exchange)
        armTimer(upstream)
        markDirty(client)
        // What came before the switch waits in the inputs.
        queue(client)
        queue(upstream)
    }

    /// When a direction that carries nothing from now on ends the tunnel. Once one side has ended,
    /// what is left is an answer's rest.
    private func idleDeadline(_ exchange: Handle<Exchange>) -> Instant {
        let judged = generations.view(exchanges[exchange].generation)
        let idle = judged.value.tunnelIdles[exchanges[exchange].upstreamIndex]
        let rest = judged.value.responseIdles[exchanges[exchange].route]
        guard exchanges[exchange].tunnel.isHalfClosed else {
            return idle == .zero ? .distantFuture : loop.now + idle
        }
        return loop.now + (idle == .zero ? rest : min(idle, rest))
    }

    /// Gives the place back, and forgets the tunnel if it was open.
    mutating func leaveTunnel(_ exchange: Handle<Exchange>) {
        if exchanges[exchange].tunnel.place == .open { openTunnels -= 1 }
        exchanges[exchange].tunnel.place = .none
        surroundings.tunnels.giveBack()
    }

    /// Ends a tunnel: the client gets what is on its way to it, then the connection's end.
    mutating func endTunnel(
        _ exchange: Handle<Exchange>,
        _ reason: Reason,
        _ detail: StaticString? = nil
    ) {
        let client = exchanges[exchange].client
        // Bytes of a client that is not done would answer a mere close with a reset, and that takes
        // what is still on its way to it.
        let isDone =
            exchanges[exchange].tunnel.fromUpstream == .told && clients[client].transport.ended
        exchanges[exchange].reason = reason
        exchanges[exchange].detail = detail
        exchanges[exchange].state = .answered
        dropExchange(exchange)
        if isDone { close(client) } else { beginClosing(client) }
    }

    /// A direction carried nothing for too long, or the upstream takes nothing.
    mutating func tunnelTimedOut(_ exchange: Handle<Exchange>) {
        guard exchanges.contains(exchange) else { return }
        if exchanges[exchange].tunnel.isStalled {
            endTunnel(exchange, .upstreamTimeout, "send_idle")
        } else {
            endTunnel(exchange, .timeout, "tunnel_idle")
        }
    }
}

// From the client to the upstream.
extension Worker {
    /// Passes on what the client sends: what is there, and one read more.
    mutating func relayFromClient(_ exchange: Handle<Exchange>) {
        guard exchanges.contains(exchange), let upstream = exchanges[exchange].upstream,
            exchanges[exchange].tunnel.fromClient == .none
        else { return }
        let client = exchanges[exchange].client
        guard passFromClient(exchange, upstream) else { return }
        let received = clients[client].transport.receive(from: &chunks)
        // What TLS answers by itself.
        if clients[client].transport.waiting > 0 { markDirty(client) }
        switch received {
        case .progressed:
            if !exchanges[exchange].tunnel.isStalled {
                clients[client].deadline = idleDeadline(exchange)
            }
            guard passFromClient(exchange, upstream) else { return }
            // TLS may have told the end together with the last bytes.
            if clients[client].transport.mayRead || clients[client].transport.ended {
                queue(client)
            }
        case .nothing:
            break
        case .ended:
            exchanges[exchange].tunnel.fromClient =
                clients[client].transport.wasCut ? .heardCut : .heard
            tellUpstream(exchange, upstream)
        case .failed:
            clientLeft(exchange)
        }
    }

    /// - Returns: whether all went; false = the upstream has to take some first.
    private mutating func passFromClient(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) -> Bool {
        let client = exchanges[exchange].client
        let before = exchanges[exchange].bytesIn
        let isPassed = BodyRelay.pass(
            from: &clients[client].transport.input,
            into: &upstreams[upstream].transport.output,
            credit: Self.highWater,
            counted: &exchanges[exchange].bytesIn,
            pool: &chunks
        )
        let passed = exchanges[exchange].bytesIn &- before
        if passed > 0 {
            metrics.increment(.tunnelBytesIn, by: passed)
            markDirty(upstream)
        }
        return isPassed
    }

    /// The client has ended its sending: so does the upstream's connection, behind what waits.
    private mutating func tellUpstream(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        guard upstreams[upstream].transport.waiting == 0 else { return }
        if exchanges[exchange].tunnel.fromClient == .heard {
            exchanges[exchange].tunnel.fromClient = .heardCut
            upstreams[upstream].transport.queueCloseNotify(&chunks, readsOn: true)
            guard upstreams[upstream].transport.waiting == 0 else {
                markDirty(upstream)
                return
            }
        }
        upstreams[upstream].transport.socket.shutdownWriting()
        exchanges[exchange].tunnel.fromClient = .told
        let client = exchanges[exchange].client
        clients[client].deadline = .distantFuture
        guard exchanges[exchange].tunnel.fromUpstream != .told else {
            endTunnel(exchange, .none)
            return
        }
        // Where the client has to take some first, its own deadline runs.
        guard exchanges[exchange].tunnel.fromUpstream == .none,
            upstreams[upstream].deadline != .distantFuture
                || clients[client].transport.waiting < Self.highWater
        else { return }
        upstreams[upstream].deadline = idleDeadline(exchange)
        armTimer(upstream)
    }

    /// A write to the upstream came to an end.
    mutating func flushTunnel(_ upstream: Handle<UpstreamConnection>) {
        let exchange = Handle<Exchange>(bits: upstreams[upstream].owner)
        guard exchanges.contains(exchange) else { return }
        let before = upstreams[upstream].transport.waiting
        guard upstreams[upstream].transport.flush(&chunks) != .failed else {
            upstreamLeft(exchange, upstream)
            return
        }
        let after = upstreams[upstream].transport.waiting
        noteStall(exchange, waiting: after, hasSent: after < before)
        switch exchanges[exchange].tunnel.fromClient {
        case .none:
            let client = exchanges[exchange].client
            guard after < Self.highWater else { return }
            if clients[client].transport.mayRead || !clients[client].transport.input.isEmpty {
                queue(client)
            }
        case .heard, .heardCut: tellUpstream(exchange, upstream)
        case .told: break
        }
    }

    /// The upstream takes nothing any more: what it sent before is read to its end.
    mutating func upstreamLeft(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        guard exchanges[exchange].tunnel.fromUpstream != .told else {
            endTunnel(exchange, .upstreamProtocol, "cut_off")
            return
        }
        let client = exchanges[exchange].client
        exchanges[exchange].tunnel.fromClient = .told
        exchanges[exchange].tunnel.isStalled = false
        clients[client].deadline = .distantFuture
        upstreams[upstream].transport.output.discard(to: &chunks)
        upstreams[upstream].transport.expectEnd()
        queue(upstream)
    }

    /// An upstream that takes nothing is given up as a client would be.
    private mutating func noteStall(_ exchange: Handle<Exchange>, waiting: Int, hasSent: Bool) {
        let client = exchanges[exchange].client
        if waiting > 0 {
            guard hasSent || !exchanges[exchange].tunnel.isStalled else { return }
            exchanges[exchange].tunnel.isStalled = true
            clients[client].deadline =
                loop.now + generations[current].options.timeouts.sendIdle
            armTimer(client)
        } else if exchanges[exchange].tunnel.isStalled {
            exchanges[exchange].tunnel.isStalled = false
            clients[client].deadline = idleDeadline(exchange)
            armTimer(client)
        }
    }

    /// The client is gone: what it sent before goes on as far as the upstream takes it now.
    mutating func clientLeft(_ exchange: Handle<Exchange>) {
        let client = exchanges[exchange].client
        if let upstream = exchanges[exchange].upstream,
            exchanges[exchange].tunnel.fromClient == .none
        {
            if passFromClient(exchange, upstream),
                clients[client].transport.receive(from: &chunks) == .progressed
            {
                _ = passFromClient(exchange, upstream)
            }
            _ = upstreams[upstream].transport.flush(&chunks)
        }
        abort(exchange, reason: .clientClosed)
    }
}

// From the upstream to the client.
extension Worker {
    /// Passes on what the upstream sends: what is there, and one read more.
    mutating func relayFromUpstream(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        guard exchanges[exchange].tunnel.fromUpstream == .none else { return }
        guard passFromUpstream(exchange, upstream) else { return }
        let received = upstreams[upstream].transport.receive(from: &chunks)
        if upstreams[upstream].transport.waiting > 0 { markDirty(upstream) }
        if received == .progressed || upstreams[upstream].deadline == .distantFuture {
            upstreams[upstream].deadline = idleDeadline(exchange)
            armTimer(upstream)
        }
        switch received {
        case .progressed:
            guard passFromUpstream(exchange, upstream) else { return }
            if upstreams[upstream].transport.mayRead || upstreams[upstream].transport.ended {
                queue(upstream)
            }
        case .nothing:
            break
        case .ended:
            exchanges[exchange].tunnel.fromUpstream =
                upstreams[upstream].transport.wasCut ? .heardCut : .heard
            upstreams[upstream].deadline = .distantFuture
            tellClient(exchange)
        case .failed:
            endTunnel(exchange, .upstreamProtocol, "cut_off")
        }
    }

    /// - Returns: whether all went; false = the client has to take some first, and its own deadline
    ///   runs.
    private mutating func passFromUpstream(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) -> Bool {
        let client = exchanges[exchange].client
        let before = exchanges[exchange].bytesOut
        let isPassed = BodyRelay.pass(
            from: &upstreams[upstream].transport.input,
            into: &clients[client].transport.output,
            credit: Self.highWater,
            counted: &exchanges[exchange].bytesOut,
            pool: &chunks
        )
        let passed = exchanges[exchange].bytesOut &- before
        if passed > 0 {
            metrics.increment(.tunnelBytesOut, by: passed)
            markDirty(client)
        }
        if !isPassed { upstreams[upstream].deadline = .distantFuture }
        return isPassed
    }

    /// The upstream has ended its sending: so does the client's connection, behind what waits.
    private mutating func tellClient(_ exchange: Handle<Exchange>) {
        let client = exchanges[exchange].client
        guard clients[client].transport.waiting == 0 else { return }
        if exchanges[exchange].tunnel.fromUpstream == .heard {
            exchanges[exchange].tunnel.fromUpstream = .heardCut
            clients[client].transport.queueCloseNotify(&chunks, readsOn: true)
            guard clients[client].transport.waiting == 0 else {
                markDirty(client)
                return
            }
        }
        clients[client].transport.socket.shutdownWriting()
        exchanges[exchange].tunnel.fromUpstream = .told
        guard exchanges[exchange].tunnel.fromClient != .told else {
            endTunnel(exchange, .none)
            return
        }
        guard exchanges[exchange].tunnel.fromClient == .none,
            !exchanges[exchange].tunnel.isStalled
        else { return }
        clients[client].deadline = idleDeadline(exchange)
        armTimer(client)
    }

    /// A write to the client came to an end, and there is room again.
    mutating func continueTunnel(_ client: Handle<ClientConnection>, isEmpty: Bool) {
        let exchange = Handle<Exchange>(bits: clients[client].owner)
        guard exchanges.contains(exchange), let upstream = exchanges[exchange].upstream else {
            return
        }
        switch exchanges[exchange].tunnel.fromUpstream {
        case .none:
            if upstreams[upstream].transport.mayRead || !upstreams[upstream].transport.input.isEmpty
            {
                queue(upstream)
            }
        case .heard, .heardCut: if isEmpty { tellClient(exchange) }
        case .told: break
        }
    }
}

import Bytes
import Connections
import EventLoop
import HTTP1
import HTTPCore
import Observability
import Upstreams

extension Worker {
    /// An event on a connection to an upstream.
    mutating func upstreamReady(_ upstream: Handle<UpstreamConnection>, _ readiness: Readiness) {
        guard upstreams.contains(upstream) else {
            metrics.increment(.lateEvents)
            return
        }
        upstreams[upstream].transport.announce(readiness)
        switch upstreams[upstream].state {
        case .connecting:
            if readiness.isDisjoint(with: [.writable, .hungUp]) { return }
            connected(upstream)
        case .handshaking:
            handshake(upstream)
        case .exchanging, .tunnelling:
            if readiness.contains(.hungUp), hasLeft(upstream) {
                upstreamLeft(Handle(bits: upstreams[upstream].owner), upstream)
                return
            }
            if readiness.contains(.writable), upstreams[upstream].transport.waiting > 0 {
                markDirty(upstream)
            }
            if upstreams[upstream].transport.mayRead { queue(upstream) }
        case .idle:
            // Nothing may come on an idle connection: it ends, or what comes answers no request.
            if upstreams[upstream].transport.mayRead, !staysIdle(upstream) { dropIdle(upstream) }
        }
    }

    /// Whether a tunnel's upstream is gone, that had ended its sending before: no read finds it.
    private func hasLeft(_ upstream: Handle<UpstreamConnection>) -> Bool {
        let exchange = Handle<Exchange>(bits: upstreams[upstream].owner)
        return upstreams[upstream].state == .tunnelling && exchanges.contains(exchange)
            && exchanges[exchange].tunnel.fromUpstream != .none
            && exchanges[exchange].tunnel.fromClient != .told
    }

    mutating func serve(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams.contains(upstream) else { return }
        upstreams[upstream].isQueued = false
        let exchange = Handle<Exchange>(bits: upstreams[upstream].owner)
        guard exchanges.contains(exchange) else { return }
        switch upstreams[upstream].state {
        case .exchanging: relayResponse(exchange, upstream)
        case .tunnelling: relayFromUpstream(exchange, upstream)
        case .connecting, .handshaking, .idle: break
        }
    }

    mutating func flush(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams.contains(upstream) else { return }
        upstreams[upstream].isDirty = false
        guard upstreams[upstream].state == .exchanging else {
            if upstreams[upstream].state == .tunnelling { flushTunnel(upstream) }
            return
        }
        let exchange = Handle<Exchange>(bits: upstreams[upstream].owner)
        let before = upstreams[upstream].transport.waiting
        switch upstreams[upstream].transport.flush(&chunks) {
        case .done, .blocked:
            if upstreams[upstream].transport.waiting < before { upstreams[upstream].hasSent = true }
            noteSent(exchange, upstream, before: before)
            guard exchanges.contains(exchange), !exchanges[exchange].isRequestFinished,
                upstreams[upstream].transport.waiting < Self.highWater
            else { return }
            continueRequest(exchange)
        case .failed:
            // It may have answered before it stopped reading: what it sent is read to its end.
            guard exchanges.contains(exchange) else { return }
            exchanges[exchange].keepsUpstream = false
            upstreams[upstream].transport.expectEnd()
            queue(upstream)
        }
    }

    /// A write that got through: the upstream reads.
    private mutating func noteSent(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>,
        before: Int
    ) {
        guard upstreams[upstream].transport.waiting < before, exchanges.contains(exchange),
            exchanges[exchange].state == .awaitingResponse,
            !exchanges[exchange].isRequestFinished
        else { return }
        let waits = upstreams[upstream].transport.waiting > 0
        upstreams[upstream].deadline =
            waits ? loop.now + generations[current].options.timeouts.sendIdle : .distantFuture
        armTimer(upstream)
    }

    private mutating func continueRequest(_ exchange: Handle<Exchange>) {
        let client = exchanges[exchange].client
        guard clients.contains(client) else { return }
        // Served even with nothing to read when its time stood still: it runs again from here.
        if !clients[client].transport.input.isEmpty || clients[client].transport.mayRead
            || clients[client].deadline == .distantFuture
        {
            queue(client)
        }
    }
}

extension Worker {
    /// The upstream ended its stream, or the connection broke, while an exchange ran.
    mutating func upstreamEnded(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        guard exchanges[exchange].state == .relayingResponse else {
            endedBeforeAnswer(exchange, upstream)
            return
        }
        exchanges[exchange].keepsUpstream = false
        guard !upstreams[upstream].transport.wasCut else {
            responseBroke(exchange, "cut_off")
            return
        }
        do throws(HTTP1Failure) {
            try exchanges[exchange].responseContent.endOfStream()
            let client = exchanges[exchange].client
            guard clients[client].transport.output.prepare(64, from: &chunks) else {
                abort(exchange, reason: .upstreamProtocol)
                return
            }
            BodyRelay.finish(
                &clients[client].transport.output,
                exchanges[exchange].responseFraming == .chunked ? .chunked : .identity,
                hasTrailers: false
            )
            markDirty(client)
            finished(exchange)
        } catch {
            responseBroke(exchange, "cut_off")
        }
    }

    /// What comes before a byte of the request went out answers no request (RFC 9112 §9.2). On a
    /// pooled connection it is mostly a 408 before the end.
    mutating func answeredTooEarly(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        if upstreams[upstream].isReused {
            endedBeforeAnswer(exchange, upstream)
        } else {
            refuse(exchange, .upstreamProtocol("early_answer"))
        }
    }

    /// A pooled connection may have been closed by the upstream before it saw the request: then, if
    /// nothing came back and doing it twice does no harm, the same bytes go out once more on a new
    /// connection (RFC 9112 §9.3.1).
    private mutating func endedBeforeAnswer(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        let isStale = upstreams[upstream].isReused && !upstreams[upstream].hasAnswered
        guard isStale, exchanges[exchange].isRepeatable, !exchanges[exchange].isRetried else {
            if upstreams[upstream].hasAnswered {
                refuse(exchange, .upstreamProtocol("cut_off"))
            } else {
                exchanges[exchange].connectFault = upstreams[upstream].transport.fault
                refuseUnreachable(exchange)
            }
            return
        }
        metrics.increment(.upstreamRetries)
        exchanges[exchange].isRetried = true
        exchanges[exchange].upstream = nil
        let target = upstreams[upstream].targetID
        let output = upstreams[upstream].transport.takeOutput()
        drop(upstream)
        sendAgain(exchange, output, target)
    }

    private mutating func sendAgain(
        _ exchange: Handle<Exchange>,
        _ output: consuming Buffer,
        _ target: TargetID
    ) {
        var output = output
        let pool = generations[exchanges[exchange].generation].pool
        // The head names the target it was written for, so no other may get it.
        let others = ~(UInt64(1) << UInt64(target.target & 63))
        let lease = pools[pool].pool.lease(
            upstream: target.upstream,
            tried: others,
            freshOnly: true
        )
        if case .connect(let same, let address) = lease {
            connect(exchange, same, address: address)
            // The connect may have failed at once, and the exchange with it.
            if exchanges.contains(exchange), let fresh = exchanges[exchange].upstream {
                swap(&output, &upstreams[fresh].transport.output)
                return
            }
        }
        output.discard(to: &chunks)
        refuse(exchange, .upstreamUnreachable)
    }

    /// The exchange is over: back to the pool, or gone.
    mutating func release(_ upstream: Handle<UpstreamConnection>, keeps: Bool) {
        guard upstreams.contains(upstream) else { return }
        let isClean =
            upstreams[upstream].transport.input.isEmpty
            && upstreams[upstream].transport.output.isEmpty
            && upstreams[upstream].transport.waiting == 0
            && !upstreams[upstream].transport.ended && !upstreams[upstream].transport.mayRead
        guard keeps, isClean, drainDeadline == nil else {
            drop(upstream)
            return
        }
        keepSession(upstream)
        upstreams[upstream].owner = 0
        upstreams[upstream].state = .idle
        upstreams[upstream].deadline = loop.now + upstreams[upstream].idleTimeout
        armTimer(upstream)
        let pool = Handle<SharedPool>(bits: upstreams[upstream].pool)
        let target = upstreams[upstream].targetID
        pools[pool].pool.giveBack(connection: upstream.bits, target)
        serveWaiter(pool, target.upstream)
    }

    /// Closes a connection that no exchange needs any more.
    mutating func drop(_ upstream: Handle<UpstreamConnection>) {
        closeUpstream(upstream, wasIdle: false)
    }

    mutating func dropIdle(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams.contains(upstream), upstreams[upstream].state == .idle else { return }
        closeUpstream(upstream, wasIdle: true)
    }

    private mutating func closeUpstream(_ upstream: Handle<UpstreamConnection>, wasIdle: Bool) {
        guard upstreams.contains(upstream) else { return }
        let pool = Handle<SharedPool>(bits: upstreams[upstream].pool)
        let target = upstreams[upstream].targetID
        forget(upstream)
        guard pools.contains(pool) else { return }
        pools[pool].pool.closed(connection: upstream.bits, target, wasIdle: wasIdle)
        serveWaiter(pool, target.upstream)
    }

    /// Closes the socket; the pool is told by the caller.
    mutating func forget(_ upstream: Handle<UpstreamConnection>) {
        cancelTimer(upstream)
        keepSession(upstream)
        sayGoodbye(upstream)
        upstreams[upstream].transport.discardBuffers(&chunks)
        loop.remove(descriptor: upstreams[upstream].transport.socket.descriptor)
        _ = upstreams.remove(upstream)
    }

    /// There is room for one more exchange of this upstream.
    mutating func serveWaiter(_ pool: Handle<SharedPool>, _ upstream: Int) {
        while let waiter = pools[pool].pool.nextWaiter(upstream: upstream) {
            let exchange = Handle<Exchange>(bits: waiter)
            guard exchanges.contains(exchange), exchanges[exchange].state == .awaitingUpstream
            else { continue }
            exchanges[exchange].isPromised = true
            pools[pool].promised[upstream] += 1
            exchangeQueue.append(exchange)
            return
        }
    }

    /// The exchange called from the queue has leased, waits again, or is gone: the next may be
    /// called.
    mutating func settlePromise(_ exchange: Handle<Exchange>) {
        guard exchanges.contains(exchange), exchanges[exchange].isPromised else { return }
        exchanges[exchange].isPromised = false
        let pool = generations[exchanges[exchange].generation].pool
        let upstream = exchanges[exchange].upstreamIndex
        pools[pool].promised[upstream] -= 1
        serveWaiter(pool, upstream)
    }
}

extension UpstreamConnection {
    var targetID: TargetID { TargetID(upstream: upstream, target: target) }
}

import Bytes
import Connections
package import EventLoop
import HTTPCore
import Sessions

extension Worker {
    /// One turn of the loop: what is ready, what is due, what was queued; then one write a
    /// connection.
    package mutating func turn() throws(SystemFailure) {
        let ready = try loop.wait(until: hasWork ? loop.now : nextDeadline)
        signaturesSpent = false
        for index in 0..<authenticatorHandles.count {
            authenticators[authenticatorHandles[index]].authenticator.beginTurn()
        }
        handle(ready, upstreamsOnly: true)
        handle(ready, upstreamsOnly: false)
        expireTimers()
        expireCoreCalls()
        resumeListeners()
        serveQueues()
        tendRevocations()
        flushDirty()
        if let deadline = drainDeadline { continueDrain(deadline) }
    }

    private var nextDeadline: Instant? {
        let timer = timers.nextDeadline() ?? .distantFuture
        let stop = drainEnd ?? drainDeadline ?? .distantFuture
        let call = core.line.nextDeadline ?? .distantFuture
        let pause = listenersPausedUntil ?? .distantFuture
        let next = min(timer, stop, call, pause, tellingDeadline)
        return next == .distantFuture ? nil : next
    }

    /// Whether the next turn waits for nothing.
    package var hasWork: Bool {
        !clientQueue.isEmpty || !upstreamQueue.isEmpty || !exchangeQueue.isEmpty
            || !dirtyClients.isEmpty || !dirtyUpstreams.isEmpty
    }

    /// Answers first, so that connections they free serve this turn's requests.
    private mutating func handle(_ ready: Int, upstreamsOnly: Bool) {
        for index in 0..<ready {
            let event = loop.event(at: index)
            if (event.token.kind == EventKind.upstream) == upstreamsOnly {
                handle(event.token, event.readiness)
                flushIfMany()
            }
        }
    }

    private mutating func handle(_ token: EventToken, _ readiness: Readiness) {
        switch token.kind {
        case EventKind.upstream:
            upstreamReady(Handle(bits: token.bits), readiness)
        case EventKind.client:
            clientReady(Handle(bits: token.bits), readiness)
        case EventKind.listener:
            accept(Handle(bits: token.bits))
        case EventKind.mailbox:
            readMail()
        case EventKind.coreCall:
            coreReady(token, readiness)
        default:
            break
        }
    }

    /// Takes each queue as it stands: what is queued meanwhile waits for the next turn, so that one
    /// busy peer cannot keep the loop from the rest.
    private mutating func serveQueues() {
        serveExchangeQueue()
        serveUpstreamQueue()
        serveClientQueue()
    }

    private mutating func serveExchangeQueue() {
        let count = exchangeQueue.count
        for index in 0..<count {
            let exchange = exchangeQueue[index]
            if signaturesSpent, exchanges.contains(exchange),
                exchanges[exchange].state == .awaitingTurn
            {
                exchangeQueue.append(exchange)
            } else {
                resume(exchange)
            }
        }
        exchangeQueue.removeFirst(count)
    }

    private mutating func serveUpstreamQueue() {
        let count = upstreamQueue.count
        for index in 0..<count {
            serve(upstreamQueue[index])
            flushIfMany()
        }
        upstreamQueue.removeFirst(count)
    }

    private mutating func serveClientQueue() {
        let count = clientQueue.count
        for index in 0..<count {
            serve(clientQueue[index])
            flushIfMany()
        }
        clientQueue.removeFirst(count)
    }

    mutating func queue(_ client: Handle<ClientConnection>) {
        guard clients.contains(client), !clients[client].isQueued else { return }
        clients[client].isQueued = true
        clientQueue.append(client)
    }

    mutating func queue(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams.contains(upstream), !upstreams[upstream].isQueued else { return }
        upstreams[upstream].isQueued = true
        upstreamQueue.append(upstream)
    }

    mutating func markDirty(_ client: Handle<ClientConnection>) {
        guard clients.contains(client), !clients[client].isDirty else { return }
        clients[client].isDirty = true
        dirtyClients.append(client)
    }

    mutating func markDirty(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams.contains(upstream), !upstreams[upstream].isDirty else { return }
        upstreams[upstream].isDirty = true
        dirtyUpstreams.append(upstream)
    }

    /// Writes before the turn's end when enough connections wait for it, so that the first of many
    /// events does not wait for the last. Each has one event a turn, so it is one write all the
    /// same.
    private mutating func flushIfMany() {
        if dirtyUpstreams.count &+ dirtyClients.count >= Self.flushBatch { flushDirty() }
    }

    /// Upstreams first: their answers take longest.
    private mutating func flushDirty() {
        let upstreamCount = dirtyUpstreams.count
        for index in 0..<upstreamCount { flush(dirtyUpstreams[index]) }
        dirtyUpstreams.removeFirst(upstreamCount)
        let clientCount = dirtyClients.count
        for index in 0..<clientCount { flush(dirtyClients[index]) }
        dirtyClients.removeFirst(clientCount)
    }
}

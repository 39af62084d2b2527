import Bytes
import Connections
import EventLoop
import HTTPCore

/// Stopping: accept what waits, finish what runs, then end.
extension Worker {
    /// How long a connection between requests may still send one, once draining began.
    static let drainIdleTime = Duration.milliseconds(500)

    /// What the kernel has accepted for us is served; then nobody listens.
    mutating func beginDrain(until deadline: Instant) {
        guard drainDeadline == nil else {
            drainDeadline = deadline
            return
        }
        drainDeadline = deadline
        let handles = listenerHandles
        // Whoever pauses listeners finds none from now on.
        listenerHandles.removeAll()
        for listener in handles {
            var accepted = 0
            while accepted < clients.capacity, acceptOne(listener) { accepted += 1 }
            loop.remove(descriptor: listeners[listener].socket.descriptor)
            _ = listeners.remove(listener)
        }
        listenersPausedUntil = nil
        closeIdleUpstreams()
        for slot in 0..<clients.capacity {
            guard let client = clients.handle(inSlot: slot), clients[client].state == .reading,
                clients[client].owner == 0
            else { continue }
            clients[client].deadline = loop.now + Self.drainIdleTime
            armTimer(client)
        }
    }

    private mutating func closeIdleUpstreams() {
        for slot in 0..<upstreams.capacity {
            if let upstream = upstreams.handle(inSlot: slot) { dropIdle(upstream) }
        }
    }

    /// Ends the worker when nothing runs any more, or the time is up.
    mutating func continueDrain(_ deadline: Instant) {
        guard clients.count > 0 else {
            isFinished = true
            return
        }
        guard loop.now >= deadline else { return }
        guard let end = drainEnd else {
            refuseUnanswered()
            drainEnd = loop.now + Self.drainIdleTime
            return
        }
        guard loop.now >= end else { return }
        for slot in 0..<clients.capacity {
            if let client = clients.handle(inSlot: slot) { abandon(client) }
        }
        isFinished = true
    }

    /// The grace is over: whoever has no answer yet is told why; answers under way are cut.
    private mutating func refuseUnanswered() {
        for slot in 0..<clients.capacity {
            guard let client = clients.handle(inSlot: slot) else { continue }
            let exchange = Handle<Exchange>(bits: clients[client].owner)
            let isRunning =
                clients[client].state == .exchanging || clients[client].state == .tunnelling
            if isRunning, exchanges.contains(exchange) {
                refuse(exchange, .shuttingDown)
            } else if clients[client].transport.waiting == 0 {
                abandon(client)
            }
        }
    }
}

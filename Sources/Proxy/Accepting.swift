import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import TLS

extension Worker {
    /// Takes what waits on a listener, up to a bound; the listener is level-triggered, so the rest
    /// comes in the next turn.
    mutating func accept(_ listener: Handle<Listener>) {
        guard listeners.contains(listener) else { return }
        for _ in 0..<Self.acceptsPerTurn {
            guard acceptOne(listener) else { return }
        }
    }

    /// - Returns: whether another may wait.
    mutating func acceptOne(_ listener: Handle<Listener>) -> Bool {
        switch ReserveDescriptor.shared.accept(listeners[listener].socket) {
        case .accepted(let socket, let peer):
            admit(socket, peer: peer, listener: listeners[listener].index)
            return true
        case .shed:
            metrics.increment(.connectionsShed)
            return true
        case .outOfDescriptors:
            pauseListeners()
            return false
        case .wouldBlock:
            return false
        case .failed:
            return false
        }
    }

    /// A listener that can neither accept nor turn away stays ready, and the loop would spin.
    private mutating func pauseListeners() {
        guard listenersPausedUntil == nil else { return }
        for listener in listenerHandles {
            loop.remove(descriptor: listeners[listener].socket.descriptor)
        }
        listenersPausedUntil = loop.now + ReserveDescriptor.pauseTime
    }

    /// Listens again once the pause is over.
    mutating func resumeListeners() {
        guard let end = listenersPausedUntil, end <= loop.now else { return }
        listenersPausedUntil = nil
        for listener in listenerHandles {
            do throws(SystemFailure) {
                try watch(listener)
            } catch {
                // The machine is out of memory: what could be watched again is left out once more.
                pauseListeners()
                return
            }
        }
    }

    /// Level-triggered: what a turn leaves is announced again.
    mutating func watch(_ listener: Handle<Listener>) throws(SystemFailure) {
        try loop.addLevelTriggered(
            descriptor: listeners[listener].socket.descriptor,
            token: EventToken(kind: EventKind.listener, bits: listener.bits)
        )
    }

    /// A connection past `limits.connections` is closed at once.
    private mutating func admit(
        _ socket: consuming Socket,
        peer: SocketAddress,
        listener: Int
    ) {
        guard surroundings.connections.take() else {
            metrics.increment(.connectionsShed)
            return
        }
        var tls: TLSConnection?
        if let context = tlsHandles[listener] {
            do {
                tls = try TLSConnection(context: tlsContexts[context])
            } catch {
                surroundings.connections.giveBack()
                return
            }
        }
        let client = ClientConnection(socket: socket, tls: tls, peer: peer, listener: listener)
        guard let handle = clients.insert(client) else {
            surroundings.connections.giveBack()
            return
        }
        metrics.increment(.clientConnectionsAccepted)
        watch(handle)
    }

    private mutating func watch(_ handle: Handle<ClientConnection>) {
        let token = EventToken(kind: EventKind.client, bits: handle.bits)
        do {
            try loop.add(clients[handle].transport.socket, token: token)
        } catch {
            close(handle)
            return
        }
        let timeouts = generations[current].options.timeouts
        let isHandshaking = clients[handle].state == .handshaking
        clients[handle].deadline =
            loop.now + (isHandshaking ? timeouts.handshake : timeouts.requestHead)
        armTimer(handle)
    }
}

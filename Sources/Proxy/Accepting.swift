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
        guard listeners.contains(listener), holdsReserve() else { return }
        for _ in 0..<Self.acceptsPerTurn {
            guard acceptOne(listener) else { return }
        }
    }

    /// Without a reserve nobody could be turned away, so nobody is accepted either.
    private mutating func holdsReserve() -> Bool {
        var reserve = reserve.take() ?? ReserveDescriptor()
        if !reserve.isHeld {
            reserve.takeAgain()
            if reserve.isHeld { surroundings.connections.reserveFound() }
        }
        let isHeld = reserve.isHeld
        self.reserve = consume reserve
        return isHeld
    }

    private mutating func shed(_ listener: Handle<Listener>) {
        metrics.increment(.connectionsShed)
        var reserve = reserve.take() ?? ReserveDescriptor()
        reserve.shed(listeners[listener].socket)
        if !reserve.isHeld { surroundings.connections.reserveLost() }
        self.reserve = consume reserve
    }

    /// - Returns: whether another may wait.
    mutating func acceptOne(_ listener: Handle<Listener>) -> Bool {
        switch listeners[listener].socket.accept() {
        case .accepted(let socket, let peer):
            admit(socket, peer: peer, listener: listeners[listener].index)
            return true
        case .wouldBlock:
            return false
        case .outOfDescriptors:
            shed(listener)
            return false
        case .failed:
            return false
        }
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

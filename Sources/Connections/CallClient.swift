import Bytes
public import EventLoop
import HTTPCore
import TLS

/// The program's own HTTP/1.1 client, on the loop of whoever owns it. Redirects are not followed.
///
/// A connection carries one call at a time, and is kept for the next one to the same destination.
/// An outcome is given once: by `start`, `handle` or `expire`, whichever ended the call.
public struct CallClient: ~Copyable {
    private var connections: Slab<CallConnection>
    /// Connections that carry calls, by the calls' IDs.
    private var running: [UInt64: Handle<CallConnection>] = [:]
    /// Connections kept for later calls; the one idle for the longest time first.
    private var idle: [Handle<CallConnection>] = []
    /// Of each connection: the end of its call's time, or of its own when it is idle.
    private var timers: TimerWheel
    /// What TLS servers gave to resume, the latest last; one for each destination.
    private var sessions: [(destination: CallDestination, session: TLSSession)] = []
    private var chunks = ChunkPool(largeBytes: 256 * 1024, keptMaximum: 8)
    private let kind: UInt8
    private let capacity: Int
    private let limits = Limits()

    /// Largest content of an answer, in bytes; a larger one is a failure.
    public static let contentMaximum = 1024 * 1024
    /// Idle connections that are kept in all; the longest idle is closed for another.
    public static let idleConnections = 32
    /// TLS sessions that are kept to be resumed; the oldest goes for another.
    public static let sessionsMaximum = 32
    /// How long a connection is kept without a call; less where the server says so.
    public static let idleMaximum = Duration.seconds(30)

    /// A client whose owner passes events of `kind` to `handle`.
    ///
    /// - Parameters:
    ///   - kind: of all its events.
    ///   - capacity: calls that may run at once.
    public init(kind: UInt8, capacity: Int = 64) {
        self.kind = kind
        self.capacity = capacity
        let slots = capacity + Self.idleConnections
        connections = Slab(capacity: slots)
        timers = TimerWheel(capacity: slots, now: .now)
    }

    /// Calls that run now.
    public var count: Int { running.count }

    /// Connections kept for later calls now.
    public var idleCount: Int { idle.count }

    /// TLS sessions kept to be resumed now.
    public var sessionCount: Int { sessions.count }

    /// Begins a call.
    ///
    /// - Returns: its outcome when it ends at once; nil while it runs.
    public mutating func start(
        _ request: CallRequest,
        to destination: CallDestination,
        deadline: Instant,
        loop: borrowing EventLoop
    ) -> CallOutcome? {
        guard running.count < capacity, running[request.id] == nil else {
            return CallOutcome(id: request.id, answer: nil, failure: .tooManyCalls)
        }
        guard request.isRepeatable, let handle = takeIdle(destination) else {
            return connect(request, to: destination, deadline: deadline, loop)
        }
        running[request.id] = handle
        timers.arm(handle.slot, at: deadline)
        connections[handle].begin(request, deadline: deadline)
        return advance(handle, loop)
    }

    /// Ends a call without an outcome; does nothing when it has ended.
    public mutating func cancel(_ id: UInt64, loop: borrowing EventLoop) {
        guard let handle = running.removeValue(forKey: id) else { return }
        close(handle, loop)
    }

    /// When to call `expire` next; nil when there is no connection. It may be early.
    public var nextDeadline: Instant? { timers.nextDeadline() }

    /// Ends one call whose time is over, and all connections that were idle for long enough.
    ///
    /// - Returns: the call's outcome; nil when there is no more such call.
    public mutating func expire(now: Instant, loop: borrowing EventLoop) -> CallOutcome? {
        while let slot = timers.nextExpired(now) {
            guard let handle = connections.handle(inSlot: slot) else { continue }
            if connections[handle].state != .idle { return end(handle, .timedOut, loop) }
            idle.removeAll { $0 == handle }
            close(handle, loop)
        }
        return nil
    }

    /// Deals with one event of its kind.
    ///
    /// - Returns: the call's outcome, when the event ended it.
    public mutating func handle(
        _ token: EventToken,
        _ readiness: Readiness,
        loop: borrowing EventLoop
    ) -> CallOutcome? {
        let handle = Handle<CallConnection>(bits: token.bits)
        guard connections.contains(handle) else { return nil }
        connections[handle].transport.announce(readiness)
        switch connections[handle].state {
        case .connecting:
            guard !readiness.isDisjoint(with: [.writable, .hungUp]) else { return nil }
            guard connections[handle].transport.socket.takeError() == 0 else {
                return end(handle, .unreachable, loop)
            }
            connections[handle].state = .calling
            guard connections[handle].transport.beginHandshake(&chunks) else {
                return end(handle, .tls(.internal), loop)
            }
            return advance(handle, loop)
        case .calling:
            return advance(handle, loop)
        case .idle:
            guard !connections[handle].staysIdle(&chunks) else { return nil }
            idle.removeAll { $0 == handle }
            close(handle, loop)
            return nil
        }
    }
}

extension CallClient {
    private mutating func connect(
        _ request: CallRequest,
        to destination: CallDestination,
        deadline: Instant,
        _ loop: borrowing EventLoop
    ) -> CallOutcome? {
        let tls: TLSConnection?
        do throws(TLSFailure) {
            tls = try encryption(for: destination)
        } catch {
            return CallOutcome(id: request.id, answer: nil, failure: .tls(.internal))
        }
        do throws(SystemFailure) {
            let connection = CallConnection(
                socket: try Socket.connect(to: destination.address),
                tls: tls,
                to: destination,
                for: request,
                deadline: deadline
            )
            guard let handle = connections.insert(connection) else {
                return CallOutcome(id: request.id, answer: nil, failure: .tooManyCalls)
            }
            running[request.id] = handle
            timers.arm(handle.slot, at: deadline)
            do throws(SystemFailure) {
                try loop.add(
                    connections[handle].transport.socket,
                    token: EventToken(kind: kind, bits: handle.bits)
                )
            } catch {
                return end(handle, .unreachable, loop)
            }
            return nil
        } catch {
            return CallOutcome(id: request.id, answer: nil, failure: .unreachable)
        }
    }

    private mutating func advance(
        _ handle: Handle<CallConnection>,
        _ loop: borrowing EventLoop
    ) -> CallOutcome? {
        switch connections[handle].advance(limits, &chunks) {
        case .needsMore: return nil
        case .failed(let failure): return fail(handle, failure, loop)
        case .complete: return complete(handle, loop)
        }
    }

    /// The server may have ended a kept connection before it saw the call: that is no failure of
    /// the server's, and the call is sent once more.
    private mutating func fail(
        _ handle: Handle<CallConnection>,
        _ failure: CallFailure,
        _ loop: borrowing EventLoop
    ) -> CallOutcome? {
        guard connections[handle].isReused, !connections[handle].hasAnswered else {
            return end(handle, failure, loop)
        }
        let request = connections[handle].request
        let destination = connections[handle].destination
        let deadline = connections[handle].deadline
        _ = end(handle, failure, loop)
        return connect(request, to: destination, deadline: deadline, loop)
    }

    private mutating func complete(
        _ handle: Handle<CallConnection>,
        _ loop: borrowing EventLoop
    ) -> CallOutcome {
        let id = connections[handle].request.id
        var keepTime = connections[handle].keepTime
        // The end may have come with the answer.
        if keepTime != nil, !connections[handle].staysIdle(&chunks) { keepTime = nil }
        let status = connections[handle].status
        let answer = (status: status, content: connections[handle].rest(&chunks))
        running[id] = nil
        keepSession(handle)
        if let keepTime {
            keep(handle, for: keepTime, loop)
        } else {
            close(handle, loop)
        }
        return CallOutcome(id: id, answer: answer)
    }

    private mutating func end(
        _ handle: Handle<CallConnection>,
        _ failure: CallFailure,
        _ loop: borrowing EventLoop
    ) -> CallOutcome {
        let id = connections[handle].request.id
        running[id] = nil
        close(handle, loop)
        return CallOutcome(id: id, answer: nil, failure: failure)
    }

    private mutating func close(_ handle: Handle<CallConnection>, _ loop: borrowing EventLoop) {
        timers.cancel(handle.slot)
        keepSession(handle)
        if !connections[handle].transport.ended {
            connections[handle].transport.queueCloseNotify(&chunks)
            _ = connections[handle].transport.flush(&chunks)
        }
        connections[handle].transport.discardBuffers(&chunks)
        loop.remove(descriptor: connections[handle].transport.socket.descriptor)
        _ = connections.remove(handle)
    }
}

// Connections that are kept.
extension CallClient {
    private mutating func keep(
        _ handle: Handle<CallConnection>,
        for time: Duration,
        _ loop: borrowing EventLoop
    ) {
        if idle.count == Self.idleConnections { close(idle.removeFirst(), loop) }
        idle.append(handle)
        timers.arm(handle.slot, at: loop.now + time)
    }

    /// The connection to the destination that was idle for the shortest time.
    private mutating func takeIdle(_ destination: CallDestination) -> Handle<CallConnection>? {
        let index = idle.lastIndex { connections[$0].destination == destination }
        return index.map { idle.remove(at: $0) }
    }
}

// TLS.
extension CallClient {
    private func encryption(
        for destination: CallDestination
    ) throws(TLSFailure) -> TLSConnection? {
        guard let tls = destination.tls else { return nil }
        let known = sessions.last { $0.destination == destination }
        return try TLSConnection(
            context: tls.context,
            serverName: tls.serverName,
            session: known?.session
        )
    }

    private mutating func keepSession(_ handle: Handle<CallConnection>) {
        guard connections[handle].transport.isEncrypted,
            let session = connections[handle].transport.takeSession()
        else { return }
        let destination = connections[handle].destination
        sessions.removeAll { $0.destination == destination }
        if sessions.count == Self.sessionsMaximum { sessions.removeFirst() }
        sessions.append((destination, session))
    }
}

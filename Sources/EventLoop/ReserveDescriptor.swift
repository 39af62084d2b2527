import CLinux
import Synchronization

/// A descriptor kept for the day when there is no other: with it a listener can turn a client away
/// instead of spinning on one that it cannot accept.
///
/// The process has one, as it has one descriptor table. A client is admitted only while the reserve
/// is held beside it, so that a thread that accepts cannot keep what another one freed in order to
/// turn somebody away.
public final class ReserveDescriptor: Sendable {
    /// The reserve of the process; taken when it is first named.
    public static let shared = ReserveDescriptor()

    private let reserve: Mutex<Descriptor?>
    /// Whether the reserve is, or may be, missing; false costs an accept nothing.
    private let isSpent: Atomic<Bool>

    private init() {
        let taken = Self.take()
        isSpent = Atomic(!Self.isHeld(taken))
        reserve = Mutex(taken)
    }

    /// How long a listener rests that can neither accept nor turn away.
    public static let pauseTime = Duration.milliseconds(100)

    /// Accepts one connection, or turns it away when it would have the last descriptor.
    ///
    /// - Returns: `outOfDescriptors` when not even that was possible, because something other than
    ///   an accept has the reserve: the listener stays ready, so pause it (`pauseTime`).
    public func accept(_ listener: borrowing Socket) -> AcceptResult {
        let result = listener.accept()
        switch consume result {
        case .accepted(let socket, let peer):
            // Read after the accept: whoever frees the reserve says so before.
            if !isSpent.load(ordering: .sequentiallyConsistent) {
                return .accepted(socket, peer: peer)
            }
            var admitted: Socket? = consume socket
            reserve.withLock { keep(&admitted, &$0) }
            return Self.result(admitted, peer)
        case .outOfDescriptors: return reserve.withLock { acceptLast(listener, &$0) }
        case .shed: return .shed
        case .wouldBlock: return .wouldBlock
        case .failed(let code): return .failed(code)
        }
    }

    /// Accepts with the reserve's own number.
    private func acceptLast(
        _ listener: borrowing Socket,
        _ reserve: inout sending Descriptor?
    ) -> AcceptResult {
        refill(&reserve)
        guard Self.isHeld(reserve) else { return .outOfDescriptors }
        isSpent.store(true, ordering: .sequentiallyConsistent)
        reserve = nil
        let result = listener.accept()
        switch consume result {
        case .accepted(let socket, let peer):
            var admitted: Socket? = consume socket
            keep(&admitted, &reserve)
            return Self.result(admitted, peer)
        case .wouldBlock:
            refill(&reserve)
            return Self.isHeld(reserve) ? .wouldBlock : .outOfDescriptors
        default:
            refill(&reserve)
            return .outOfDescriptors
        }
    }

    /// Lets a client in if the reserve is held beside it, else closes it for the reserve's sake.
    private func keep(_ socket: inout Socket?, _ reserve: inout sending Descriptor?) {
        refill(&reserve)
        if Self.isHeld(reserve) { return }
        socket?.resetOnClose()
        socket = nil
        refill(&reserve)
    }

    private static func result(_ socket: consuming Socket?, _ peer: SocketAddress) -> AcceptResult {
        guard let socket else { return .shed }
        return .accepted(socket, peer: peer)
    }

    private func refill(_ reserve: inout sending Descriptor?) {
        if !Self.isHeld(reserve) { reserve = Self.take() }
        isSpent.store(!Self.isHeld(reserve), ordering: .sequentiallyConsistent)
    }

    private static func isHeld(_ reserve: borrowing Descriptor?) -> Bool {
        switch reserve {
        case .none: false
        case .some: true
        }
    }

    private static func take() -> Descriptor? {
        let number = unsafe linux_open_reading("/dev/null")
        return number < 0 ? nil : Descriptor(owning: number)
    }
}

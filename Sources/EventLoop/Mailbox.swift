import CLinux
import Synchronization

/// A bounded queue from any thread to one thread, whose loop sees `descriptor` become readable.
public final class Mailbox<Message: Sendable>: Sendable {
    private let waiting = Mutex<[Message]>([])
    private let wakeUp: Descriptor
    private let capacity: Int

    /// An empty box that holds `capacity` messages; more are refused.
    public init(capacity: Int = 4096) throws(SystemFailure) {
        precondition(capacity > 0)
        wakeUp = Descriptor(owning: try SystemFailure.check(linux_eventfd(), "eventfd"))
        self.capacity = capacity
    }

    /// Readable while messages wait; register it level-triggered.
    public var descriptor: CInt { wakeUp.number }

    /// Puts a message at the end.
    ///
    /// - Returns: false, and the message is dropped, when the box is full.
    @discardableResult
    public func post(_ message: Message) -> Bool {
        let (taken, isFirst) = waiting.withLock { messages in
            guard messages.count < capacity else { return (false, false) }
            messages.append(message)
            return (true, messages.count == 1)
        }
        // Later ones find the descriptor readable already.
        if isFirst { _ = linux_eventfd_signal(wakeUp.number) }
        return taken
    }

    /// Appends all that waits, each thread's in its order, and makes the descriptor unreadable.
    public func drain(into messages: inout [Message]) {
        // Reset first: a message posted after it makes the descriptor readable again.
        _ = linux_eventfd_reset(wakeUp.number)
        waiting.withLock { waiting in
            if messages.isEmpty {
                // An exchange keeps the storage of both.
                swap(&waiting, &messages)
            } else {
                messages += waiting
                waiting.removeAll(keepingCapacity: true)
            }
        }
    }

    /// Blocks a thread that has no loop until something waits or the time is over.
    func waitUntilReadable(milliseconds: CInt = -1) {
        _ = linux_wait_readable(wakeUp.number, milliseconds)
    }
}

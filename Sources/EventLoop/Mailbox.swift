import Synchronization

/// A bounded queue from any thread to one thread, whose loop sees `descriptor` become readable.
public final class Mailbox<Message: Sendable>: Sendable {
    private let waiting = Mutex<[Message]>([])
    private let wakeUp: WakeUp
    private let capacity: Int

    /// An empty box that holds `capacity` messages; more are refused.
    public init(capacity: Int = 4096) throws(SystemFailure) {
        precondition(capacity > 0)
        wakeUp = try WakeUp()
        self.capacity = capacity
    }

    /// Readable while messages wait; register it level-triggered.
    public var descriptor: CInt { wakeUp.descriptor }

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
        if isFirst { wakeUp.signal() }
        return taken
    }

    /// Appends all that waits, each thread's in its order, and makes the descriptor unreadable.
    public func drain(into messages: inout [Message]) {
        // Reset first: a message posted after it makes the descriptor readable again.
        wakeUp.reset()
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
        wakeUp.wait(milliseconds: milliseconds)
    }
}

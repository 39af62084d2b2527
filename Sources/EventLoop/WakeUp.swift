import CLinux

/// A flag that one thread raises and another's loop, or the other itself, waits for.
public final class WakeUp: Sendable {
    private let event: Descriptor

    /// A flag that is down.
    public init() throws(SystemFailure) {
        event = Descriptor(owning: try SystemFailure.check(linux_eventfd(), "eventfd"))
    }

    /// Readable while the flag is up; register it level-triggered.
    public var descriptor: CInt { event.number }

    /// Raises the flag; raising it again changes nothing.
    public func signal() { _ = linux_eventfd_signal(event.number) }

    /// Lowers the flag.
    public func reset() { _ = linux_eventfd_reset(event.number) }

    /// Blocks a thread that has no loop until the flag is up, or so many milliseconds are over; -1
    /// waits for ever. Returns whether it is up.
    @discardableResult
    public func wait(milliseconds: CInt = -1) -> Bool {
        linux_wait_readable(event.number, milliseconds) > 0
    }
}

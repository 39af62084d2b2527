import CLinux
import Glibc

/// What a descriptor is ready for.
public struct Readiness: OptionSet, Sendable {
    /// The bits, as `linux_event` has them.
    public let rawValue: UInt32

    /// Of bits that epoll gave.
    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Bytes, an end of stream or an error can be received.
    public static let readable = Readiness(rawValue: 1)
    /// Bytes can be sent, or a connect has ended.
    public static let writable = Readiness(rawValue: 2)
    /// The peer sends no more: reading goes on to the end of the stream even after a short receive.
    public static let peerClosedWriting = Readiness(rawValue: 4)
    /// Both directions are over, or an error waits.
    public static let hungUp = Readiness(rawValue: 8)
}

/// What epoll carries for a descriptor: 8 bits of kind, 56 of a handle (`Handle.bits`).
@frozen
public struct EventToken: Hashable, Sendable {
    @usableFromInline let raw: UInt64

    /// Of `bits` the upper 8 are dropped.
    @inlinable
    public init(kind: UInt8, bits: UInt64) {
        raw = UInt64(kind) << 56 | bits & 0x00FF_FFFF_FFFF_FFFF
    }

    @inlinable
    init(raw: UInt64) {
        self.raw = raw
    }

    /// What the descriptor is; the registrant chose the number.
    @inlinable public var kind: UInt8 { UInt8(truncatingIfNeeded: raw >> 56) }
    /// The handle's 56 bits.
    @inlinable public var bits: UInt64 { raw & 0x00FF_FFFF_FFFF_FFFF }
}

/// epoll, and the clocks as they stood when it last woke.
@safe
public struct EventLoop: ~Copyable {
    private let epoll: Descriptor
    private let events: UnsafeMutablePointer<linux_event>
    private let maximumEvents: Int
    private var readyCount = 0
    /// The monotonic clock when `wait` last returned.
    public private(set) var now = Instant.now
    /// The wall clock when `wait` last returned, in milliseconds since the epoch.
    public private(set) var wallMilliseconds = WallClock.milliseconds

    /// A loop whose `wait` gives at most `maximumEvents` ready descriptors; up to 1024.
    public init(maximumEvents: Int = 512) throws(SystemFailure) {
        precondition(maximumEvents > 0 && maximumEvents <= linux_events_maximum)
        epoll = Descriptor(owning: try SystemFailure.check(linux_epoll_create(), "epoll_create1"))
        self.maximumEvents = maximumEvents
        unsafe events = .allocate(capacity: maximumEvents)
        unsafe events.initialize(repeating: linux_event(), count: maximumEvents)
    }

    deinit { unsafe events.deallocate() }

    /// Waits until a descriptor is ready or the deadline is past, and updates the clocks.
    ///
    /// A deadline of nil waits for ever; one in the past only looks. The answer is how many events
    /// `event(at:)` now holds; 0 also when a signal came.
    public mutating func wait(until deadline: Instant?) throws(SystemFailure) -> Int {
        let result = unsafe linux_epoll_wait(
            epoll.number,
            events,
            CInt(maximumEvents),
            Self.milliseconds(until: deadline)
        )
        now = Instant.now
        wallMilliseconds = WallClock.milliseconds
        readyCount = Int(max(result, 0))
        if result < 0 && result != -EINTR {
            throw SystemFailure(code: -result, operation: "epoll_wait")
        }
        return readyCount
    }

    /// One event of the last `wait`; `index` is below the number that returned.
    public func event(at index: Int) -> (token: EventToken, readiness: Readiness) {
        precondition(index >= 0 && index < readyCount)
        let event = unsafe events[index]
        let readiness = Readiness(rawValue: UInt32(truncatingIfNeeded: event.events))
        return (EventToken(raw: event.token), readiness)
    }

    /// Registers a socket once for its life: edge-triggered for reading, writing and peer close.
    public func add(_ socket: borrowing Socket, token: EventToken) throws(SystemFailure) {
        let result = linux_epoll_add(epoll.number, socket.descriptor, token.raw, 1)
        _ = try SystemFailure.check(result, "epoll_ctl")
    }

    /// Registers a descriptor that stays ready until it was read: listeners, mailboxes, signals.
    public func addLevelTriggered(
        descriptor: CInt,
        token: EventToken
    ) throws(SystemFailure) {
        let result = linux_epoll_add(epoll.number, descriptor, token.raw, 0)
        _ = try SystemFailure.check(result, "epoll_ctl")
    }

    /// Ends a registration before its descriptor is closed; closing alone does the same unless the
    /// descriptor was duplicated. Events already waited for still hold its token.
    public func remove(descriptor: CInt) {
        _ = linux_epoll_remove(epoll.number, descriptor)
    }

    /// Rounded up, so that the deadline is past when the time is over; at most a day.
    private static func milliseconds(until deadline: Instant?) -> CInt {
        guard let deadline else { return -1 }
        let now = Instant.now
        guard deadline > now else { return 0 }
        let nanoseconds = deadline.nanoseconds &- now.nanoseconds
        let rounded = nanoseconds / 1_000_000 &+ (nanoseconds % 1_000_000 == 0 ? 0 : 1)
        return CInt(min(rounded, 86_400_000))
    }
}

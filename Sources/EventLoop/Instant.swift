import CLinux

/// A point on the monotonic clock: what deadlines are made of. Never compared with wall time.
@frozen
public struct Instant: Comparable, Hashable, Sendable {
    /// Since the machine started.
    public var nanoseconds: UInt64

    /// So many nanoseconds after the machine started.
    @inlinable
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// Reads the clock; code on the loop takes `EventLoop.now` instead.
    public static var now: Instant { Instant(nanoseconds: linux_monotonic_nanoseconds()) }

    /// Later than every instant the clock gives.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// Saturates at the clock's start and at `distantFuture`.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let added = duration.nanoseconds
        let sum =
            added >= 0
            ? instant.nanoseconds.addingReportingOverflow(UInt64(added))
            : instant.nanoseconds.subtractingReportingOverflow(added.magnitude)
        guard sum.overflow else { return Instant(nanoseconds: sum.partialValue) }
        return added >= 0 ? distantFuture : Instant(nanoseconds: 0)
    }

    /// How long `later` is after `earlier`; zero when it is not.
    public static func - (later: Instant, earlier: Instant) -> Duration {
        guard later > earlier else { return .zero }
        let nanoseconds = later.nanoseconds &- earlier.nanoseconds
        return Duration(attoseconds: Int128(nanoseconds) &* 1_000_000_000)
    }

    /// Whether `left` is earlier.
    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// Whole nanoseconds, saturating.
    public var nanoseconds: Int64 {
        // Deadlines are set on every request, and a division of 128 bits costs more than all else
        // about them: 10^9 is 2^9 times 5^9, and what remains of two hours and less after the shift
        // has 64 bits.
        if let shifted = UInt64(exactly: attoseconds >> 9) {
            return Int64(shifted / 1_953_125)
        }
        return Int64(clamping: attoseconds / 1_000_000_000)
    }

    /// Whole milliseconds, saturating.
    public var milliseconds: Int64 {
        let parts = components
        let whole = parts.seconds.multipliedReportingOverflow(by: 1000)
        guard !whole.overflow else { return parts.seconds < 0 ? .min : .max }
        let rest = parts.attoseconds / 1_000_000_000_000_000
        let sum = whole.partialValue.addingReportingOverflow(rest)
        guard !sum.overflow else { return parts.seconds < 0 ? .min : .max }
        return sum.partialValue
    }
}

/// The time people mean: what tokens' `exp` and the log use.
public enum WallClock {
    /// Since 1970-01-01T00:00:00Z.
    public static var milliseconds: Int64 { linux_wall_milliseconds() }
}

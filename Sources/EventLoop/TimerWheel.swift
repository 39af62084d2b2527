/// Timers of things that have a number: one each, armed and rearmed without an allocation.
///
/// Lazy: rearming later costs one store, as does cancelling; the entry stays where it hangs and is
/// moved when its slot comes up. One turn of the wheel is 32 s; a later deadline goes round again.
public struct TimerWheel: ~Copyable {
    /// 8 ms: timers end at most so much late, never early.
    public static let tick = Duration.milliseconds(8)

    private static let tickNanoseconds: UInt64 = 8_000_000
    private static let slotCount: UInt64 = 4096
    private static let none = UInt32.max
    private static let unarmed = UInt64.max

    /// One ID's timer, and its place in its slot's list.
    private struct Entry {
        var deadline = TimerWheel.unarmed
        /// The tick whose slot's list holds the entry; `unarmed` = none.
        var tick = TimerWheel.unarmed
        var previous = TimerWheel.none
        var next = TimerWheel.none
    }

    private var entries: [Entry]
    private var heads: [UInt32]
    /// A bit for each slot with a list that is not empty.
    private var occupied: [UInt64]
    /// A bit for each word of `occupied` that is not zero: a sparse wheel is not searched.
    private var occupiedWords: UInt64 = 0
    /// Hung entries lie in `cursor ..< cursor + slotCount`; all before are done.
    private var cursor: UInt64
    /// No entry is hung before it, so that calls of `nextExpired` come to an end even when each ID
    /// is armed again in the past.
    private var earliest: UInt64

    /// A wheel for the IDs `0 ..< capacity`, none armed.
    public init(capacity: Int, now: Instant) {
        precondition(capacity > 0 && capacity < Int(Self.none))
        entries = Array(repeating: Entry(), count: capacity)
        heads = Array(repeating: Self.none, count: Int(Self.slotCount))
        occupied = Array(repeating: 0, count: Int(Self.slotCount / 64))
        cursor = now.nanoseconds / Self.tickNanoseconds
        earliest = cursor
    }

    /// Sets the timer of `id`, in place of the one it has.
    public mutating func arm(_ id: Int, at deadline: Instant) {
        let nanoseconds = min(deadline.nanoseconds, Self.unarmed - 1)
        entries[id].deadline = nanoseconds
        let wanted = place(Self.tick(endingAfter: nanoseconds))
        let hung = entries[id].tick
        if hung <= wanted { return }
        if hung != Self.unarmed { unlink(UInt32(id)) }
        link(UInt32(id), at: wanted)
    }

    /// Ends the timer of `id`; does nothing when it has none.
    public mutating func cancel(_ id: Int) {
        entries[id].deadline = Self.unarmed
    }

    /// Whether `id` has a timer that has not expired.
    public func isArmed(_ id: Int) -> Bool { entries[id].deadline != Self.unarmed }

    /// An ID whose deadline is past, and which is no longer armed; nil when there is no more.
    ///
    /// One armed in between is not given before the next tick.
    public mutating func nextExpired(_ now: Instant) -> Int? {
        let present = now.nanoseconds / Self.tickNanoseconds
        guard present >= cursor else { return nil }
        earliest = present + 1
        while let tick = firstOccupied(), tick <= present {
            cursor = tick
            let id = heads[Self.slot(tick)]
            unlink(id)
            let deadline = entries[Int(id)].deadline
            if deadline == Self.unarmed { continue }
            let due = Self.tick(endingAfter: deadline)
            if due <= present {
                entries[Int(id)].deadline = Self.unarmed
                return Int(id)
            }
            link(id, at: place(due))
        }
        cursor = present + 1
        return nil
    }

    /// When to call `nextExpired` next, nil when nothing is armed.
    ///
    /// May be early (of a timer that was cancelled or moved), is never late by more than a tick.
    public func nextDeadline() -> Instant? {
        guard let tick = firstOccupied() else { return nil }
        return Instant(nanoseconds: tick * Self.tickNanoseconds)
    }
}

extension TimerWheel {
    /// The first tick that begins at or after the deadline.
    private static func tick(endingAfter nanoseconds: UInt64) -> UInt64 {
        nanoseconds / tickNanoseconds + (nanoseconds % tickNanoseconds == 0 ? 0 : 1)
    }

    private static func slot(_ tick: UInt64) -> Int { Int(tick % slotCount) }

    /// The tick at which an entry due at `tick` hangs: within the wheel's present turn.
    private func place(_ tick: UInt64) -> UInt64 {
        min(max(tick, earliest), cursor + Self.slotCount - 1)
    }

    private mutating func link(_ id: UInt32, at tick: UInt64) {
        let slot = Self.slot(tick)
        let head = heads[slot]
        entries[Int(id)].tick = tick
        entries[Int(id)].previous = Self.none
        entries[Int(id)].next = head
        if head != Self.none { entries[Int(head)].previous = id }
        heads[slot] = id
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
        occupiedWords |= 1 << UInt64(slot / 64)
    }

    private mutating func unlink(_ id: UInt32) {
        let entry = entries[Int(id)]
        let slot = Self.slot(entry.tick)
        if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
        if entry.previous != Self.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[slot] = entry.next
            if entry.next == Self.none { vacate(slot) }
        }
        entries[Int(id)].tick = Self.unarmed
    }

    private mutating func vacate(_ slot: Int) {
        let word = slot / 64
        occupied[word] &= ~(1 << UInt64(slot % 64))
        if occupied[word] == 0 { occupiedWords &= ~(1 << UInt64(word)) }
    }

    /// The tick of the first slot from the cursor on that holds an entry.
    private func firstOccupied() -> UInt64? {
        guard occupiedWords != 0 else { return nil }
        let start = Self.slot(cursor)
        var word = start / 64
        var bits = occupied[word] & (UInt64.max << UInt64(start % 64))
        if bits == 0 {
            // The words after it, then those before it; its own lower bits come last.
            let after = occupiedWords & ~(UInt64.max >> UInt64(63 - word))
            word = (after != 0 ? after : occupiedWords).trailingZeroBitCount
            bits = occupied[word]
        }
        let slot = word * 64 + bits.trailingZeroBitCount
        let distance = (slot - start + Int(Self.slotCount)) % Int(Self.slotCount)
        return cursor + UInt64(distance)
    }
}

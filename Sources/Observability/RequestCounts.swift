import HTTPCore

/// Exchanges by route, method, status and reason: open addressing in storage of fixed size, so that
/// counting one allocates nothing however many combinations clients and upstreams come up with.
struct RequestCounts: Sendable {
    /// One combination, in a word.
    struct Key: Hashable, Sendable {
        fileprivate let word: UInt64

        /// `route` is a number below 2^24.
        init(route: UInt32, method: Method, status: UInt16, reason: Reason) {
            let low = UInt64(method.rawValue) << 24 | UInt64(status) << 8 | UInt64(reason.rawValue)
            // The highest bit tells a key from an empty slot.
            word = 1 << 63 | UInt64(route) << 32 | low
        }

        fileprivate init(word: UInt64) {
            self.word = word
        }

        var route: UInt32 { UInt32(truncatingIfNeeded: word >> 32) & 0xFF_FFFF }
        var method: Method { Method(rawValue: UInt8(truncatingIfNeeded: word >> 24)) ?? .other }
        var status: UInt16 { UInt16(truncatingIfNeeded: word >> 8) }
        var reason: Reason { Reason(rawValue: UInt8(truncatingIfNeeded: word)) ?? .none }
    }

    private struct Slot {
        var key: UInt64 = 0
        var count: UInt64 = 0
    }

    private var slots: [Slot]
    private let mask: Int
    /// Combinations held.
    private(set) var used = 0
    /// Exchanges whose combination found no slot.
    private(set) var overflow: UInt64 = 0

    /// A table for `combinations`, a power of two.
    init(combinations: Int) {
        precondition(combinations > 0 && combinations & (combinations - 1) == 0)
        // Twice as many slots: a probe is short even when all combinations are there.
        slots = Array(repeating: Slot(), count: combinations * 2)
        mask = combinations * 2 - 1
    }

    /// Combinations that find a slot.
    var capacity: Int { slots.count / 2 }

    /// Counts one, or `count`, of a combination.
    mutating func add(_ key: Key, count: UInt64 = 1) {
        var index = Int(truncatingIfNeeded: key.word &* 0x9E37_79B9_7F4A_7C15 >> 32) & mask
        while true {
            let found = slots[index].key
            if found == key.word {
                slots[index].count &+= count
                return
            }
            if found == 0 { break }
            index = (index + 1) & mask
        }
        guard used < capacity else {
            overflow &+= count
            return
        }
        slots[index] = Slot(key: key.word, count: count)
        used += 1
    }

    /// The same counts in a table for `combinations`, no fewer than now.
    func resized(to combinations: Int) -> RequestCounts {
        var larger = RequestCounts(combinations: max(combinations, capacity))
        forEach { key, count in larger.add(key, count: count) }
        larger.overflow = overflow
        return larger
    }

    /// Every combination that was counted, in no order.
    func forEach(_ body: (Key, UInt64) -> Void) {
        for slot in slots where slot.key != 0 { body(Key(word: slot.key), slot.count) }
    }
}

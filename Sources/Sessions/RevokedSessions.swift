internal import Bytes
public import Cryptography

/// The sessions that were dropped: by a sign-out, by an operator, or because the core said so.
///
/// The table is bounded. An entry leaves after `keep`, or when the table is full, oldest first.
/// Then its session is no longer known to be dropped, so its instant and a margin become the
/// *mark*: a token created before it may be of a dropped session, and only the core can tell.
///
/// `epoch` changes whenever a session that was accepted may no longer be: a verdict that was
/// reached at this epoch needs no second look.
///
/// An entry is 28 bytes and its share of the buckets; memory is taken as entries come. Entries are
/// found by fingerprint alone, which is as good as the handle itself.
public struct RevokedSessions: ~Copyable {
    private let inPlace = InPlace()
    private let hash: KeyedHash128
    private var entries: [Entry] = []
    private var buckets: [UInt32] = []
    private var free = Entry.none
    private var oldest = Entry.none
    private var newest = Entry.none
    private var limit: Int
    private var keepSeconds: Int64

    /// Sessions in the table.
    public private(set) var count = 0
    /// Counts up with each drop and each move of the mark; 0 = nothing was ever dropped.
    public private(set) var epoch: UInt64 = 0
    /// Milliseconds since the epoch: tokens created before it are asked of the core. `Int64.min`
    /// where none is.
    public private(set) var mark = Int64.min

    /// Milliseconds between an entry's instant and the mark it leaves: what clocks may differ.
    public static let markMargin: Int64 = 60_000
    /// Entries of the largest table.
    public static let maximumEntries = 10_000_000
    /// Entries that leave by age in one call.
    static let expiriesPerCall = 1024
    /// Entries dropped again that are moved to the end in one call.
    static let renewalsPerCall = 64

    /// - Parameters:
    ///   - entries: at most; 1 to `maximumEntries`.
    ///   - keep: how long an entry stays, in whole seconds.
    ///   - key: of the fingerprints.
    public init(entries: Int, keep: Duration, key: KeyedHash128.Key) {
        limit = Self.clamped(entries)
        keepSeconds = keep.components.seconds
        hash = KeyedHash128(key: key)
    }

    private static func clamped(_ entries: Int) -> Int { min(max(entries, 1), maximumEntries) }

    /// The key of the fingerprints.
    public var key: KeyedHash128.Key { hash.key }

    /// What stands for a session handle here.
    public func fingerprint(_ handle: Span<UInt8>) -> SessionFingerprint {
        let (low, high) = hash.hash(handle)
        return SessionFingerprint(low: low, high: high)
    }

    /// Whether the session was dropped.
    public func contains(_ fingerprint: SessionFingerprint) -> Bool {
        place(of: fingerprint) != Entry.none
    }

    /// Drops a session. One that was dropped before stays so for `keep` from the later instant on.
    ///
    /// - Returns: whether it was not in the table.
    @discardableResult
    public mutating func drop(_ session: RevokedSession) -> Bool {
        let seconds = Self.seconds(session.instant)
        let place = place(of: session.fingerprint)
        guard place == Entry.none else {
            renew(Int(place), seconds)
            return false
        }
        if count >= limit { evictOldest() }
        append(Entry(session.fingerprint, seconds: seconds))
        epoch &+= 1
        return true
    }

    /// Drops what another thread dropped, and moves the mark to its mark.
    public mutating func take(_ news: RevocationNews) {
        for session in news.sessions { drop(session) }
        moveMark(to: news.mark)
    }

    /// Drops what was dropped before a start.
    public mutating func take(_ seed: RevocationSeed) {
        for session in seed.sessions { drop(session) }
        moveMark(to: seed.mark)
    }

    /// Tokens created before the mark are asked of the core; an earlier mark than there is does
    /// nothing.
    public mutating func moveMark(to mark: Int64) {
        guard mark > self.mark else { return }
        self.mark = mark
        epoch &+= 1
    }

    /// When the next entry leaves by age, in milliseconds since the epoch; `Int64.max` = never.
    public var nextExpiry: Int64 {
        oldest == Entry.none ? .max : expiry(Int(oldest))
    }

    /// Lets go of entries that are older than `keep`; of very many, some.
    public mutating func expire(wallMilliseconds: Int64) {
        var renewals = 0
        for _ in 0..<Self.expiriesPerCall where oldest != Entry.none {
            if expiry(Int(oldest)) <= wallMilliseconds {
                removeOldest()
            } else if entries[Int(oldest)].isRenewed, renewals < Self.renewalsPerCall {
                renewals += 1
                moveOldestToEnd()
            } else {
                return
            }
        }
    }

    /// Takes other limits over; a smaller table lets go of the oldest entries.
    public mutating func replaceLimits(entries newLimit: Int, keep: Duration) {
        keepSeconds = keep.components.seconds
        let newLimit = Self.clamped(newLimit)
        guard newLimit != limit else { return }
        let kept = sessions
        limit = newLimit
        entries = []
        buckets = []
        free = Entry.none
        oldest = Entry.none
        newest = Entry.none
        count = 0
        for session in kept { drop(session) }
    }

    /// All that is in the table, oldest first; the instants are whole seconds, rounded up.
    public var sessions: [RevokedSession] {
        var result: [RevokedSession] = []
        result.reserveCapacity(count)
        var index = oldest
        while index != Entry.none {
            let entry = entries[Int(index)]
            result.append(
                RevokedSession(fingerprint: entry.fingerprint, instant: entry.milliseconds)
            )
            index = entry.later
        }
        return result
    }
}

extension RevokedSessions {
    /// One dropped session. Words of 32 bits, so that nothing is lost to alignment.
    private struct Entry {
        private let words: (UInt32, UInt32, UInt32, UInt32)
        /// When it was dropped last: seconds since the epoch.
        var seconds: UInt32
        /// The next of the same bucket.
        var next = Entry.none
        /// The one dropped after it, or the next free place; the highest bit is `isRenewed`.
        private var laterAndRenewed = Entry.none

        static let none = UInt32.max >> 1
        private static let renewed: UInt32 = 1 << 31

        init(_ fingerprint: SessionFingerprint, seconds: UInt32) {
            words = (
                UInt32(truncatingIfNeeded: fingerprint.low),
                UInt32(truncatingIfNeeded: fingerprint.low >> 32),
                UInt32(truncatingIfNeeded: fingerprint.high),
                UInt32(truncatingIfNeeded: fingerprint.high >> 32)
            )
            self.seconds = seconds
        }

        var fingerprint: SessionFingerprint {
            SessionFingerprint(
                low: UInt64(words.0) | UInt64(words.1) << 32,
                high: UInt64(words.2) | UInt64(words.3) << 32
            )
        }

        var milliseconds: Int64 { Int64(seconds) * 1000 }

        var later: UInt32 {
            get { laterAndRenewed & Entry.none }
            set { laterAndRenewed = newValue | (laterAndRenewed & Entry.renewed) }
        }

        /// Whether it was dropped again since it came to its place in the order.
        var isRenewed: Bool {
            get { laterAndRenewed & Entry.renewed != 0 }
            set { laterAndRenewed = later | (newValue ? Entry.renewed : 0) }
        }
    }

    /// Rounded up, so that no entry leaves early and no mark is too low.
    private static func seconds(_ milliseconds: Int64) -> UInt32 {
        UInt32(clamping: milliseconds / 1000 &+ (milliseconds % 1000 > 0 ? 1 : 0))
    }

    private func expiry(_ place: Int) -> Int64 {
        (Int64(entries[place].seconds) &+ keepSeconds).multipliedOrMaximum(by: 1000)
    }

    private func bucket(_ fingerprint: SessionFingerprint) -> Int {
        Int(truncatingIfNeeded: fingerprint.low & UInt64(buckets.count - 1))
    }

    private func place(of fingerprint: SessionFingerprint) -> UInt32 {
        guard count > 0 else { return Entry.none }
        var index = buckets[bucket(fingerprint)]
        while index != Entry.none, entries[Int(index)].fingerprint != fingerprint {
            index = entries[Int(index)].next
        }
        return index
    }

    private mutating func renew(_ place: Int, _ seconds: UInt32) {
        guard seconds > entries[place].seconds else { return }
        entries[place].seconds = seconds
        entries[place].isRenewed = true
    }

    /// Puts an entry into a free place, a bucket, and at the end of the order.
    private mutating func append(_ entry: Entry) {
        if buckets.isEmpty { makeRoom() }
        let index: UInt32
        if free != Entry.none {
            index = free
            free = entries[Int(index)].later
            entries[Int(index)] = entry
        } else {
            index = UInt32(entries.count)
            entries.append(entry)
        }
        let bucket = bucket(entry.fingerprint)
        entries[Int(index)].next = buckets[bucket]
        buckets[bucket] = index
        putLast(index)
        count += 1
    }

    /// All buckets at once, so that no drop has to rehash; places are touched when they are filled.
    private mutating func makeRoom() {
        let bits = Int.bitWidth - (limit - 1).leadingZeroBitCount
        buckets = [UInt32](repeating: Entry.none, count: 1 << bits)
        entries.reserveCapacity(limit)
    }

    private mutating func putLast(_ index: UInt32) {
        entries[Int(index)].later = Entry.none
        if newest == Entry.none { oldest = index } else { entries[Int(newest)].later = index }
        newest = index
    }

    private mutating func takeOldest() -> UInt32 {
        let index = oldest
        oldest = entries[Int(index)].later
        if oldest == Entry.none { newest = Entry.none }
        return index
    }

    private mutating func moveOldestToEnd() {
        entries[Int(oldest)].isRenewed = false
        putLast(takeOldest())
    }

    private mutating func evictOldest() {
        for _ in 0..<Self.renewalsPerCall where entries[Int(oldest)].isRenewed {
            moveOldestToEnd()
        }
        removeOldest()
    }

    /// The entry leaves; whose it was is known no more.
    private mutating func removeOldest() {
        let index = takeOldest()
        let entry = entries[Int(index)]
        unlink(index, from: bucket(entry.fingerprint))
        entries[Int(index)].later = free
        free = index
        count -= 1
        moveMark(to: entry.milliseconds &+ Self.markMargin)
    }

    private mutating func unlink(_ index: UInt32, from bucket: Int) {
        let next = entries[Int(index)].next
        guard buckets[bucket] != index else {
            buckets[bucket] = next
            return
        }
        var before = Int(buckets[bucket])
        while entries[before].next != index { before = Int(entries[before].next) }
        entries[before].next = next
    }
}

extension Int64 {
    fileprivate func multipliedOrMaximum(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

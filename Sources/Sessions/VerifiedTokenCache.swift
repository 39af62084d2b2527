internal import Bytes
internal import Cryptography

/// What the verified-token cache did so far.
public struct TokenCacheStatistics: Sendable, Equatable {
    /// Look-ups that found their token.
    public var hits: UInt64 = 0
    /// Look-ups that did not.
    public var misses: UInt64 = 0
    /// Entries that made room for others.
    public var evictions: UInt64 = 0
    /// Entries that look-ups find now.
    public var entries = 0
    /// Bytes of these entries.
    public var bytes = 0
    /// Requests that hold an entry now.
    public var pinned = 0

    /// Nothing done.
    public init() {}
}

/// One worker's verified tokens: from a credential's raw bytes to all that the rewrite needs.
///
/// An entry is found by a keyed hash and a comparison of every byte, never by a hash alone. Entries
/// leave by the clock algorithm, when they expire, or when the key that verified them leaves the
/// key set. A pinned entry that leaves can be read until it is released.
struct VerifiedTokenCache: ~Copyable {
    private var slots: [CacheSlot] = []
    private var buckets: [UInt32]
    private var freeSlot = CacheSlot.none
    private var hand = 0
    private let hash: KeyedHash
    /// Bytes of all entries, and entries, at most.
    private var byteLimit: Int
    private var entryLimit: Int
    private(set) var statistics = TokenCacheStatistics()
    /// Handles of entries that made room for others before their sessions were taken as in use.
    private var leftInUse: [[UInt8]] = []

    /// - Parameters:
    ///   - bytes: memory for entries and their places.
    ///   - hash: with a key of its own.
    init(bytes: Int, hash: KeyedHash = KeyedHash()) {
        self.hash = hash
        entryLimit = Self.entryLimit(bytes)
        byteLimit = max(bytes - entryLimit * Self.placeBytes, 0)
        buckets = Self.emptyBuckets(entryLimit)
        slots.reserveCapacity(entryLimit)
    }

    deinit {
        for slot in slots { slot.deallocate() }
    }

    /// Bytes of a V5 token's entry with its place.
    private static let typicalEntryBytes = 1024
    /// Bytes of a place and of its share of the buckets.
    private static let placeBytes = MemoryLayout<CacheSlot>.stride + 8
    /// Entries of one bucket: whoever finds credentials that share a hash pushes out only these.
    private static let bucketDepth = 8
    /// Entries the hand spares in one eviction, and entries it looks at in all.
    private static let secondChances = 64
    private static let handSteps = 1024
    /// The signature is the token's most random part and stands at its end.
    private static let hashedBytes = 64

    /// Finds an entry that has not expired, and pins it.
    mutating func find(
        _ credential: Span<UInt8>,
        kind: CredentialKind,
        wallMilliseconds: Int64
    ) -> UInt32? {
        let hash = hash(credential, kind)
        var index = buckets[bucket(hash)]
        while index != CacheSlot.none {
            let place = Int(index)
            if slots[place].hash == hash, slots[place].kind == kind,
                slots[place].matches(credential)
            {
                return pin(index, wallMilliseconds: wallMilliseconds)
            }
            index = slots[place].next
        }
        statistics.misses &+= 1
        return nil
    }

    /// Stores a verified session and pins its entry. What does not fit, or shall not be found by
    /// others, is not listed: it is there for this request only.
    mutating func insert(
        _ session: VerifiedSession,
        credential: Span<UInt8>,
        kind: CredentialKind,
        isListed: Bool = true,
        wallMilliseconds: Int64
    ) -> UInt32 {
        let fits = isListed && makeRoom(CacheSlot.cost(session, credential: credential))
        let hash = hash(credential, kind)
        let index = takeSlot()
        let place = Int(index)
        slots[place].fill(
            session,
            credential: credential,
            kind: kind,
            hash: hash,
            addedAt: wallMilliseconds
        )
        slots[place].pins = 1
        statistics.pinned += 1
        if fits { list(index) }
        return index
    }

    /// The entry's reference for the request that pinned it.
    func reference(_ index: UInt32, wallMilliseconds: Int64) -> SessionReference {
        let slot = slots[Int(index)]
        return SessionReference(
            slot: index,
            generation: slot.generation,
            isCookieBorne: slot.kind == .cookie,
            format: slot.format,
            jwtIsAccessToken: slot.jwtIsAccessToken,
            claimFailures: slot.claimFailures(wallMilliseconds: wallMilliseconds),
            hasDelivery: slot.hasDelivery
        )
    }

    /// Ends one pin; a reference that holds none does nothing.
    mutating func release(_ reference: SessionReference) {
        guard isPinned(reference) else { return }
        let place = Int(reference.slot)
        slots[place].pins -= 1
        statistics.pinned -= 1
        if slots[place].pins == 0, !slots[place].isListed { free(reference.slot) }
    }

    /// Whether the reference names an entry that is still there.
    func isPinned(_ reference: SessionReference) -> Bool {
        let place = Int(reference.slot)
        return place < slots.count && slots[place].generation == reference.generation
            && slots[place].pins > 0
    }

    /// Drops every entry and takes a new size.
    mutating func removeAll(bytes: Int) {
        for index in slots.indices where slots[index].isListed { unlist(UInt32(index)) }
        entryLimit = Self.entryLimit(bytes)
        byteLimit = max(bytes - entryLimit * Self.placeBytes, 0)
        buckets = Self.emptyBuckets(entryLimit)
    }

    /// Drops the entries that any other key verified.
    mutating func keepOnly(keys: [UInt32]) {
        for index in slots.indices where slots[index].isListed {
            if !keys.contains(slots[index].keyIdentity) { unlist(UInt32(index)) }
        }
    }
}

extension VerifiedTokenCache {
    /// Whether the session of a pinned entry still stands: one comparison while nothing was dropped
    /// since it was asked last. A dropped one's entry is found no more.
    mutating func standing(
        _ reference: SessionReference,
        in revoked: borrowing RevokedSessions
    ) -> SessionStanding {
        guard isPinned(reference) else { return .dropped }
        let place = Int(reference.slot)
        guard slots[place].checkedEpoch != revoked.epoch else { return .accepted }
        guard !revoked.contains(fingerprint(place, revoked)) else {
            if slots[place].isListed { unlist(reference.slot) }
            return .dropped
        }
        guard slots[place].createdAt >= revoked.mark || slots[place].confirmedMark >= revoked.mark
        else { return .unknown }
        slots[place].checkedEpoch = revoked.epoch
        return .accepted
    }

    private func fingerprint(
        _ place: Int,
        _ revoked: borrowing RevokedSessions
    ) -> SessionFingerprint {
        revoked.fingerprint(CacheSlot.bytes(.sessionHandle, ofSlot: place, in: slots))
    }

    /// Notes that the core said, at this mark, that the session stands.
    mutating func confirm(_ reference: SessionReference, mark: Int64) {
        guard isPinned(reference) else { return }
        let place = Int(reference.slot)
        slots[place].confirmedMark = max(slots[place].confirmedMark, mark)
    }

    /// Takes the handles of a share's sessions that were found since they were taken last, and of
    /// those that made room for others. A handle comes once for each of its tokens.
    ///
    /// - Parameters:
    ///   - share: the places that are looked at.
    ///   - handles: gets them, up to `SessionShare.maximumHandles` in all. The others stay for a
    ///     later round: each begins elsewhere in the share.
    mutating func takeInUse(_ share: SessionShare, into handles: inout [[UInt8]]) {
        let left = min(leftInUse.count, max(SessionShare.maximumHandles - handles.count, 0))
        handles += leftInUse.suffix(left)
        leftInUse.removeLast(left)
        let places = share.places(of: slots.count)
        for step in 0..<places.count where handles.count < SessionShare.maximumHandles {
            let offset = (step &+ share.round &* SessionShare.maximumHandles) % places.count
            let place = places.lowerBound + offset
            guard slots[place].isListed, slots[place].isInUse else { continue }
            slots[place].isInUse = false
            handles.append(CacheSlot.bytes(.sessionHandle, ofSlot: place, in: slots).copied())
        }
    }

    /// Whether a pinned entry has no field because its JWT is too long.
    func hasTooLongJWT(_ reference: SessionReference) -> Bool {
        isPinned(reference) && slots[Int(reference.slot)].jwtIsTooLong
    }

    /// What a pinned entry holds; nothing when the reference is stale.
    @_lifetime(borrow self)
    func bytes(_ part: CacheSlot.Part, of reference: SessionReference) -> Span<UInt8> {
        guard isPinned(reference) else { return Span() }
        return CacheSlot.bytes(part, ofSlot: Int(reference.slot), in: slots)
    }
}

extension VerifiedTokenCache {
    private mutating func pin(_ index: UInt32, wallMilliseconds: Int64) -> UInt32? {
        let place = Int(index)
        // A clock set back would lengthen the entry's life: it is verified again instead.
        guard wallMilliseconds < slots[place].expiry,
            wallMilliseconds >= slots[place].addedAt - 1000
        else {
            unlist(index)
            statistics.misses &+= 1
            return nil
        }
        slots[place].pins += 1
        slots[place].isReferenced = true
        slots[place].isInUse = true
        statistics.pinned += 1
        statistics.hits &+= 1
        return index
    }

    private static func entryLimit(_ bytes: Int) -> Int { max(bytes, 0) / typicalEntryBytes }

    private static func emptyBuckets(_ entryLimit: Int) -> [UInt32] {
        // The power of two above the number of entries: seldom two in a bucket.
        let count = 1 << (Int.bitWidth - max(entryLimit, 1).leadingZeroBitCount)
        return [UInt32](repeating: CacheSlot.none, count: count)
    }

    private func hash(_ credential: Span<UInt8>, _ kind: CredentialKind) -> UInt64 {
        let start = max(credential.count - Self.hashedBytes, 0)
        return hash.hash(
            credential.extracting(start..<credential.count),
            seed: UInt64(credential.count) << 2 | UInt64(kind.rawValue)
        )
    }

    private func bucket(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash & UInt64(buckets.count - 1))
    }

    private mutating func list(_ index: UInt32) {
        let place = Int(index)
        let bucket = bucket(slots[place].hash)
        slots[place].next = buckets[bucket]
        slots[place].isListed = true
        slots[place].isReferenced = false
        slots[place].isInUse = true
        buckets[bucket] = index
        statistics.entries += 1
        statistics.bytes += slots[place].blockBytes
        trim(bucket)
    }

    private mutating func trim(_ bucket: Int) {
        var depth = 0
        var index = buckets[bucket]
        var last = index
        while index != CacheSlot.none {
            depth += 1
            last = index
            index = slots[Int(index)].next
        }
        guard depth > Self.bucketDepth else { return }
        noteInUse(Int(last))
        unlist(last)
        statistics.evictions &+= 1
    }

    /// Look-ups find the entry no longer; it is freed unless it is pinned.
    private mutating func unlist(_ index: UInt32) {
        let place = Int(index)
        let bucket = bucket(slots[place].hash)
        if buckets[bucket] == index {
            buckets[bucket] = slots[place].next
        } else {
            var before = Int(buckets[bucket])
            while slots[before].next != index { before = Int(slots[before].next) }
            slots[before].next = slots[place].next
        }
        slots[place].isListed = false
        statistics.entries -= 1
        statistics.bytes -= slots[place].blockBytes
        if slots[place].pins == 0 { free(index) }
    }

    private mutating func takeSlot() -> UInt32 {
        if freeSlot != CacheSlot.none {
            let index = freeSlot
            freeSlot = slots[Int(index)].next
            return index
        }
        slots.append(CacheSlot())
        return UInt32(slots.count - 1)
    }

    private mutating func free(_ index: UInt32) {
        slots[Int(index)].clear()
        slots[Int(index)].next = freeSlot
        freeSlot = index
    }

    /// Evicts until `bytes` more fit; false when they never will, or too much is pinned.
    private mutating func makeRoom(_ bytes: Int) -> Bool {
        guard bytes <= byteLimit, entryLimit > 0 else { return false }
        while statistics.bytes + bytes > byteLimit || statistics.entries >= entryLimit {
            guard evict() else { return false }
        }
        return true
    }

    /// Moves the hand to an entry that nobody holds and that was not found since it last passed.
    private mutating func evict() -> Bool {
        var spared = 0
        for _ in 0..<min(slots.count * 2, Self.handSteps) {
            hand = hand + 1 < slots.count ? hand + 1 : 0
            guard slots[hand].isListed, slots[hand].pins == 0 else { continue }
            if slots[hand].isReferenced, spared < Self.secondChances {
                slots[hand].isReferenced = false
                spared += 1
                continue
            }
            noteInUse(hand)
            unlist(UInt32(hand))
            statistics.evictions &+= 1
            return true
        }
        return false
    }

    /// An entry leaves while its session is in use.
    private mutating func noteInUse(_ place: Int) {
        guard slots[place].isInUse, leftInUse.count < SessionShare.maximumEvicted else { return }
        leftInUse.append(CacheSlot.bytes(.sessionHandle, ofSlot: place, in: slots).copied())
    }
}

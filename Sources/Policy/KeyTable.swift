import Bytes

/// A hash of byte runs, read bytewise so that the hashes of all prefixes (or suffixes) of a key
/// come from one pass over it.
///
/// Its keys come from the configuration, never from a peer, so nobody can make them collide.
struct RunningHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
}

/// Byte strings to numbers, each under a tag that keeps tables in one storage apart.
///
/// Built once, then read without allocation: open addressing over flat arrays.
struct KeyTable {
    private struct Key {
        var hash: UInt64
        var tag: UInt32
        var offset: UInt32
        var count: UInt32
        var value: Int32
    }

    private var bytes: [UInt8] = []
    private var keys: [Key] = []
    /// Indices of keys, plus one; 0 = free. A power of two, at most half full.
    private var slots: [UInt32] = [0, 0]
    private var shift: UInt64 = 63
    /// Which lengths keys have, those from 63 on in the last bit: spares most probes.
    private var lengths: UInt64 = 0

    /// Bytes of the longest key.
    private(set) var maximumCount = 0

    var isEmpty: Bool { keys.isEmpty }

    /// Adds a key that is not there.
    mutating func insert(_ key: [UInt8], tag: UInt32, value: Int) {
        var hash = RunningHash()
        for byte in key { hash.add(byte) }
        insert(key, hash: hash, tag: tag, value: value)
    }

    /// Adds a key whose bytes were hashed from the last to the first.
    mutating func insertReversed(_ key: [UInt8], tag: UInt32, value: Int) {
        var hash = RunningHash()
        for byte in key.reversed() { hash.add(byte) }
        insert(key, hash: hash, tag: tag, value: value)
    }

    private mutating func insert(_ key: [UInt8], hash: RunningHash, tag: UInt32, value: Int) {
        keys.append(
            Key(
                hash: hash.value,
                tag: tag,
                offset: UInt32(bytes.count),
                count: UInt32(key.count),
                value: Int32(value)
            )
        )
        bytes.append(contentsOf: key)
        maximumCount = max(maximumCount, key.count)
        lengths |= 1 &<< UInt64(min(key.count, 63))
        if keys.count * 2 > slots.count {
            slots = [UInt32](repeating: 0, count: slots.count * 4)
            shift -= 2
            for index in keys.indices { place(index) }
        } else {
            place(keys.count - 1)
        }
    }

    private mutating func place(_ index: Int) {
        var slot = home(keys[index].hash, keys[index].tag)
        while slots[slot] != 0 { slot = (slot &+ 1) & (slots.count &- 1) }
        slots[slot] = UInt32(index + 1)
    }

    private func home(_ hash: UInt64, _ tag: UInt32) -> Int {
        let mixed = (hash ^ UInt64(tag) &* 0xD6E8_FEB8_6659_FD93) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed &>> shift)
    }

    /// The value of the key that lies at `range` of `text`; -1 when it is not there. `hash` is of
    /// the key's bytes, in the order they were inserted in.
    func find(_ hash: RunningHash, tag: UInt32, key range: Range<Int>, in text: Span<UInt8>) -> Int
    {
        guard lengths &>> UInt64(min(range.count, 63)) & 1 == 1 else { return -1 }
        var slot = home(hash.value, tag)
        while slots[slot] != 0 {
            let key = keys[Int(slots[slot] &- 1)]
            if key.hash == hash.value, key.tag == tag, Int(key.count) == range.count,
                isEqual(key, text.extracting(range))
            {
                return Int(key.value)
            }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        return -1
    }

    private func isEqual(_ key: Key, _ text: Span<UInt8>) -> Bool {
        let all = bytes.span
        return all.bytes(ByteRange(offset: key.offset, count: key.count)).equals(text)
    }
}

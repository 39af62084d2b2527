/// A keyed 64-bit hash for tables whose keys a peer chooses: SipHash-1-3 (Aumasson, Bernstein).
///
/// Without the key nobody can make collisions on purpose. It allocates nothing. Equal hashes are no
/// proof of equal bytes.
public struct KeyedHash: Sendable {
    private let key: (UInt64, UInt64)

    /// A hash with a key nobody knows.
    public init() {
        key = (SecureRandom.word, SecureRandom.word)
    }

    /// - Parameter key: 128 bits, as two little-endian words.
    public init(key: (UInt64, UInt64)) {
        self.key = key
    }

    /// The hash of `bytes`. A `seed` tells apart hashes of the same bytes for different uses: when
    /// it is not 0 it is hashed as eight bytes before the others.
    public func hash(_ bytes: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        var state = SipState(key: key)
        if seed != 0 { state.compress(seed, rounds: 1) }
        return state.hash(bytes, compression: 1, finalization: 3)
    }
}

/// SipHash's four words, for any number of rounds.
struct SipState {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    @inline(__always)
    init(key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736f_6d65_7073_6575
        v1 = key.1 ^ 0x646f_7261_6e64_6f6d
        v2 = key.0 ^ 0x6c79_6765_6e65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func compress(_ word: UInt64, rounds: Int) {
        v3 ^= word
        for _ in 0..<rounds { round() }
        v0 ^= word
    }

    /// Hashes the bytes as SipHash-c-d and gives the result.
    @inline(__always)
    mutating func hash(_ bytes: Span<UInt8>, compression: Int, finalization: Int) -> UInt64 {
        absorb(bytes, rounds: compression)
        return finish(mark: 0xff, rounds: finalization)
    }

    /// Hashes the bytes as SipHash-c-d with a result of 128 bits.
    @inline(__always)
    mutating func hash128(
        _ bytes: Span<UInt8>,
        compression: Int,
        finalization: Int
    ) -> (UInt64, UInt64) {
        v1 ^= 0xee
        absorb(bytes, rounds: compression)
        let first = finish(mark: 0xee, rounds: finalization)
        v1 ^= 0xdd
        for _ in 0..<finalization { round() }
        return (first, v0 ^ v1 ^ v2 ^ v3)
    }

    @inline(__always)
    private mutating func absorb(_ bytes: Span<UInt8>, rounds: Int) {
        let raw = unsafe bytes.bytes
        let whole = bytes.count & ~7
        var offset = 0
        while offset < whole {
            let word = unsafe raw.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset,
                as: UInt64.self
            )
            compress(UInt64(littleEndian: word), rounds: rounds)
            offset += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        var shift: UInt64 = 0
        while offset < bytes.count {
            last |= UInt64(bytes[offset]) << shift
            shift += 8
            offset += 1
        }
        compress(last, rounds: rounds)
    }

    @inline(__always)
    private mutating func finish(mark: UInt64, rounds: Int) -> UInt64 {
        v2 ^= mark
        for _ in 0..<rounds { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = rotated(v1, 13) ^ v0
        v0 = rotated(v0, 32)
        v2 &+= v3
        v3 = rotated(v3, 16) ^ v2
        v0 &+= v3
        v3 = rotated(v3, 21) ^ v0
        v2 &+= v1
        v1 = rotated(v1, 17) ^ v2
        v2 = rotated(v2, 32)
    }

    @inline(__always)
    private func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 {
        word &<< bits | word &>> (64 - bits)
    }
}

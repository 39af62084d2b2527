/// A keyed 128-bit hash for tables that keep no copy of what they hold: SipHash-2-4 with its long
/// result (Aumasson, Bernstein).
///
/// Without the key nobody can make collisions on purpose, and none happen by chance.
public struct KeyedHash128: Sendable, Equatable {
    /// The key, 16 bytes.
    public struct Key: Sendable, Equatable {
        /// The first eight bytes, little-endian.
        public var low: UInt64
        /// The last eight bytes, little-endian.
        public var high: UInt64

        /// A key of two little-endian words.
        public init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }

        /// A key nobody knows.
        public static var random: Key {
            Key(low: SecureRandom.word, high: SecureRandom.word)
        }
    }

    /// The key it hashes with.
    public let key: Key

    /// A hash with a key that was kept.
    public init(key: Key) {
        self.key = key
    }

    /// The hash of `bytes`: its two little-endian words.
    public func hash(_ bytes: Span<UInt8>) -> (UInt64, UInt64) {
        var state = SipState(key: (key.low, key.high))
        return state.hash128(bytes, compression: 2, finalization: 4)
    }
}

public import Bytes

/// Names requests: 128 bits that no other request of any process is likely to have. One generator
/// per worker; not a secret.
public struct RequestID: Sendable {
    private let key: (UInt64, UInt64)
    private var counter: UInt64 = 0

    /// A generator with a random key of its own.
    public init() {
        self.init(key: (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)))
    }

    init(key: (UInt64, UInt64)) {
        self.key = key
    }

    /// The next ID in two words; the first never repeats within a generator.
    public mutating func next() -> (UInt64, UInt64) {
        counter &+= 1
        let first = Self.mixed(key.0 &+ counter &* 0x9E37_79B9_7F4A_7C15)
        return (first, Self.mixed(key.1 ^ first))
    }

    /// Appends the next ID as 32 lower-case hexadecimal digits; nothing when there is no room.
    public mutating func next(into buffer: inout Buffer) {
        guard buffer.room >= 32 else { return }
        let (first, second) = next()
        // Put together first: one append is cheaper than 32.
        var digits = InlineArray<32, UInt8>(repeating: 0)
        for index in 0..<16 {
            let shift = UInt64(60 - 4 * index)
            digits[index] = Self.digit(first >> shift)
            digits[index + 16] = Self.digit(second >> shift)
        }
        buffer.append(digits.span)
    }

    private static func digit(_ word: UInt64) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: word & 0xF)
        return value < 10 ? 0x30 + value : 0x57 + value
    }

    /// A bijection whose every output bit depends on every input bit.
    private static func mixed(_ word: UInt64) -> UInt64 {
        var value = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

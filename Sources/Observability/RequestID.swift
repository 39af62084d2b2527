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
        Self.append(first, to: &buffer)
        Self.append(second, to: &buffer)
    }

    private static func append(_ word: UInt64, to buffer: inout Buffer) {
        for shift in stride(from: 60 as UInt64, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: word >> shift & 0xF)
            buffer.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }

    /// A bijection whose every output bit depends on every input bit.
    private static func mixed(_ word: UInt64) -> UInt64 {
        var value = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

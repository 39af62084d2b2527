/// Random bytes of the kernel's generator (getrandom(2)), fit for keys and identifiers.
public enum SecureRandom {
    /// 64 random bits.
    public static var word: UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    /// So many random bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        fill(&bytes)
        return bytes
    }

    /// Overwrites every byte.
    public static func fill(_ bytes: inout [UInt8]) {
        var generator = SystemRandomNumberGenerator()
        var index = 0
        while index < bytes.count {
            var word: UInt64 = generator.next()
            let end = min(index + 8, bytes.count)
            while index < end {
                bytes[index] = UInt8(truncatingIfNeeded: word)
                word >>= 8
                index += 1
            }
        }
    }
}

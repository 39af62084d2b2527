import TestSupport

/// The ways in which an input comes in pieces, each as the ends of its pieces.
enum Pieces {
    /// All at once.
    static func whole(_ input: [UInt8]) -> [Int] { [input.count] }

    /// Byte by byte, and cut at a few places that the input itself decides, so that a file repeats
    /// what it did.
    static func ways(_ input: [UInt8]) -> [[Int]] {
        [Array(0...input.count), drawn(input)]
    }

    /// In two pieces, cut at every place of an input that is not long.
    static func pairs(_ input: [UInt8]) -> [[Int]] {
        guard input.count <= 256 else { return [] }
        return input.indices.map { [$0, input.count] }
    }

    private static func drawn(_ input: [UInt8]) -> [Int] {
        // FNV-1a.
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in input { sum = (sum ^ UInt64(byte)) &* 0x0100_0000_01B3 }
        var numbers = SeededGenerator(seed: sum)
        var ends = [input.count]
        for _ in 0..<Int.random(in: 1...5, using: &numbers) {
            ends.append(Int.random(in: 0...input.count, using: &numbers))
        }
        return ends.sorted()
    }
}

/// Bytes as the rules name them; written anew here, so that no rule rests on what it judges.
enum Octets {
    static let lineEnd: [UInt8] = [0x0D, 0x0A]

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte
    }

    /// The name as a lenient server may read it: lower case, `_` and `.` as `-`.
    static func folded(_ name: some Sequence<UInt8>) -> [UInt8] {
        name.map { $0 == 0x5F || $0 == 0x2E ? 0x2D : lowercased($0) }
    }

    static func lowercased(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { lowercased($0) }
    }

    static func trimmed(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let front = Array(bytes.drop { isBlank($0) })
        return Array(front.reversed().drop { isBlank($0) }.reversed())
    }

    /// Whether the two are the same text, letters in any case.
    static func matches(_ bytes: some Sequence<UInt8>, _ text: String) -> Bool {
        lowercased(bytes).elementsEqual(text.utf8)
    }

    /// The value of a hexadecimal digit.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// Every whole percent escape decoded, once.
    static func decoded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x25, index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}

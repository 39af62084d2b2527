internal import Bytes

/// Decodes Base64 without padding, sixteen characters at a time and without a table, so that the
/// time it takes says nothing about what they are.
struct Base64Decoder {
    /// The characters for 62 and 63.
    private let last: (UInt8, UInt8)

    static let url = Base64Decoder(last: (UInt8(ascii: "-"), UInt8(ascii: "_")))
    static let standard = Base64Decoder(last: (UInt8(ascii: "+"), UInt8(ascii: "/")))

    private typealias Block = SIMD16<UInt8>
    private typealias Mask = SIMDMask<SIMD16<Int8>>

    /// The bytes replace those of `result`, whose storage is kept where it suffices.
    ///
    /// - Returns: false for a byte outside the alphabet, a count of characters that no bytes have,
    ///   and bits left over that are not zero; `result` means nothing then.
    func decode(_ text: Span<UInt8>, into result: inout [UInt8]) -> Bool {
        guard let count = Base64.decodedCount(text.count) else { return false }
        Self.resize(&result, to: count)
        var output = result.mutableSpan
        // Every character is looked at before the verdict: one test for all.
        var known = Mask(repeating: true)
        var read = 0
        var written = 0
        while read &+ 16 <= text.count {
            let low = text.word(at: read, size: 8)
            let high = text.word(at: read &+ 8, size: 8)
            let bits = decoded(low, high, &known)
            Self.store(bits, to: &output, at: written)
            read &+= 16
            written &+= 12
        }
        let rest = text.extracting(read..<text.count)
        return decodeRest(rest, to: &output, at: written, &known) && Self.all(known)
    }

    /// Fewer than sixteen characters are filled up with `A`, which stands for zero: what comes
    /// after their bytes then is the bits left over (RFC 4648 §3.5).
    private func decodeRest(
        _ text: Span<UInt8>,
        to output: inout MutableSpan<UInt8>,
        at start: Int,
        _ known: inout Mask
    ) -> Bool {
        var bits = decoded(Self.filled(text, from: 0), Self.filled(text, from: 8), &known)
        for index in start..<output.count {
            output[index] = UInt8(truncatingIfNeeded: bits.first &>> 56)
            bits.first = bits.first &<< 8 | bits.second &>> 56
            bits.second = bits.second &<< 8
        }
        return bits.first | bits.second == 0
    }

    /// Up to eight characters from `index` on, and `A` for those missing.
    private static func filled(_ text: Span<UInt8>, from index: Int) -> UInt64 {
        let fill: UInt64 = 0x4141_4141_4141_4141
        let count = min(text.count &- index, 8)
        guard count > 0 else { return fill }
        let characters = text.word(at: index, size: count)
        return count == 8 ? characters : characters | fill &<< UInt64(8 &* count)
    }

    /// The 96 bits that sixteen characters stand for, from the highest bit of `first` on; lanes of
    /// `known` are cleared for characters outside the alphabet.
    @inline(__always)
    private func decoded(
        _ low: UInt64,
        _ high: UInt64,
        _ known: inout Mask
    ) -> (first: UInt64, second: UInt64) {
        let characters = unsafe unsafeBitCast(SIMD2<UInt64>(low, high), to: Block.self)
        let capital = Self.within(characters, UInt8(ascii: "A"), count: 26)
        let small = Self.within(characters, UInt8(ascii: "a"), count: 26)
        let digit = Self.within(characters, UInt8(ascii: "0"), count: 10)
        let is62 = Self.within(characters, last.0, count: 1)
        let is63 = Self.within(characters, last.1, count: 1)
        known = known .& (capital .| small .| digit .| is62 .| is63)
        let distance =
            Self.distance(from: UInt8(ascii: "A"), to: 0, where: capital)
            | Self.distance(from: UInt8(ascii: "a"), to: 26, where: small)
            | Self.distance(from: UInt8(ascii: "0"), to: 52, where: digit)
            | Self.distance(from: last.0, to: 62, where: is62)
            | Self.distance(from: last.1, to: 63, where: is63)
        let values = unsafe unsafeBitCast(characters &+ distance, to: SIMD2<UInt64>.self)
        let (first, second) = (Self.packed(values[0]), Self.packed(values[1]))
        return (first &<< 16 | second &>> 32, second &<< 32)
    }

    /// What is to be added to a character that counts from `first` on, to get its value.
    @inline(__always)
    private static func distance(from first: UInt8, to value: UInt8, where mask: Mask) -> Block {
        Block().replacing(with: Block(repeating: value &- first), where: mask)
    }

    @inline(__always)
    private static func within(_ characters: Block, _ first: UInt8, count: UInt8) -> Mask {
        (characters &- Block(repeating: first)) .< Block(repeating: count)
    }

    /// Eight values of six bits, the first in the lowest byte, as 48 bits, the first highest.
    @inline(__always)
    private static func packed(_ values: UInt64) -> UInt64 {
        let eights = values.byteSwapped
        let twelves = eights & 0x003F_003F_003F_003F | eights &>> 2 & 0x0FC0_0FC0_0FC0_0FC0
        let twentyFours = twelves & 0x0FFF_0000_0FFF | twelves &>> 4 & 0x00FF_F000_00FF_F000
        return twentyFours & 0xFF_FFFF | twentyFours &>> 8 & 0xFFFF_FF00_0000
    }

    @inline(__always)
    private static func store(
        _ bits: (first: UInt64, second: UInt64),
        to output: inout MutableSpan<UInt8>,
        at index: Int
    ) {
        var bytes = unsafe output.mutableBytes
        bytes.storeBytes(of: bits.first.bigEndian, toByteOffset: index, as: UInt64.self)
        let rest = UInt32(truncatingIfNeeded: bits.second &>> 32)
        bytes.storeBytes(of: rest.bigEndian, toByteOffset: index &+ 8, as: UInt32.self)
    }

    private static func all(_ mask: Mask) -> Bool {
        let words = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        return words[0] & words[1] == .max
    }

    private static func resize(_ bytes: inout [UInt8], to count: Int) {
        if bytes.capacity < count {
            bytes = [UInt8](repeating: 0, count: count)
        } else if bytes.count < count {
            bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
        } else {
            bytes.removeLast(bytes.count - count)
        }
    }
}

/// Sixteen bytes looked at as one.
///
/// The comparisons are functions with the types spelled out because only then the compiler takes
/// the vector instructions: `block .== 0x0A`, the scalar written in place, compiles to a loop over
/// the lanes.
struct ByteBlock {
    typealias Mask = SIMDMask<SIMD16<Int8>>

    static let count = 16

    var bytes: SIMD16<UInt8>

    @inline(__always)
    init(_ bytes: SIMD16<UInt8>) {
        self.bytes = bytes
    }

    /// The lanes that hold `byte`.
    @inline(__always)
    func equal(_ byte: UInt8) -> Mask {
        bytes .== SIMD16<UInt8>(repeating: byte)
    }

    /// The lanes that hold `first` or one of the `count - 1` bytes that follow it.
    @inline(__always)
    func within(_ first: UInt8, count: UInt8) -> Mask {
        (bytes &- SIMD16<UInt8>(repeating: first)) .< SIMD16<UInt8>(repeating: count)
    }

    /// The block with bit 0x20 set: capital letters become small ones.
    @inline(__always)
    var lowercased: ByteBlock {
        ByteBlock(bytes | SIMD16<UInt8>(repeating: 0x20))
    }

    /// The lowest lane that is set; nil when none is.
    @inline(__always)
    static func first(_ mask: Mask) -> Int? {
        let words = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        let low = UInt64(littleEndian: words[0])
        let high = UInt64(littleEndian: words[1])
        if low | high == 0 { return nil }
        let bit = low != 0 ? low.trailingZeroBitCount : 64 &+ high.trailingZeroBitCount
        return bit &>> 3
    }
}

extension Span where Element == UInt8 {
    /// The sixteen bytes from `index` on, which the caller knows to lie inside the span.
    @unsafe @inline(__always)
    func block(at index: Int) -> ByteBlock {
        unsafe ByteBlock(
            bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: SIMD16<UInt8>.self)
        )
    }
}

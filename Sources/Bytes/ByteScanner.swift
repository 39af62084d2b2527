/// Finding the next byte of interest, sixteen at a time. What each function reads lies inside the
/// span: the bounds are checked once, the loads behind them are not.
extension Span where Element == UInt8 {
    /// The first index of `start..<end` that holds `byte`; `end` when none does.
    public func scan(for byte: UInt8, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        let wanted = SIMD16<UInt8>(repeating: byte)
        var index = start
        while end &- index >= 16 {
            if let lane = unsafe firstLane(sixteen(at: index) .== wanted) { return index &+ lane }
            index &+= 16
        }
        while index < end, unsafe self[unchecked: index] != byte { index &+= 1 }
        return index
    }

    /// The first index of `start..<end` that may not stand in a field value (RFC 9110 §5.5): a
    /// control byte other than HTAB; `end` when every byte may.
    public func scanFieldValue(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        var index = start
        while index < end, count &- index >= 16 {
            let bytes = unsafe sixteen(at: index)
            let tab = bytes .== SIMD16(repeating: 0x09)
            let control = (bytes .< SIMD16(repeating: 0x20)) .& .!tab
            if let lane = firstLane(control .| (bytes .== SIMD16(repeating: 0x7F))) {
                return min(index &+ lane, end)
            }
            index &+= 16
        }
        while index < end, unsafe self[unchecked: index].isFieldContent { index &+= 1 }
        return end < index ? end : index
    }

    /// The first index of `start..<end` that holds no `tchar` (RFC 9110 §5.6.2); `end` when all do.
    public func scanToken(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        var index = start
        while index < end {
            if count &- index >= 16 {
                guard let lane = firstLane(.!commonInTokens(unsafe sixteen(at: index))) else {
                    index &+= 16
                    continue
                }
                index &+= lane
                if index >= end { return end }
            }
            guard unsafe self[unchecked: index].isTokenByte else { return index }
            index &+= 1
        }
        return end < index ? end : index
    }

    /// The first index of `start..<end` that holds no visible ASCII (0x21–0x7E); `end` when all do.
    public func scanVisible(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        var index = start
        while index < end, count &- index >= 16 {
            let shifted = unsafe sixteen(at: index) &- SIMD16(repeating: 0x21)
            if let lane = firstLane(shifted .> SIMD16(repeating: 0x5D)) {
                return min(index &+ lane, end)
            }
            index &+= 16
        }
        while index < end, unsafe self[unchecked: index] &- 0x21 < 0x5E { index &+= 1 }
        return end < index ? end : index
    }

    /// The `size` bytes (1 to 8) at `offset` as a number, the first byte lowest; the rest is zero.
    public func word(at offset: Int, size: Int) -> UInt64 {
        precondition(offset >= 0 && size > 0 && size <= 8 && size <= count &- offset)
        let raw = unsafe bytes
        if size == 8 {
            return unsafe UInt64(
                littleEndian: raw.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset,
                    as: UInt64.self
                )
            )
        }
        if size >= 4 {
            // Two loads that overlap: the bytes they share are the same.
            let low = unsafe UInt32(
                littleEndian: raw.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset,
                    as: UInt32.self
                )
            )
            let high = unsafe UInt32(
                littleEndian: raw.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset &+ size &- 4,
                    as: UInt32.self
                )
            )
            return UInt64(low) | UInt64(high) << UInt64((size &- 4) &* 8)
        }
        var word: UInt64 = 0
        var index = size
        while index > 0 {
            index &-= 1
            word = unsafe word << 8 | UInt64(self[unchecked: offset &+ index])
        }
        return word
    }

    /// The byte at `index`, which the caller knows to lie inside the span.
    @unsafe @inlinable @inline(__always)
    func sixteen(at index: Int) -> SIMD16<UInt8> {
        unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: SIMD16<UInt8>.self)
    }
}

extension UInt8 {
    /// Whether the byte is a `tchar` (RFC 9110 §5.6.2).
    @inlinable public var isTokenByte: Bool {
        // One bit for each byte below 0x80: `!#$%&'*+-.^_`|~`, digits and letters.
        let set: UInt64 = self < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return self < 128 && (set >> UInt64(self & 63)) & 1 == 1
    }

    /// Whether the byte may stand in a field value (RFC 9110 §5.5): no control byte but HTAB.
    @inlinable public var isFieldContent: Bool { (self >= 0x20 && self != 0x7F) || self == 0x09 }
}

/// Letters, digits, `-` and `_`: nearly every byte of nearly every field name.
@inline(__always)
private func commonInTokens(_ bytes: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
    let folded = bytes | SIMD16(repeating: 0x20)
    let letters = (folded &- SIMD16(repeating: 0x61)) .< SIMD16(repeating: 26)
    let digits = (bytes &- SIMD16(repeating: 0x30)) .< SIMD16(repeating: 10)
    let marks = (bytes .== SIMD16(repeating: 0x2D)) .| (bytes .== SIMD16(repeating: 0x5F))
    return letters .| digits .| marks
}

/// The lowest lane that is set.
@inline(__always)
private func firstLane(_ mask: SIMDMask<SIMD16<Int8>>) -> Int? {
    let words = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    let low = UInt64(littleEndian: words[0])
    if low != 0 { return low.trailingZeroBitCount &>> 3 }
    let high = UInt64(littleEndian: words[1])
    if high != 0 { return 8 &+ high.trailingZeroBitCount &>> 3 }
    return nil
}

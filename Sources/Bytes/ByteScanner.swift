import Glibc

/// Finding the next byte of interest, sixteen at a time. What each function reads lies inside the
/// span: the bounds are checked once, the loads behind them are not.
extension Span where Element == UInt8 {
    /// The first index of `start..<end` that holds `byte`; `end` when none does.
    public func scan(for byte: UInt8, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        guard start < end else { return end }
        // One byte is what the C library looks for with the widest vectors the processor has.
        return unsafe withUnsafeBufferPointer { memory in
            guard let base = memory.baseAddress,
                let found = unsafe memchr(base + start, CInt(byte), end &- start)
            else { return end }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// The first index of `start..<end` that may not stand in a field value (RFC 9110 §5.5): a
    /// control byte other than HTAB; `end` when every byte may.
    public func scanFieldValue(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        var index = start
        while end &- index >= 4 &* ByteBlock.count {
            let first = unsafe block(at: index).control
            let second = unsafe block(at: index &+ ByteBlock.count).control
            let third = unsafe block(at: index &+ 2 &* ByteBlock.count).control
            let fourth = unsafe block(at: index &+ 3 &* ByteBlock.count).control
            guard ByteBlock.first((first .| second) .| (third .| fourth)) == nil else { break }
            index &+= 4 &* ByteBlock.count
        }
        while index < end, count &- index >= ByteBlock.count {
            if let lane = ByteBlock.first(unsafe block(at: index).control) {
                return min(index &+ lane, end)
            }
            index &+= ByteBlock.count
        }
        while index < end, unsafe self[unchecked: index].isFieldContent { index &+= 1 }
        return min(index, end)
    }

    /// The first index of `start..<end` that holds no visible ASCII (0x21–0x7E); `end` when all do.
    public func scanVisible(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        var index = start
        while index < end, count &- index >= ByteBlock.count {
            if let lane = ByteBlock.first(.!(unsafe block(at: index).within(0x21, count: 0x5E))) {
                return min(index &+ lane, end)
            }
            index &+= ByteBlock.count
        }
        while index < end, unsafe self[unchecked: index] &- 0x21 < 0x5E { index &+= 1 }
        return min(index, end)
    }

    /// The first index of `start..<end` that may not stand for itself in a JSON string (RFC 8259
    /// §7): a quotation mark, a reverse solidus, or a byte below 0x20; `end` when every byte may.
    public func scanJSONText(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        var index = start
        while index < end, count &- index >= ByteBlock.count {
            if let lane = ByteBlock.first(unsafe block(at: index).specialInJSON) {
                return min(index &+ lane, end)
            }
            index &+= ByteBlock.count
        }
        while index < end, unsafe !self[unchecked: index].isSpecialInJSON { index &+= 1 }
        return min(index, end)
    }

    /// The first index of `start..<end` that holds no `tchar` (RFC 9110 §5.6.2); `end` when all do.
    public func scanToken(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        var index = start
        while index < end {
            if count &- index >= ByteBlock.count {
                guard let lane = ByteBlock.first(.!(unsafe block(at: index).commonInTokens)) else {
                    index &+= ByteBlock.count
                    continue
                }
                index &+= lane
                if index >= end { return end }
            }
            guard unsafe self[unchecked: index].isTokenByte else { return index }
            index &+= 1
        }
        return min(index, end)
    }

    /// The `size` bytes (1 to 8) at `offset` as a number, the first byte lowest; the rest is zero.
    @inlinable @inline(__always)
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

extension UInt8 {
    fileprivate var isSpecialInJSON: Bool { self < 0x20 || self == 0x22 || self == 0x5C }
}

extension ByteBlock {
    /// Quotation marks, reverse solidi and control bytes.
    @inline(__always)
    fileprivate var specialInJSON: Mask {
        within(0, count: 0x20) .| equal(0x22) .| equal(0x5C)
    }

    /// Letters, digits, `-` and `_`: nearly every byte of nearly every field name.
    @inline(__always)
    fileprivate var commonInTokens: Mask {
        let letters = lowercased.within(0x61, count: 26)
        let digits = within(0x30, count: 10)
        return letters .| digits .| equal(0x2D) .| equal(0x5F)
    }

    /// Control bytes but HTAB.
    @inline(__always)
    fileprivate var control: Mask {
        (within(0, count: 0x20) .& .!equal(0x09)) .| equal(0x7F)
    }
}

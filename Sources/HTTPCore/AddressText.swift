import Bytes

/// IPv4 addresses in text: four decimal numbers, no leading zeros (RFC 6943 §3.1.1 tells why).
enum IPv4Text {
    /// - Returns: nil when `text` is no address.
    static func read(_ text: Span<UInt8>) -> UInt32? {
        var address: UInt32 = 0
        var index = 0
        for part in 0..<4 {
            if part > 0 {
                guard index < text.count, text[index] == UInt8(ascii: ".") else { return nil }
                index &+= 1
            }
            guard let (value, end) = readNumber(text, at: index) else { return nil }
            address = address &<< 8 | UInt32(value)
            index = end
        }
        return index == text.count ? address : nil
    }

    private static func readNumber(_ text: Span<UInt8>, at start: Int) -> (UInt8, Int)? {
        var value = 0
        var index = start
        while index < text.count, index &- start < 4, text[index].isDigit {
            value = value &* 10 &+ Int(text[index] &- 0x30)
            index &+= 1
        }
        let digits = index &- start
        guard digits >= 1, digits <= 3, digits == 1 || text[start] != UInt8(ascii: "0"),
            let octet = UInt8(exactly: value)
        else { return nil }
        return (octet, index)
    }
}

/// IPv6 addresses in text (RFC 4291 §2.2), without brackets and without a zone.
enum IPv6Text {
    /// Eight groups of 16 bits, the first in the highest bits.
    struct Address: Equatable {
        var high: UInt64 = 0
        var low: UInt64 = 0

        subscript(group: Int) -> UInt16 {
            get {
                let word = group < 4 ? high : low
                return UInt16(truncatingIfNeeded: word &>> UInt64(48 &- (group & 3) &* 16))
            }
            set {
                let shift = UInt64(48 &- (group & 3) &* 16)
                let cleared = ~(UInt64(0xFFFF) &<< shift)
                if group < 4 {
                    high = high & cleared | UInt64(newValue) &<< shift
                } else {
                    low = low & cleared | UInt64(newValue) &<< shift
                }
            }
        }
    }

    /// - Returns: nil when `text` is no address.
    static func read(_ text: Span<UInt8>) -> Address? {
        var address = Address()
        var groups = 0
        var gap: Int?
        var index = 0
        if text.count >= 2, text[0] == 0x3A, text[1] == 0x3A {
            gap = 0
            index = 2
        }
        while index < text.count {
            guard groups < 8 else { return nil }
            if groups <= 6, let tail = IPv4Text.read(text.extracting(index..<text.count)) {
                address[groups] = UInt16(tail &>> 16)
                address[groups &+ 1] = UInt16(truncatingIfNeeded: tail)
                groups &+= 2
                index = text.count
                break
            }
            guard let (value, end) = readGroup(text, at: index) else { return nil }
            address[groups] = value
            groups &+= 1
            index = end
            guard index < text.count else { break }
            guard text[index] == 0x3A, index &+ 1 < text.count else { return nil }
            index &+= 1
            if text[index] == 0x3A {
                guard gap == nil else { return nil }
                gap = groups
                index &+= 1
            }
        }
        guard let gap else { return groups == 8 ? address : nil }
        return groups < 8 ? spread(address, groups: groups, gap: gap) : nil
    }

    /// Moves the groups after `::` to the end.
    private static func spread(_ address: Address, groups: Int, gap: Int) -> Address {
        var result = Address()
        for group in 0..<gap { result[group] = address[group] }
        for group in gap..<groups { result[8 &- groups &+ group] = address[group] }
        return result
    }

    private static func readGroup(_ text: Span<UInt8>, at start: Int) -> (UInt16, Int)? {
        var value: UInt16 = 0
        var index = start
        while index < text.count, let digit = text[index].hexadecimalValue {
            guard index &- start < 4 else { return nil }
            value = value &<< 4 | UInt16(digit)
            index &+= 1
        }
        return index > start ? (value, index) : nil
    }

    /// Writes an address as RFC 5952 §4 does: no leading zeros, small letters, the longest run of
    /// zero groups (the first of equal ones, two at least) as `::`.
    static func append(_ address: Address, to bytes: inout [UInt8]) {
        let gap = longestZeroRun(address)
        var group = 0
        while group < 8 {
            if group == gap.lowerBound, !gap.isEmpty {
                bytes.append(0x3A)
                bytes.append(0x3A)
                group = gap.upperBound
                continue
            }
            if group > 0, group != gap.upperBound || gap.isEmpty { bytes.append(0x3A) }
            append(hexadecimal: address[group], to: &bytes)
            group &+= 1
        }
    }

    private static func longestZeroRun(_ address: Address) -> Range<Int> {
        var best = 0..<0
        var group = 0
        while group < 8 {
            let start = group
            while group < 8, address[group] == 0 { group &+= 1 }
            if group &- start > max(best.count, 1) { best = start..<group }
            group &+= 1
        }
        return best
    }

    private static func append(hexadecimal value: UInt16, to bytes: inout [UInt8]) {
        var shift = 12
        while shift > 0, value &>> UInt16(shift) == 0 { shift &-= 4 }
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: value &>> UInt16(shift) & 0xF)
            bytes.append(digit < 10 ? digit &+ 0x30 : digit &+ 0x57)
            shift &-= 4
        }
    }
}

/// Numbers as ASCII digits, written in place.
extension Buffer {
    /// Appends `number` in decimal; false, and nothing appended, when there is no room for it.
    @discardableResult
    public mutating func append(decimal number: UInt64) -> Bool {
        append(number, radix: 10)
    }

    /// Appends `number` in lower-case hexadecimal without leading zeros; false, and nothing
    /// appended, when there is no room for it.
    @discardableResult
    public mutating func append(hexadecimal number: UInt64) -> Bool {
        append(number, radix: 16)
    }

    /// Inlined, so that the radix is a constant and no division remains.
    @inline(__always)
    private mutating func append(_ number: UInt64, radix: UInt64) -> Bool {
        var digits = 1
        var rest = number / radix
        while rest > 0 {
            digits += 1
            rest /= radix
        }
        guard digits <= room, let base = unsafe memory else { return noteOverflow() }
        rest = number
        var index = end &+ digits
        while index > end {
            index &-= 1
            let digit = UInt8(truncatingIfNeeded: rest % radix)
            unsafe base[index] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
            rest /= radix
        }
        end &+= digits
        return true
    }
}

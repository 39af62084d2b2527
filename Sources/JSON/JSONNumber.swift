internal import Bytes

/// A number as it is written: nothing is lost by reading it.
public struct JSONNumber: Sendable, Equatable, CustomStringConvertible {
    /// RFC 8259 §6 notation.
    public let text: String

    /// Takes a text the reader has checked.
    init(checked text: String) {
        self.text = text
    }

    /// A whole number, in decimal digits.
    public init(_ value: Int64) {
        text = String(value)
    }

    /// Nil for infinities and for what is no number, which JSON cannot express.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = value.description
    }

    /// The value where it is a whole number an `Int64` can hold, however it is written: `5`, `5.0`
    /// and `5e0` are all 5 (cores up to 4.6 write integers as `5.0`). Never rounded.
    public var int64: Int64? {
        short ?? JSONInteger(text).value
    }

    /// The nearest value; nil where it is beyond every `Double`.
    public var double: Double? {
        if let short { return Double(short) }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private var short: Int64? { text.utf8Span.span.fewDigits }

    /// The number as written.
    public var description: String { text }

    /// Whether both are the same number, however they are written.
    public static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        if left.text == right.text { return true }
        if let one = left.int64, let other = right.int64 { return one == other }
        guard left.int64 == nil, right.int64 == nil else { return false }
        guard let one = left.double, let other = right.double else { return false }
        return one == other
    }
}

extension Span where Element == UInt8 {
    /// The value of few digits and nothing else, as nearly all numbers are written; a `Double`
    /// holds it exactly.
    var fewDigits: Int64? {
        guard count > 0, count <= 15 else { return nil }
        var value: Int64 = 0
        for index in indices {
            guard self[index].isDigit else { return nil }
            value = value &* 10 &+ Int64(self[index] &- 0x30)
        }
        return value
    }
}

/// Reads a number's text as `digits · 10^shift` and tells whether that is an integer.
private struct JSONInteger {
    private(set) var value: Int64?

    init(_ text: String) {
        var digits: [UInt8] = []
        var fraction = 0
        var exponent = 0
        var isNegative = false
        var part = Part.integer
        var exponentIsNegative = false
        for byte in text.utf8 {
            switch (byte, part) {
            case (0x2D, .integer): isNegative = true
            case (0x2D, .exponent): exponentIsNegative = true
            case (0x2E, _): part = .fraction
            case (0x45, _), (0x65, _): part = .exponent
            case (0x2B, _): break
            case (_, .integer):
                digits.append(byte &- 0x30)
            case (_, .fraction):
                digits.append(byte &- 0x30)
                fraction += 1
            case (_, .exponent):
                // More than any text's length says no more than "far too large".
                exponent = min(exponent * 10 + Int(byte &- 0x30), 1_000_000)
            }
        }
        let shift = (exponentIsNegative ? -exponent : exponent) - fraction
        value = Self.value(digits: digits, shift: shift, isNegative: isNegative)
    }

    private enum Part { case integer, fraction, exponent }

    private static func value(digits: [UInt8], shift: Int, isNegative: Bool) -> Int64? {
        var digits = digits[...]
        var shift = shift
        while digits.last == 0 {
            digits.removeLast()
            shift += 1
        }
        if digits.isEmpty { return 0 }
        guard shift >= 0, shift <= 19 else { return nil }
        var value: Int64 = 0
        for index in 0..<(digits.count + shift) {
            let digit = index < digits.count ? Int64(digits[digits.startIndex + index]) : 0
            let scaled = value.multipliedReportingOverflow(by: 10)
            // Counted downwards, since the least integer has no positive counterpart.
            let next = scaled.partialValue.subtractingReportingOverflow(digit)
            if scaled.overflow || next.overflow { return nil }
            value = next.partialValue
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }
}

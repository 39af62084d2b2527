internal import Bytes

/// Walks the pairs of one `Cookie` field value (RFC 6265 §4.2.1): the runs between semicolons.
///
/// Quotes are not honoured: no SuperTokens reader does, and a semicolon between quotes ends a pair.
struct CookiePairs {
    private var cursor = 0

    /// The next pair's bytes, with the whitespace around them; nil after the last.
    mutating func next(in value: Span<UInt8>) -> Range<Int>? {
        guard cursor <= value.count else { return nil }
        let start = cursor
        let end = value.scan(for: UInt8(ascii: ";"), from: start, to: value.count)
        cursor = end + 1
        return start..<end
    }
}

/// Where the name and the value of one pair lie.
public struct CookiePair: Equatable {
    /// The name without the whitespace around it.
    public var name: Range<Int>
    /// The value without the whitespace around it; quotes are part of it.
    public var value: Range<Int>

    /// Nil for a run without `=`, which names nothing.
    ///
    /// - Parameters:
    ///   - range: as `CookiePairs` gives them.
    ///   - value: the field's.
    public init?(_ range: Range<Int>, in value: Span<UInt8>) {
        let equals = value.scan(
            for: UInt8(ascii: "="),
            from: range.lowerBound,
            to: range.upperBound
        )
        guard equals < range.upperBound else { return nil }
        name = value.trimmingBlanks(range.lowerBound..<equals)
        self.value = value.trimmingBlanks(equals + 1..<range.upperBound)
    }
}

extension Span where Element == UInt8 {
    /// The range without the spaces and tabs at its ends.
    func trimmingBlanks(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, self[start].isBlank { start += 1 }
        while end > start, self[end - 1].isBlank { end -= 1 }
        return start..<end
    }
}

extension UInt8 {
    /// Whether the byte is a space or a horizontal tab: OWS of RFC 9110 §5.6.3.
    var isBlank: Bool { self == 0x20 || self == 0x09 }
}

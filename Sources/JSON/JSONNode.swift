internal import Bytes

/// Where one value, or one member's name, stands in a text that was read.
///
/// Nodes lie in the order of the text: an array is followed by its elements, an object by name and
/// value of each member.
struct JSONNode: Sendable {
    enum Kind: UInt8, Sendable { case null, bool, number, string, array, object }

    let kind: Kind
    /// Whether a string or name has escapes, so that its bytes are not what it says.
    var isEscaped = false
    /// The first byte; of a string the one after the quotation mark.
    let start: UInt32
    /// The byte after the last; of a string the closing quotation mark.
    var end: UInt32
    /// The node after this one and all inside it. While a container is open: the one around it.
    var next: UInt32

    /// No node: what is around the outermost container.
    static let none = UInt32.max

    var range: Range<Int> { Int(start)..<Int(end) }
}

extension JSONNode {
    /// What a string or name says, in UTF-8.
    func text(in bytes: Span<UInt8>) -> [UInt8] {
        guard isEscaped else { return bytes.extracting(range).copied() }
        var index = Int(start)
        // It was read before, so it can be read.
        return (try? JSONStringReader.decoded(bytes, index: &index)) ?? []
    }

    /// Whether this string or name says what `text` is.
    func says(_ text: Span<UInt8>, in bytes: Span<UInt8>) -> Bool {
        guard isEscaped else { return bytes.extracting(range).equals(text) }
        return self.text(in: bytes).span.equals(text)
    }

    /// As the other.
    func says(_ text: StaticString, in bytes: Span<UInt8>) -> Bool {
        if isEscaped { return self.text(in: bytes).span.equals(text) }
        guard Int(end &- start) == text.utf8CodeUnitCount else { return false }
        return bytes.extracting(range).equals(text)
    }
}

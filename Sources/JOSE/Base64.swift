internal import Bytes

/// Base64 and base64url (RFC 4648 §4 and §5), each text having one reading.
///
/// Every decoder refuses bytes outside its alphabet (line breaks too), padding at a wrong place,
/// and bits that are left over but not zero: of several encodings of the same bytes only one is
/// read.
public enum Base64 {
    /// base64url without padding, as JOSE uses it (RFC 7515 §2).
    public static func decodeURL(_ text: Span<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        return decodeURL(text, into: &result) ? result : nil
    }

    /// Base64 with padding, as legacy tokens use it.
    public static func decodeStandard(_ text: Span<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        return decodeStandard(text, into: &result) ? result : nil
    }

    /// As `decodeURL`; the bytes replace those of `result`, whose storage is kept.
    public static func decodeURL(_ text: Span<UInt8>, into result: inout [UInt8]) -> Bool {
        decode(text, values: urlValues, into: &result)
    }

    /// As `decodeStandard`; the bytes replace those of `result`, whose storage is kept.
    public static func decodeStandard(_ text: Span<UInt8>, into result: inout [UInt8]) -> Bool {
        result.removeAll(keepingCapacity: true)
        guard let unpadded = withoutPadding(text) else { return false }
        return decode(unpadded, values: standardValues, into: &result)
    }

    /// base64url without padding.
    public static func encodeURL(_ bytes: Span<UInt8>) -> [UInt8] {
        encode(bytes, alphabet: urlAlphabet, padded: false)
    }

    /// Base64 with padding.
    public static func encodeStandard(_ bytes: Span<UInt8>) -> [UInt8] {
        encode(bytes, alphabet: standardAlphabet, padded: true)
    }

    /// Bytes that so many characters without padding stand for; nil for a count no bytes have.
    public static func decodedCount(_ characters: Int) -> Int? {
        characters % 4 == 1 ? nil : characters / 4 * 3 + max(characters % 4 - 1, 0)
    }

    private static let padding: UInt8 = 0x3D
    private static let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let urlAlphabet = Array((common + "-_").utf8)
    private static let standardAlphabet = Array((common + "+/").utf8)
    private static let urlValues = values(of: urlAlphabet)
    private static let standardValues = values(of: standardAlphabet)
    /// What `values` holds for a byte outside the alphabet.
    private static let noValue: UInt8 = 0x80

    private static func values(of alphabet: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: noValue, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }

    /// The text without the `=` that fill its last four; nil when it is not in fours.
    @_lifetime(copy text)
    private static func withoutPadding(_ text: Span<UInt8>) -> Span<UInt8>? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var end = text.count
        while end > 0, end > text.count - 2, text[end - 1] == padding { end -= 1 }
        return text.extracting(0..<end)
    }

    private static func decode(
        _ text: Span<UInt8>,
        values: [UInt8],
        into result: inout [UInt8]
    ) -> Bool {
        result.removeAll(keepingCapacity: true)
        guard let count = decodedCount(text.count) else { return false }
        result.append(contentsOf: repeatElement(0, count: count))
        let values = values.span
        var output = result.mutableSpan
        // Every value is looked at before the verdict: one test for all instead of one for each.
        var seen: UInt8 = 0
        var read = 0
        var written = 0
        while read &+ 4 <= text.count {
            let four = text.word(at: read, size: 4)
            let a = values[Int(four & 0xFF)]
            let b = values[Int(four &>> 8 & 0xFF)]
            let c = values[Int(four &>> 16 & 0xFF)]
            let d = values[Int(four &>> 24)]
            seen |= a | b | c | d
            output[written] = a &<< 2 | b &>> 4
            output[written &+ 1] = b &<< 4 | c &>> 2
            output[written &+ 2] = c &<< 6 | d
            read &+= 4
            written &+= 3
        }
        guard seen & noValue == 0 else { return false }
        let rest = text.extracting(read..<text.count)
        return decodeRest(rest, values: values, to: &output, at: written)
    }

    /// The last two or three characters; bits left over must be zero (RFC 4648 §3.5).
    private static func decodeRest(
        _ text: Span<UInt8>,
        values: Span<UInt8>,
        to output: inout MutableSpan<UInt8>,
        at index: Int
    ) -> Bool {
        guard text.count >= 2 else { return text.isEmpty }
        let a = values[Int(text[0])]
        let b = values[Int(text[1])]
        let c = text.count == 3 ? values[Int(text[2])] : 0
        guard (a | b | c) & noValue == 0 else { return false }
        output[index] = a &<< 2 | b &>> 4
        if text.count == 2 { return b & 0x0F == 0 }
        output[index &+ 1] = b &<< 4 | c &>> 2
        return c & 0x03 == 0
    }

    private static func encode(_ bytes: Span<UInt8>, alphabet: [UInt8], padded: Bool) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let taken = min(3, bytes.count - index)
            var word: UInt32 = 0
            for offset in 0..<3 {
                word = word << 8 | (offset < taken ? UInt32(bytes[index + offset]) : 0)
            }
            for character in 0...taken {
                result.append(alphabet[Int(word >> (18 - 6 * UInt32(character)) & 63)])
            }
            if padded {
                for _ in taken..<3 { result.append(padding) }
            }
            index += taken
        }
        return result
    }
}

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
        Base64Decoder.url.decode(text, into: &result)
    }

    /// As `decodeStandard`; the bytes replace those of `result`, whose storage is kept.
    public static func decodeStandard(_ text: Span<UInt8>, into result: inout [UInt8]) -> Bool {
        result.removeAll(keepingCapacity: true)
        guard let unpadded = withoutPadding(text) else { return false }
        return Base64Decoder.standard.decode(unpadded, into: &result)
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

    /// The text without the `=` that fill its last four; nil when it is not in fours.
    @_lifetime(copy text)
    private static func withoutPadding(_ text: Span<UInt8>) -> Span<UInt8>? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var end = text.count
        while end > 0, end > text.count - 2, text[end - 1] == padding { end -= 1 }
        return text.extracting(0..<end)
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

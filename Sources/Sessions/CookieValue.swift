internal import Bytes
internal import HTTPCore

/// A cookie's value as the SuperTokens SDKs read it.
enum CookieValue {
    /// One pair of double quotes around the value is stripped (Python's SimpleCookie writes them),
    /// then percent escapes are decoded; `+` stays `+`. A malformed escape leaves every byte as it
    /// is.
    static func decoded(_ raw: Span<UInt8>) -> [UInt8] {
        let value = raw.extracting(unquoted(raw))
        guard value.scan(for: UInt8(ascii: "%"), from: 0, to: value.count) < value.count else {
            return value.copied()
        }
        return percentDecoded(value) ?? value.copied()
    }

    /// A token as its cookie's value, in the spelling of the value whose place it takes: an adapter
    /// that writes tokens without escapes (Koa's and Hapi's, docs/frameworks.md) may not read any.
    static func encoded(_ token: Span<UInt8>, like replaced: Span<UInt8>) -> [UInt8] {
        if isPlain(replaced) { return token.copied() }
        var value: [UInt8] = []
        // As JavaScript's encodeURIComponent, which the other SDKs use: the alphabets are the same
        // for all that a token can hold.
        PercentEncoding.append(token, to: &value)
        return value
    }

    /// Whether it holds what others escape, and nothing escaped: a legacy token has a `=` at least,
    /// at the end of its header.
    private static func isPlain(_ raw: Span<UInt8>) -> Bool {
        raw.scan(for: UInt8(ascii: "="), from: 0, to: raw.count) < raw.count
            && raw.scan(for: UInt8(ascii: "%"), from: 0, to: raw.count) == raw.count
    }

    private static func unquoted(_ raw: Span<UInt8>) -> Range<Int> {
        let quote = UInt8(ascii: "\"")
        guard raw.count >= 2, raw[0] == quote, raw[raw.count - 1] == quote else {
            return 0..<raw.count
        }
        return 1..<raw.count - 1
    }

    /// - Returns: nil when an escape is malformed.
    private static func percentDecoded(_ value: Span<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(value.count)
        var index = 0
        while index < value.count {
            guard value[index] == UInt8(ascii: "%") else {
                decoded.append(value[index])
                index += 1
                continue
            }
            guard let byte = value.percentEscape(at: index) else { return nil }
            decoded.append(byte)
            index += 3
        }
        return decoded
    }
}

extension Span where Element == UInt8 {
    /// The byte that the escape beginning at `index` stands for; nil when no whole escape is there.
    func percentEscape(at index: Int) -> UInt8? {
        guard index + 2 < count, self[index] == UInt8(ascii: "%"),
            let high = self[index + 1].hexadecimalValue,
            let low = self[index + 2].hexadecimalValue
        else { return nil }
        return high << 4 | low
    }
}

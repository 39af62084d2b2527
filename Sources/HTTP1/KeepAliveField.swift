import Bytes

/// The `Keep-Alive` field (RFC 2068 §19.7.1): `timeout=5, max=1000`.
enum KeepAliveField {
    /// The seconds of its `timeout`; nil when it has none that is a number.
    static func timeout(_ value: Span<UInt8>) -> UInt32? {
        var start = 0
        while start < value.count {
            let end = value.scan(for: 0x2C, from: start, to: value.count)
            if let seconds = parameter(value.extracting(start..<end)) { return seconds }
            start = end &+ 1
        }
        return nil
    }

    private static func parameter(_ text: Span<UInt8>) -> UInt32? {
        let equals = text.scan(for: 0x3D, from: 0, to: text.count)
        guard equals < text.count else { return nil }
        guard trimmed(text.extracting(0..<equals)).equalsIgnoringCase("timeout") else { return nil }
        let digits = trimmed(text.extracting((equals &+ 1)...))
        guard !digits.isEmpty else { return nil }
        var seconds: UInt64 = 0
        for index in digits.indices {
            guard digits[index].isDigit else { return nil }
            seconds = min(seconds * 10 + UInt64(digits[index] - 0x30), UInt64(UInt32.max))
        }
        return UInt32(seconds)
    }

    @_lifetime(copy text)
    private static func trimmed(_ text: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        var end = text.count
        while start < end, text[start].isWhitespace { start += 1 }
        while end > start, text[end - 1].isWhitespace { end -= 1 }
        return text.extracting(start..<end)
    }
}

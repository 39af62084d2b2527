internal import Bytes

/// Reads strings (RFC 8259 §7).
enum JSONStringReader {
    /// Reads past one string; `index` is at its opening quotation mark, and afterwards past the
    /// closing one. Whether the bytes are UTF-8 is not looked at.
    ///
    /// - Returns: whether it has escapes; what it says is appended to `unescaped` then.
    static func skip(
        _ bytes: Span<UInt8>,
        index: inout Int,
        unescaped: inout [UInt8]
    ) throws(JSONFailure) -> Bool {
        let start = index + 1
        let end = bytes.scanJSONText(from: start, to: bytes.count)
        guard end < bytes.count else { throw .unexpectedEnd }
        switch bytes[end] {
        case 0x22:
            index = end + 1
            return false
        case 0x5C:
            index = start
            try appendDecoded(bytes, index: &index, to: &unescaped)
            return true
        default:
            throw .controlCharacter
        }
    }

    /// Appends what a string says; `index` is after its opening quotation mark, and afterwards past
    /// the closing one.
    private static func appendDecoded(
        _ bytes: Span<UInt8>,
        index: inout Int,
        to result: inout [UInt8]
    ) throws(JSONFailure) {
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0x22: return
            case 0x5C: try appendEscaped(bytes, index: &index, to: &result)
            case 0..<0x20: throw .controlCharacter
            default: result.append(byte)
            }
        }
        throw .unexpectedEnd
    }

    /// Appends what an escape stands for; `index` is after its reverse solidus.
    private static func appendEscaped(
        _ bytes: Span<UInt8>,
        index: inout Int,
        to result: inout [UInt8]
    ) throws(JSONFailure) {
        guard index < bytes.count else { throw .unexpectedEnd }
        let byte = bytes[index]
        index += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: result.append(byte)
        case 0x62: result.append(0x08)
        case 0x66: result.append(0x0C)
        case 0x6E: result.append(0x0A)
        case 0x72: result.append(0x0D)
        case 0x74: result.append(0x09)
        case 0x75: try appendCodePoint(bytes, index: &index, to: &result)
        default: throw .malformedEscape
        }
    }

    /// Appends the character of `\uHHHH`, or of the two that make a surrogate pair.
    private static func appendCodePoint(
        _ bytes: Span<UInt8>,
        index: inout Int,
        to result: inout [UInt8]
    ) throws(JSONFailure) {
        var value = try fourDigits(bytes, index: &index)
        if value & 0xFC00 == 0xD800 {
            guard index + 1 < bytes.count, bytes[index] == 0x5C, bytes[index + 1] == 0x75 else {
                throw .loneSurrogate
            }
            index += 2
            let low = try fourDigits(bytes, index: &index)
            guard low & 0xFC00 == 0xDC00 else { throw .loneSurrogate }
            value = 0x1_0000 + (value & 0x3FF) << 10 + low & 0x3FF
        }
        guard let scalar = Unicode.Scalar(value) else { throw .loneSurrogate }
        result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private static func fourDigits(
        _ bytes: Span<UInt8>,
        index: inout Int
    ) throws(JSONFailure) -> UInt32 {
        guard index + 4 <= bytes.count else { throw .unexpectedEnd }
        var value: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = bytes[index + offset].hexadecimalValue else { throw .malformedEscape }
            value = value << 4 | UInt32(digit)
        }
        index += 4
        return value
    }
}

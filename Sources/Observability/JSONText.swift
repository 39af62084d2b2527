import Bytes

/// JSON strings (RFC 8259 §7) of bytes that anybody may have chosen.
enum JSONText {
    /// Appends `bytes` between quotation marks, or `null` when there are none.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, one each. What lies beyond `maximum` is left out.
    static func append(_ bytes: Span<UInt8>, maximum: Int, to buffer: inout Buffer) {
        guard !bytes.isEmpty else {
            buffer.append("null")
            return
        }
        let end = min(bytes.count, maximum)
        buffer.append(UInt8(ascii: "\""))
        var start = 0
        var index = 0
        while index < end {
            if isPlain(bytes[index]) {
                index += 1
                continue
            }
            let length = UTF8Sequence.length(bytes, at: index, end: end)
            if length > 0 {
                index += length
                continue
            }
            buffer.append(bytes.extracting(start..<index))
            appendEscape(of: bytes[index], to: &buffer)
            index += 1
            start = index
        }
        buffer.append(bytes.extracting(start..<end))
        buffer.append(UInt8(ascii: "\""))
    }

    /// Whether the byte is ASCII and stands for itself.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
    }

    private static func appendEscape(of byte: UInt8, to buffer: inout Buffer) {
        switch byte {
        case 0x22: buffer.append(#"\""#)
        case 0x5C: buffer.append(#"\\"#)
        case 0x80...: buffer.append(#"\ufffd"#)
        default:
            buffer.append(#"\u00"#)
            buffer.append(byte >> 4 | 0x30)
            let low = byte & 0xF
            buffer.append(low < 10 ? 0x30 + low : 0x57 + low)
        }
    }
}

/// Well-formed UTF-8 (Unicode 3.9, table 3-7).
enum UTF8Sequence {
    /// Bytes of the well-formed sequence of two to four bytes that begins at `index`; 0 when there
    /// is none before `end`.
    static func length(_ bytes: Span<UInt8>, at index: Int, end: Int) -> Int {
        let first = bytes[index]
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return 0
        }
        guard end - index >= length, isSecond(bytes[index + 1], after: first) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// Overlong forms, surrogates and numbers past U+10FFFF show in the second byte.
    private static func isSecond(_ byte: UInt8, after first: UInt8) -> Bool {
        switch first {
        case 0xE0: byte >= 0xA0 && byte <= 0xBF
        case 0xED: byte >= 0x80 && byte <= 0x9F
        case 0xF0: byte >= 0x90 && byte <= 0xBF
        case 0xF4: byte >= 0x80 && byte <= 0x8F
        default: byte & 0xC0 == 0x80
        }
    }
}

import Bytes
import HTTPCore

extension Buffer {
    /// Appends a field line of a parsed head with one space after its colon: in one copy where it
    /// came so, which nearly all do.
    mutating func append(_ line: FieldLine, of bytes: Span<UInt8>) {
        let colon = Int(line.name.end)
        let end = Int(line.value.end)
        if Int(line.value.offset) == colon &+ 2, bytes[colon &+ 1] == 0x20, end &+ 2 <= bytes.count,
            bytes[end] == 0x0D
        {
            append(bytes.extracting(Int(line.name.offset)..<end &+ 2))
            return
        }
        append(bytes.bytes(line.name))
        append(": ")
        append(bytes.bytes(line.value))
        append("\r\n")
    }
}

extension FieldLine {
    /// A `Content-Length` whose value has no leading zeros. The number is the same (RFC 9110 §8.6),
    /// but some readers take `010` for eight, and would end the content elsewhere.
    func withPlainLength(in bytes: Span<UInt8>) -> FieldLine {
        var digits = value.indices
        while digits.count > 1, bytes[digits.lowerBound] == UInt8(ascii: "0") {
            digits = digits.lowerBound &+ 1..<digits.upperBound
        }
        var line = self
        line.value = ByteRange(digits)
        return line
    }
}

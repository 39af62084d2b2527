import Bytes
import HTTPCore

extension FieldLine {
    /// The value of a `Content-Length` without leading zeros. The number is the same (RFC 9110
    /// §8.6), but some readers take `010` for eight, and would end the content elsewhere.
    func length(in bytes: Span<UInt8>) -> ByteRange {
        var digits = value.indices
        while digits.count > 1, bytes[digits.lowerBound] == UInt8(ascii: "0") {
            digits = digits.lowerBound &+ 1..<digits.upperBound
        }
        return ByteRange(digits)
    }
}

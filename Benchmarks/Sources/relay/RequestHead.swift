import Bytes

/// All that must be known of a request to find the next one: where its line and its head end, and
/// how much content follows.
struct RequestHead {
    private static let lengthName: StaticString = "content-length:"
    private static let codingName: StaticString = "transfer-encoding:"
    private static let newline = UInt8(ascii: "\n")

    /// Behind the request line.
    let lineEnd: Int
    /// Behind the empty line.
    let end: Int
    /// nil where it cannot be told: the length is no number, or the content is in chunks.
    let contentLength: Int?

    /// Nil while the head is not whole.
    init?(_ bytes: Span<UInt8>) {
        let count = bytes.count
        var start = bytes.scan(for: Self.newline, from: 0, to: count) + 1
        lineEnd = start
        var length: Int? = 0
        while start < count {
            let end = bytes.scan(for: Self.newline, from: start, to: count) + 1
            guard end <= count else { return nil }
            if end - start <= 2 {
                self.end = end
                contentLength = length
                return
            }
            switch bytes[start] | 0x20 {
            case UInt8(ascii: "c"):
                if Self.line(bytes, start, end, begins: Self.lengthName) {
                    length = Self.number(bytes, start + Self.lengthName.utf8CodeUnitCount, end)
                }
            case UInt8(ascii: "t"):
                if Self.line(bytes, start, end, begins: Self.codingName) { length = nil }
            default:
                break
            }
            start = end
        }
        return nil
    }

    private static func line(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ end: Int,
        begins name: StaticString
    ) -> Bool {
        let count = name.utf8CodeUnitCount
        return end - start > count
            && bytes.extracting(start..<start + count).equalsIgnoringCase(name)
    }

    private static func number(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        var value = 0
        for index in start..<end where bytes[index] > 0x20 {
            guard bytes[index].isDigit, value < 1 << 40 else { return nil }
            value = value * 10 + Int(bytes[index] - 0x30)
        }
        return value
    }
}

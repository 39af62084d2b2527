/// Percent-encoding (RFC 3986 §2.1), in capitals.
public enum PercentEncoding {
    /// Appends bytes, all but the unreserved ones (RFC 3986 §2.3) encoded.
    public static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        for index in bytes.indices { append(bytes[index], to: &text) }
    }

    static func append(_ byte: UInt8, to text: inout [UInt8]) {
        if isUnreserved(byte) {
            text.append(byte)
        } else {
            text.append(UInt8(ascii: "%"))
            text.append(capitalDigit(byte &>> 4))
            text.append(capitalDigit(byte & 0xF))
        }
    }

    private static func capitalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? value &+ 0x30 : value &+ 0x37
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

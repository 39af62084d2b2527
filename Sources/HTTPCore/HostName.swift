import Bytes

/// Hosts as `Host` fields and targets name them (RFC 9110 §7.2, RFC 3986 §3.2.2): a name, an IPv4
/// address, or an IPv6 address in brackets, each in one canonical form.
public enum HostName {
    /// Bytes of a name without its final dot (RFC 1035 §2.3.4).
    static let maximumLength = 253
    /// Bytes of one label of a name.
    static let maximumLabelLength = 63

    /// A host in canonical form: lower case, no final dot, IPv6 as RFC 5952 writes it, in brackets.
    ///
    /// - Returns: nil when `text` is no host, or has a port.
    public static func canonical(_ text: Span<UInt8>) -> [UInt8]? {
        var storage: [UInt8] = []
        guard let authority = try? read(text, into: &storage), authority.port == nil,
            text.count > 0, text[text.count &- 1] != UInt8(ascii: ":")
        else { return nil }
        return storage
    }

    /// Appends the canonical host of `host[:port]`, and `:port` when there is one.
    ///
    /// - Returns: how many of the bytes appended are the host's, and the port.
    static func read(
        _ text: Span<UInt8>,
        into storage: inout [UInt8]
    ) throws(TargetFailure) -> (hostCount: Int, port: UInt16?) {
        let before = storage.count
        guard text.count > 0 else { throw .malformedHost }
        let end =
            text[0] == UInt8(ascii: "[")
            ? try readIPv6(text, into: &storage) : try readName(text, into: &storage)
        let hostCount = storage.count &- before
        guard end < text.count else { return (hostCount, nil) }
        guard text[end] == UInt8(ascii: ":") else { throw .malformedHost }
        let port = try readPort(text.extracting((end &+ 1)..<text.count))
        storage.append(bytes: text.extracting(end..<text.count))
        return (hostCount, port)
    }

    /// One to five digits, the first no zero.
    private static func readPort(_ digits: Span<UInt8>) throws(TargetFailure) -> UInt16 {
        guard digits.count >= 1, digits.count <= 5, digits[0] != UInt8(ascii: "0") else {
            throw .malformedPort
        }
        var value = 0
        for index in digits.indices {
            guard digits[index].isDigit else { throw .malformedPort }
            value = value &* 10 &+ Int(digits[index] &- 0x30)
        }
        guard let port = UInt16(exactly: value) else { throw .malformedPort }
        return port
    }

    /// Appends the name or IPv4 address that `text` begins with.
    ///
    /// - Returns: the index after it.
    private static func readName(
        _ text: Span<UInt8>,
        into storage: inout [UInt8]
    ) throws(TargetFailure) -> Int {
        var index = 0
        var labelStart = 0
        var hasCapitals = false
        while index < text.count, text[index] != UInt8(ascii: ":") {
            let byte = text[index]
            if byte == UInt8(ascii: ".") {
                let length = index &- labelStart
                guard length > 0, length <= maximumLabelLength else { throw .malformedHost }
                labelStart = index &+ 1
            } else if !isNameByte(byte) {
                guard byte &- 0x41 < 26 else { throw .malformedHost }
                hasCapitals = true
            }
            index &+= 1
        }
        // A name may end with the dot of the root (RFC 1034 §3.1): one, after a label.
        let end = labelStart == index && index > 0 ? index &- 1 : index
        guard end > 0, end <= maximumLength, index &- labelStart <= maximumLabelLength else {
            throw .malformedHost
        }
        let name = text.extracting(0..<end)
        try checkNumbers(name)
        appendLowercased(name, hasCapitals: hasCapitals, to: &storage)
        return index
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        // Of 0x00–0x3F: `-` and the digits; of 0x40–0x7F: `_` and the small letters.
        byte < 64
            ? (0x03FF_2000_0000_0000 as UInt64) &>> UInt64(byte) & 1 == 1
            : byte < 128 && (0x07FF_FFFE_8000_0000 as UInt64) &>> UInt64(byte &- 64) & 1 == 1
    }

    private static func appendLowercased(
        _ name: Span<UInt8>,
        hasCapitals: Bool,
        to storage: inout [UInt8]
    ) {
        let start = storage.count
        storage.append(bytes: name)
        guard hasCapitals else { return }
        for index in start..<storage.count { storage[index] = storage[index].lowercased }
    }

    /// A name whose last label is a number is an IPv4 address or nothing: resolvers read `127.1`
    /// and `0x7f.1` as addresses, so only the form with four decimal parts is let through.
    private static func checkNumbers(_ name: Span<UInt8>) throws(TargetFailure) {
        var start = name.count
        while start > 0, name[start &- 1] != UInt8(ascii: ".") { start &-= 1 }
        guard name[start].isDigit, isNumber(name.extracting(start..<name.count)) else { return }
        guard IPv4Text.read(name) != nil else { throw .malformedHost }
    }

    /// Whether a label that begins with a digit is a decimal, octal or hexadecimal number.
    private static func isNumber(_ label: Span<UInt8>) -> Bool {
        if label.count >= 2, label[0] == UInt8(ascii: "0"), label[1].lowercased == 0x78 {
            for index in 2..<label.count where label[index].hexadecimalValue == nil { return false }
            return true
        }
        for index in label.indices where !label[index].isDigit { return false }
        return true
    }

    /// Appends the IPv6 address in brackets that `text` begins with.
    ///
    /// - Returns: the index after it.
    private static func readIPv6(
        _ text: Span<UInt8>,
        into storage: inout [UInt8]
    ) throws(TargetFailure) -> Int {
        guard let close = text.firstIndex(of: UInt8(ascii: "]")),
            let address = IPv6Text.read(text.extracting(1..<close))
        else { throw .malformedHost }
        storage.append(UInt8(ascii: "["))
        IPv6Text.append(address, to: &storage)
        storage.append(UInt8(ascii: "]"))
        return close &+ 1
    }
}

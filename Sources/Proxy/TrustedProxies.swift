import Bytes
import EventLoop

/// The peers whose forwarded fields are believed: `forwarding.trusted_proxies`.
struct TrustedProxies: Sendable {
    private let entries: [TrustedProxy]

    init(_ entries: [TrustedProxy]) {
        self.entries = entries
    }

    var isEmpty: Bool { entries.isEmpty }

    func contains(_ address: SocketAddress) -> Bool {
        for entry in entries where Self.matches(entry, address) { return true }
        return false
    }

    private static func matches(_ entry: TrustedProxy, _ address: SocketAddress) -> Bool {
        switch (entry, address) {
        case (.unix, .unix):
            return true
        case (.v4(let network, let prefix), .v4(let octets, _)):
            return prefix == 0 || (network ^ octets) >> UInt32(32 - prefix) == 0
        case (.v4(let network, let prefix), .v6(0, let low, _, _)) where low >> 32 == 0xFFFF:
            // An IPv4 peer on an IPv6 socket (RFC 4291 §2.5.5.2).
            let octets = UInt32(truncatingIfNeeded: low)
            return prefix == 0 || (network ^ octets) >> UInt32(32 - prefix) == 0
        case (.v6(let high, let low, let prefix), .v6(let theirHigh, let theirLow, _, _)):
            if prefix == 0 { return true }
            if prefix <= 64 { return (high ^ theirHigh) >> UInt64(64 - prefix) == 0 }
            return high == theirHigh && (low ^ theirLow) >> UInt64(128 - prefix) == 0
        default:
            return false
        }
    }

    /// The client's address: the rightmost entry that is no trusted proxy (interface, "What goes
    /// upstream").
    ///
    /// - Parameter list: the joined values of `X-Forwarded-For`.
    /// - Returns: the entry's bytes; nil when every entry is trusted, or the first that is not is
    ///   no address.
    func clientAddress(in list: Span<UInt8>) -> ByteRange? {
        var end = list.count
        while end > 0 {
            var start = end
            while start > 0, list[start - 1] != UInt8(ascii: ",") { start -= 1 }
            let entry = Self.trimmed(list, start..<end)
            if !entry.isEmpty {
                let text = list.bytes(entry).text
                // No zone: it names an interface of some machine, and to read it asks the kernel.
                guard !text.utf8.contains(UInt8(ascii: "%")),
                    let address = SocketAddress(literal: text, port: 0)
                else { return nil }
                if !contains(address) { return entry }
            }
            end = start - 1
        }
        return nil
    }

    private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ByteRange {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return ByteRange(start..<end)
    }
}

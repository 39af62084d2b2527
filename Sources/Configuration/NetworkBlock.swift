import Bytes
import EventLoop
import Proxy

/// `forwarding.trusted_proxies`: CIDR blocks (RFC 4632, RFC 4291 §2.3), addresses, and `unix`.
enum NetworkBlock {
    static func read(_ text: Text, _ report: Report) -> TrustedProxy? {
        if text.value == "unix" { return .unix }
        let parts = text.value.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let base = SocketAddress(literal: String(parts[0]), port: 0) else {
            report.error(
                text.position,
                "\(text.quoted) is not an address block",
                "write ADDRESS/BITS such as 10.0.0.0/8 or \"fd00::/8\", or unix"
            )
            return nil
        }
        let width = if case .v4 = base { 32 } else { 128 }
        guard let prefix = prefix(parts, width) else {
            report.error(
                text.position,
                "\(text.quoted) has a prefix that is not a number from 0 to \(width)",
                "write \(parts[0])/\(width) for this one address"
            )
            return nil
        }
        return block(base, prefix, text, report)
    }

    private static func prefix(_ parts: [Substring], _ width: Int) -> Int? {
        guard parts.count == 2 else { return width }
        let digits = parts[1]
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy(\.isDigit),
            let bits = Int(digits), bits <= width
        else { return nil }
        return bits
    }

    private static func block(
        _ base: SocketAddress,
        _ prefix: Int,
        _ text: Text,
        _ report: Report
    ) -> TrustedProxy? {
        let block: TrustedProxy
        let first: SocketAddress
        switch base {
        case .v4(let address, _):
            let network = address & mask(prefix)
            block = .v4(network, prefix: prefix)
            first = .v4(network, port: 0)
        case .v6(let high, let low, _, let scope):
            let networkHigh = high & mask(min(prefix, 64))
            let networkLow = low & mask(max(prefix - 64, 0))
            block = .v6(high: networkHigh, low: networkLow, prefix: prefix)
            first = .v6(high: networkHigh, low: networkLow, port: 0, scope: scope)
        case .unix:
            return nil
        }
        if first != base {
            report.error(
                text.position,
                "\(text.quoted) has bits set after its prefix",
                "write \(host(of: first))/\(prefix) for the block, or the address alone"
            )
            return nil
        }
        if prefix == 0 {
            report.warning(
                text.position,
                "\(text.quoted) lets every client say where it comes from",
                "write the blocks of your own proxies"
            )
        }
        return block
    }

    /// The first `prefix` bits.
    private static func mask<Bits: FixedWidthInteger>(_ prefix: Int) -> Bits {
        prefix == 0 ? 0 : ~Bits(0) << (Bits.bitWidth - prefix)
    }

    /// The address without brackets and port.
    private static func host(of address: SocketAddress) -> String {
        let text = address.description
        let end = text.lastIndex(of: ":") ?? text.endIndex
        return String(text[..<end].drop { $0 == "[" }.prefix { $0 != "]" })
    }
}

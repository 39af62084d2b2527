import Bytes
import EventLoop
import Testing

@testable import Proxy

/// `203.0.113.0/24` as an entry.
private func block(_ text: String) -> TrustedProxy {
    let parts = text.split(separator: "/")
    guard parts.count == 2, let prefix = Int(parts[1]) else { return .unix }
    switch address(String(parts[0])) {
    case .v4(let octets, _): return .v4(octets, prefix: prefix)
    case .v6(let high, let low, _, _): return .v6(high: high, low: low, prefix: prefix)
    case .unix: return .unix
    }
}

@Suite struct TrustedProxiesTests {
    @Test(arguments: [
        ("192.0.2.1/32", "192.0.2.1", true), ("192.0.2.1/32", "192.0.2.0", false),
        ("192.0.2.1/32", "192.0.2.2", false), ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "::1", false), ("128.0.0.0/1", "127.255.255.255", false),
        ("128.0.0.0/1", "128.0.0.0", true), ("10.0.0.0/8", "10.255.255.255", true),
        ("10.0.0.0/8", "11.0.0.0", false), ("192.0.2.0/31", "192.0.2.1", true),
        ("192.0.2.0/31", "192.0.2.2", false),
        ("192.0.2.0/24", "::ffff:192.0.2.9", true), ("192.0.2.0/24", "::192.0.2.9", false),
        ("0.0.0.0/0", "::ffff:0.0.0.0", true), ("0.0.0.0/0", "64:ff9b::192.0.2.1", false),
    ])
    func matchesIPv4(_ entry: String, _ peer: String, _ isTrusted: Bool) {
        #expect(TrustedProxies([block(entry)]).contains(address(peer)) == isTrusted)
    }

    @Test(arguments: [
        ("2001:db8::1/128", "2001:db8::1", true), ("2001:db8::1/128", "2001:db8::", false),
        ("2001:db8::1/128", "2001:db9::1", false), ("::/0", "ffff::", true),
        ("::/0", "::ffff:192.0.2.1", true), ("::/0", "192.0.2.1", false),
        ("8000::/1", "7fff::", false), ("8000::/1", "8000::", true),
        ("2001:db8:0:1::/64", "2001:db8:0:1:ffff::", true),
        ("2001:db8:0:1::/64", "2001:db8:0:2::", false),
        ("2001:db8:0:0:8000::/65", "2001:db8::8000:0:0:0", true),
        ("2001:db8:0:0:8000::/65", "2001:db8::7fff:0:0:0", false),
        ("2001:db8::/127", "2001:db8::1", true), ("2001:db8::/127", "2001:db8::2", false),
        ("2001:db8::/32", "2001:db9::", false), ("2001:db8::/33", "2001:db8:8000::", false),
    ])
    func matchesIPv6(_ entry: String, _ peer: String, _ isTrusted: Bool) {
        #expect(TrustedProxies([block(entry)]).contains(address(peer)) == isTrusted)
    }

    @Test func matchesLocalPeersOnlyWhereSaid() {
        let local = SocketAddress.unix(path: "")
        #expect(TrustedProxies([.unix]).contains(local))
        #expect(!TrustedProxies([.unix]).contains(address("127.0.0.1")))
        #expect(!TrustedProxies([block("0.0.0.0/0"), block("::/0")]).contains(local))
        #expect(TrustedProxies([]).isEmpty && !TrustedProxies([]).contains(local))
    }

    @Test func portAndZoneDoNotMatter() {
        let proxies = TrustedProxies([block("fe80::1/128"), block("192.0.2.1/32")])
        #expect(proxies.contains(.v6(high: 0xFE80 << 48, low: 1, port: 9, scope: 7)))
        #expect(proxies.contains(.v4(0xC000_0201, port: 65535)))
    }

    @Test(arguments: [
        ("203.0.113.9", "203.0.113.9"), ("203.0.113.9, 192.0.2.1", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9,192.0.2.1 , 192.0.2.2", "203.0.113.9"),
        ("2001:db8::5, 192.0.2.1", "2001:db8::5"), ("[2001:db8::5]", "[2001:db8::5]"),
        (" \t203.0.113.9\t ", "203.0.113.9"), (",,203.0.113.9,,192.0.2.1,,", "203.0.113.9"),
        ("garbage, 203.0.113.9", "203.0.113.9"),
    ])
    func findsTheFirstFromTheRightThatIsNoProxy(_ list: String, _ client: String) {
        #expect(found(list) == client)
    }

    @Test(arguments: [
        "", ",", " , ", "192.0.2.1", "192.0.2.1, 192.0.2.2", "203.0.113.9, unknown",
        "203.0.113.9, _hidden, 192.0.2.1", "203.0.113.9:80", "203.0.113", "203.0.113.9.1",
        "203.0.113.256", "0x7f.1", "203.0.113.9;", "\u{e9}", "a\0b", "\"203.0.113.9\"",
        "localhost", "::1::", "203.0.113.9 203.0.113.8",
    ])
    func garbageIsNobody(_ list: String) {
        #expect(found(list) == nil)
    }

    private func found(_ list: String) -> String? {
        let proxies = TrustedProxies([block("192.0.2.0/24")])
        let bytes = Array(list.utf8)
        guard let range = proxies.clientAddress(in: bytes.span) else { return nil }
        return bytes.span.bytes(range).text
    }
}

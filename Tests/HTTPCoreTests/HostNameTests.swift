import Bytes
import HTTPCore
import TestSupport
import Testing

/// Hosts: one canonical form, and everything else refused.
@Suite struct HostNameTests {
    private struct Authority: Equatable {
        var host: String
        var port: UInt16?
        var text: String
    }

    private func read(_ host: String) -> Authority? {
        let request = TargetRequest(Array("/".utf8), hosts: [Array(host.utf8)])
        guard let target = try? readTarget(request) else { return nil }
        return Authority(host: target.host.text, port: target.port, text: target.authority.text)
    }

    @Test(arguments: [
        ("h", "h"), ("app.example.com", "app.example.com"), ("a_b.c-d", "a_b.c-d"), ("1a", "1a"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("1.2.3.x", "1.2.3.x"),
        // CVE-2026-48794, CVE-2026-42273: lower case; one final dot dropped.
        ("A.B.Example.COM", "a.b.example.com"), ("example.com.", "example.com"),
        ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"),
        ("0xg", "0xg"), ("a.0y1", "a.0y1"),
        ("[::1]", "[::1]"), ("[2001:DB8::1]", "[2001:db8::1]"),
        ("[2001:0db8:0:0:0:0:0:1]", "[2001:db8::1]"), ("[::]", "[::]"), ("[1::]", "[1::]"),
        ("[::ffff:1.2.3.4]", "[::ffff:102:304]"), ("[0:0:1:0:0:0:1:0]", "[0:0:1::1:0]"),
        ("[1:0:2:3:4:5:6:7]", "[1:0:2:3:4:5:6:7]"), ("[0:0:1:2:3:0:0:4]", "[::1:2:3:0:0:4]"),
        ("[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:102:304]"),
    ])
    func readsHosts(_ text: String, _ host: String) {
        #expect(read(text) == Authority(host: host, port: nil, text: host))
        #expect(read(text + ":8443") == Authority(host: host, port: 8443, text: host + ":8443"))
    }

    @Test(arguments: [
        "", ".", "..", ".a", "a..b", "a..", "a b", " a", "a,b", "a, b", "a@b", "@", "a/b", "a#b",
        "a?b", "a\\b", "a%2eb", "\"a\"", "a;for=1.2.3.4", "a,for=1", "é.example", "a\u{7F}",
        "a\u{0}",
        // Addresses that resolvers read though they are none of ours.
        "1", "127.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "0x7f.0.0.1", "0x7f000001",
        "1.2.3.0x4", "1.2.3.", "017700000001",
        "::1", "[", "[]", "[::1", "[app]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1::2::3]",
        "[::1]a", "[::1].", "[fe80::1%25eth0]", "[12345::]", "[:1]", "[1:]", "[:::]", "[::1.2.3]",
        "[1.2.3.4]", "[::1.2.3.4:1]", "[1:2:3:4:5:6:7::8:9]", "[::g]",
        "a:", "a:0", "a:080", "a:65536", "a:123456", "a:-1", "a:+1", "a:80x", "a:8 0", "a:80:80",
    ])
    func refuses(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test func boundsNamesAndLabels() {
        let label = String(repeating: "a", count: 63)
        #expect(read(label) != nil)
        #expect(read(label + "a") == nil)
        #expect(read(label + "a.b") == nil)
        let longest = "\(label).\(label).\(label).\(String(repeating: "a", count: 61))"
        #expect(read(longest) != nil && read(longest + ".") != nil)
        #expect(read(longest + "a") == nil)
    }

    @Test func givesCanonicalHostsWithoutPorts() {
        let pairs: [(String, String?)] = [
            ("Example.COM.", "example.com"), ("[0::1]", "[::1]"), ("a:1", nil), ("a:", nil),
            ("", nil),
            ("*.a", nil),
        ]
        for (text, expected) in pairs {
            let bytes = Array(text.utf8)
            let canonical = HostName.canonical(bytes.span).map {
                String(decoding: $0, as: UTF8.self)
            }
            #expect(canonical == expected)
        }
    }

    @Test func neverTrapsOnAnyHost() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("aZ0.:[]-_x%f1@ ".utf8) + [0, 0x80, 0xFF]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...24, using: &random)
            let text = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            guard let host = HostName.canonical(text.span) else { continue }
            #expect(HostName.canonical(host.span) == host, "\(text)")
        }
    }
}

import Bytes
import EventLoop
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1:80"), ("0.0.0.0", "0.0.0.0:80"),
        ("255.255.255.255", "255.255.255.255:80"), ("::", "[::]:80"), ("::1", "[::1]:80"),
        ("[::1]", "[::1]:80"), ("2001:DB8::1", "[2001:db8::1]:80"),
        ("2001:db8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:80"),
        ("2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:80"),
        ("1:0:0:2:0:0:0:3", "[1:0:0:2::3]:80"), ("1::", "[1::]:80"),
        ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]:80"), ("fe80::1%7", "[fe80::1%7]:80"),
        ("fe80::1%lo", "[fe80::1%1]:80"),
    ])
    func readsAndWritesLiterals(text: String, canonical: String) {
        #expect(SocketAddress(literal: text, port: 80)?.description == canonical)
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "0x7f.1", ":::",
        "1::2::3",
        "fe80::1%", "1.2.3.4%1", "::1\0", "[::1", "fe80::1%nosuchinterface",
    ])
    func refusesWhatIsNoLiteral(text: String) {
        #expect(SocketAddress(literal: text, port: 80) == nil)
    }

    @Test func knowsLoopback() throws {
        for text in ["127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"] {
            #expect(try #require(SocketAddress(literal: text, port: 1)).isLoopback)
        }
        for text in ["128.0.0.1", "::2", "::", "::ffff:128.0.0.1", "1::1"] {
            #expect(try !#require(SocketAddress(literal: text, port: 1)).isLoopback)
        }
        #expect(!SocketAddress.unix(path: "/x").isLoopback)
        #expect(SocketAddress.unix(path: "/x").port == nil)
        #expect(SocketAddress.unix(path: "/x").description == "unix:/x")
    }

    @Test func appendsTheHostAlone() throws {
        var buffer = Buffer(capacity: 64)
        try #require(SocketAddress(literal: "fe80::1%3", port: 80)).appendHost(to: &buffer)
        let text = buffer.readable.text
        #expect(text == "fe80::1")
    }

    @Test func writesTheLongestIPAddress() {
        let longest = SocketAddress.v6(
            high: .max / 15 * 14,
            low: .max,
            port: .max,
            scope: .max
        )
        let groups = "eeee:eeee:eeee:eeee:ffff:ffff:ffff:ffff"
        #expect(longest.description == "[\(groups)%4294967295]:65535")
    }
}

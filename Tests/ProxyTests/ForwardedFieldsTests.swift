import Bytes
import EventLoop
import HTTPCore
import Testing

@testable import Proxy

@Suite struct AddressTextTests {
    /// RFC 5952 §4 and its examples.
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255", "255.255.255.255"),
        ("::", "::", "\"[::]\""), ("::1", "::1", "\"[::1]\""), ("1::", "1::", "\"[1::]\""),
        ("2001:0DB8::0001", "2001:db8::1", "\"[2001:db8::1]\""),
        ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1", "\"[2001:db8::2:1]\""),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "\"[2001:db8:0:1:1:1:1:1]\""),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "\"[2001:0:0:1::1]\""),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "\"[2001:db8::1:0:0:1]\""),
        ("1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0", "\"[1:0:2:0:3:0:4:0]\""),
        ("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7", "\"[0:1:2:3:4:5:6:7]\""),
        ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::", "\"[1:2:3:4:5:6::]\""),
        ("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6", "\"[::1:2:3:4:5:6]\""),
        (
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "\"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]\""
        ),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::fffe:192.0.2.1", "::fffe:c000:201", "\"[::fffe:c000:201]\""),
    ])
    func writesAddresses(_ literal: String, _ text: String, _ node: String) {
        let peer = address(literal, port: 443)
        #expect(written { $0.append(address: peer) } == text)
        #expect(written { $0.append(node: peer) } == node)
    }

    @Test func aLocalPeerHasNoAddress() {
        let peer = SocketAddress.unix(path: "/run/x.sock")
        #expect(written { $0.append(address: peer) } == "unix")
        #expect(written { $0.append(node: peer) } == "unknown")
    }
}

@Suite struct ForwardedFieldsTests {
    private func fields(
        _ request: ParsedRequest,
        peer: String = "203.0.113.7",
        isTrusted: Bool = false,
        isEncrypted: Bool = true,
        port: UInt16 = 443,
        client: String = "",
        requestIDField: String = "x-request-id"
    ) -> String {
        var options = Fixture.options()
        options.forwarding.requestIDField = requestIDField
        let rules = RewriteRules(Fixture.source(options))
        let exchange = request.exchange(client: client, requestID: "0123")
        return written { output in
            ForwardedFields.append(
                exchange: exchange,
                bytes: request.bytes.span,
                listener: ForwardedListener(
                    isEncrypted: isEncrypted,
                    port: port,
                    peer: address(peer),
                    isTrusted: isTrusted
                ),
                rules: rules,
                to: &output
            )
        }
    }

    @Test func aStrangersFieldsAreReplaced() throws {
        let request = try ParsedRequest(
            "GET / HTTP/1.1",
            "Host: App.Example.com:8443",
            "X-Forwarded-For: 1.1.1.1",
            "X-Forwarded-Proto: gopher",
            "X-Forwarded-Host: evil",
            "X-Forwarded-Port: 1",
            "Forwarded: for=1.1.1.1",
            "X-Real-IP: 1.1.1.1"
        )
        #expect(
            fields(request, client: "9.9.9.9") == """
                X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n\
                X-Forwarded-Host: app.example.com:8443\r\nX-Forwarded-Port: 443\r\n\
                Forwarded: for=203.0.113.7;host="app.example.com:8443";proto=https\r\n\
                X-Real-IP: 203.0.113.7\r\nx-request-id: 0123\r\n
                """
        )
    }

    @Test func aTrustedProxysFieldsAreExtended() throws {
        let request = try ParsedRequest(
            "GET / HTTP/1.1",
            "Host: a.test",
            "X-Forwarded-For: 1.1.1.1",
            "x-forwarded-for: 2.2.2.2, 3.3.3.3",
            "X-Forwarded-For:",
            "X_Forwarded_For: 6.6.6.6",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: b.test",
            "X-Forwarded-Port: 8443",
            "Forwarded: for=1.1.1.1"
        )
        #expect(
            fields(
                request,
                peer: "2001:db8::7",
                isTrusted: true,
                isEncrypted: false,
                client: "1.1.1.1"
            )
                == """
                X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 2001:db8::7\r\n\
                Forwarded: for=1.1.1.1, for="[2001:db8::7]";host="a.test";proto=http\r\n\
                X-Real-IP: 1.1.1.1\r\nx-request-id: 0123\r\n
                """
        )
    }

    @Test func whatATrustedProxyLeftOutIsAdded() throws {
        let request = try ParsedRequest("GET / HTTP/1.1", "Host: a.test")
        #expect(
            fields(request, isTrusted: true, port: 80, requestIDField: "x-trace") == """
                X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n\
                X-Forwarded-Host: a.test\r\nX-Forwarded-Port: 80\r\n\
                Forwarded: for=203.0.113.7;host="a.test";proto=https\r\n\
                X-Real-IP: 203.0.113.7\r\nx-trace: 0123\r\n
                """
        )
    }

    @Test func withoutAHostOrAPortNothingIsSaidOfThem() throws {
        let request = try ParsedRequest("GET / HTTP/1.0")
        #expect(
            fields(request, port: 0) == """
                X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n\
                Forwarded: for=203.0.113.7;proto=https\r\nX-Real-IP: 203.0.113.7\r\n\
                x-request-id: 0123\r\n
                """
        )
    }
}

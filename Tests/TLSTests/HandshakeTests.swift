import Bytes
import COpenSSL
import TLS
import Testing

@Suite struct HandshakeTests {
    @Test(arguments: [(TLS1_2_VERSION, "TLSv1.2"), (TLS1_3_VERSION, "TLSv1.3")])
    func establishesEitherVersion(_ version: CInt, _ name: String) throws {
        let context = try makeContext()
        let pair = try TLSPair(context, ClientOptions(minimum: version, maximum: version))
        #expect(pair.handshake())
        #expect(pair.version == name)
        #expect(!pair.isResumed)
        #expect(pair.applicationProtocol == .none)
        #expect(pair.serverName == "app.example.com")
        pair.clientSends(Array("question".utf8))
        #expect(pair.received == Array("question".utf8))
        let answer = pair.serverSends(Array("answer".utf8))
        #expect(answer == Array("answer".utf8))
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func establishesFedByteByByte(_ version: CInt) throws {
        let context = try makeContext()
        let pair = try TLSPair(context, ClientOptions(minimum: version, maximum: version))
        #expect(pair.handshake(step: 1))
        pair.clientSends([1, 2, 3], step: 1)
        #expect(pair.received == [1, 2, 3])
    }

    @Test func givesTheHandshakeThroughRoomForOneByte() throws {
        let context = try makeContext()
        let pair = try TLSPair(context)
        pair.replies = Buffer(capacity: 1)
        #expect(pair.handshake())
    }

    @Test func prefersForwardSecretAEAD() throws {
        let context = try makeContext()
        let old = "AES256-GCM-SHA384:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-GCM-SHA256"
        var options = ClientOptions(maximum: TLS1_2_VERSION)
        options.ciphers = old
        let pair = try TLSPair(context, options)
        #expect(pair.handshake())
        #expect(pair.client.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256")
    }

    @Test func refusesCiphersWithoutForwardSecrecy() throws {
        let context = try makeContext()
        var options = ClientOptions(maximum: TLS1_2_VERSION)
        options.ciphers = "AES256-GCM-SHA384:ECDHE-ECDSA-AES256-SHA"
        let pair = try TLSPair(context, options)
        #expect(!pair.handshake())
        #expect(pair.progress == .failed(.parameters))
        #expect(alert(in: pair.wire) == 40)
    }

    @Test func refusesTLS11() throws {
        let context = try makeContext()
        var options = ClientOptions(minimum: TLS1_1_VERSION, maximum: TLS1_1_VERSION)
        options.ciphers = "ALL@SECLEVEL=0"
        let pair = try TLSPair(context, options)
        #expect(!pair.handshake())
        #expect(pair.progress == .failed(.version))
        #expect(alert(in: pair.wire) == 70)
    }

    @Test func refusesTLS12WhereTheMinimumIs13() throws {
        let context = try makeContext(minimum: .tls13)
        let old = try TLSPair(context, ClientOptions(maximum: TLS1_2_VERSION))
        #expect(!old.handshake())
        #expect(old.progress == .failed(.version))
        #expect(alert(in: old.wire) == 70)
        let new = try TLSPair(context)
        #expect(new.handshake())
    }

    @Test func keepsTheMinimumForEveryCertificate() throws {
        let context = try makeContext(
            [TestCertificates.other, TestCertificates.app],
            minimum: .tls13
        )
        let old = try TLSPair(context, ClientOptions(maximum: TLS1_2_VERSION))
        #expect(!old.handshake())
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{0}\u{1}noise, noise, noise, noise"])
    func answersGarbageWithAnAlert(_ text: String) throws {
        let context = try makeContext()
        let pair = try TLSPair(context)
        pair.feed(Array(text.utf8))
        #expect(pair.progress == .failed(.notTLS))
        #expect(!pair.isEstablished)
        #expect(pair.isDrained)
        // The fault stays, and nothing more is said.
        pair.wire = []
        pair.feed([1, 2, 3])
        #expect(pair.progress == .failed(.notTLS))
        #expect(pair.wire.isEmpty)
    }

    @Test func failsOnEveryBrokenClientHello() throws {
        let context = try makeContext()
        let client = TLSClient(ClientOptions())
        _ = client.handshake()
        let hello = client.takeOutgoing()
        for index in stride(from: 0, to: hello.count, by: 3) {
            var broken = hello
            broken[index] ^= 0xFF
            let pair = try TLSPair(context)
            pair.feed(broken)
            #expect(!pair.isEstablished)
        }
    }

    @Test func oneConnectionsErrorReachesNoOther() throws {
        let context = try makeContext()
        let good = try TLSPair(context)
        #expect(good.handshake())
        let bad = try TLSPair(context)
        bad.feed(Array("not TLS at all".utf8))
        #expect(bad.progress == .failed(.notTLS))
        good.clientSends([7])
        #expect(good.progress == .needsMore)
        #expect(good.received == [7])
        // Left by a careless caller.
        _ = SSL_CTX_use_PrivateKey(nil, nil)
        good.clientSends([8])
        #expect(good.progress == .needsMore)
    }
}

@Suite struct ServerNameTests {
    @Test(arguments: [
        ("app.example.com", "app.example.com"), ("APP.Example.Com", "app.example.com"),
        ("x.example.com", "*.example.com"), ("y.deep.example.com", "*.example.com"),
        ("deep.example.com", "*.example.com"), ("other.test", "other.test"),
        // Fallbacks: a wildcard is one label, and not none.
        ("a.b.example.com", "other.test"), ("example.com", "other.test"),
        ("unknown.test", "other.test"), (nil, "other.test"),
    ])
    func choosesTheCertificate(_ asked: String?, _ given: String) throws {
        let materials = [TestCertificates.other, TestCertificates.wild, TestCertificates.app]
        let context = try makeContext(materials)
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            var options = ClientOptions(serverName: asked)
            options.maximum = version
            let pair = try TLSPair(context, options)
            #expect(pair.handshake())
            #expect(pair.client.certificateName == given)
        }
    }

    @Test func theFirstCertificateOfANameHasIt() throws {
        let twin = TestCertificates.make(["twin.test", "app.example.com"])
        let context = try makeContext([TestCertificates.other, twin, TestCertificates.app])
        let pair = try TLSPair(context)
        #expect(pair.handshake())
        #expect(pair.client.certificateName == "twin.test")
    }
}

@Suite struct ApplicationProtocolTests {
    @Test func choosesByTheServersPreference() throws {
        let context = try makeContext(
            [TestCertificates.other, TestCertificates.app],
            protocols: ["h2", "http/1.1"]
        )
        let both = try TLSPair(context, ClientOptions(protocols: ["http/1.1", "h2"]))
        #expect(both.handshake())
        #expect(both.applicationProtocol == .http2)
        let one = try TLSPair(context, ClientOptions(protocols: ["spdy/3", "http/1.1"]))
        #expect(one.handshake())
        #expect(one.applicationProtocol == .http11)
        let none = try TLSPair(context)
        #expect(none.handshake())
        #expect(none.applicationProtocol == .none)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func refusesAClientOfOtherProtocols(_ version: CInt) throws {
        let context = try makeContext()
        var options = ClientOptions(protocols: ["h2", "spdy/3"])
        options.maximum = version
        let pair = try TLSPair(context, options)
        #expect(!pair.handshake())
        #expect(pair.progress == .failed(.applicationProtocol))
        #expect(alert(in: pair.wire) == 120)
    }

    @Test func refusesNamesThatCannotBeWritten() {
        for name in ["", String(repeating: "x", count: 256)] {
            #expect(throws: TLSFailure.self) { _ = try makeContext(protocols: [name]) }
        }
        #expect(throws: TLSFailure.self) { _ = try makeContext([]) }
    }
}

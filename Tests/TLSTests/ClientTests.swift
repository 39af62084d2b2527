import Bytes
import COpenSSL
import TLS
import TestSupport
import Testing

/// The gateway as a client: whom it trusts, and what it does when it does not.
@Suite struct ClientVerificationTests {
    /// What comes of a client that trusts `authority` and wants `name`, at a server with
    /// `certificate`.
    private func fault(
        _ authority: TestAuthority,
        _ certificate: TestAuthority,
        name: String = "app.example.com",
        verifies: Bool = true
    ) throws -> TLSFault? {
        let server = try makeContext([certificate.material])
        let pair = try ClientPair(authority.client(verifies: verifies), server, name: name)
        pair.run()
        #expect(pair.isEstablished == (pair.fault == nil))
        guard pair.fault == nil else { return pair.fault }
        pair.clientSends([1, 2])
        pair.serverSends([3])
        #expect(pair.atServer == [1, 2] && pair.atClient == [3])
        return nil
    }

    @Test(arguments: [
        ("app.example.com", "app.example.com"), ("*.example.com", "app.example.com"),
        ("app.example.com", "APP.example.com"), ("app.example.com", "app.example.com."),
        ("127.0.0.1", "127.0.0.1"), ("::1", "::1"),
    ])
    func theNameIsTheCertificates(_ certified: String, _ asked: String) throws {
        let own = try TestAuthority([certified])
        #expect(try fault(own, own, name: asked) == nil)
    }

    @Test(arguments: [
        ("app.example.com", "other.example.com"), ("*.example.com", "a.b.example.com"),
        ("*.example.com", "example.com"), ("127.0.0.1", "127.0.0.2"),
        ("app.example.com", "127.0.0.1"), ("a*.example.com", "app.example.com"),
    ])
    func anotherNameIsRefused(_ certified: String, _ asked: String) throws {
        let own = try TestAuthority([certified])
        #expect(try fault(own, own, name: asked) == .wrongName)
        #expect(try fault(own, own, name: asked, verifies: false) == nil)
    }

    @Test func aStrangersCertificateIsRefused() throws {
        let own = try TestAuthority(["app.example.com"])
        let stranger = try TestAuthority(["app.example.com"])
        #expect(try fault(own, stranger) == .unknownIssuer)
        #expect(try fault(own, stranger, verifies: false) == nil)
    }

    @Test func theSystemTrustsNoTestsCertificate() throws {
        let own = try TestAuthority(["app.example.com"])
        let material = try TLSClientMaterial(
            options: TLSClientOptions(),
            authoritiesPEM: nil,
            certificate: nil
        )
        let server = try makeContext([own.material])
        let pair = try ClientPair(TLSClientContext(material), server)
        pair.run()
        #expect(pair.fault == .unknownIssuer && !pair.isEstablished)
    }

    @Test func datesCount() throws {
        let old = try TestAuthority(["app.example.com"], notBefore: -7200, notAfter: -3600)
        #expect(try fault(old, old) == .certificateExpired)
        #expect(try fault(old, old, verifies: false) == nil)
        let early = try TestAuthority(["app.example.com"], notBefore: 3600)
        #expect(try fault(early, early) == .certificateNotYetValid)
    }

    @Test func aNameIsAskedForAndAnAddressIsNot() throws {
        let own = try TestAuthority(["app.example.com", "127.0.0.1"])
        let server = try makeContext([own.material])
        for (name, asked) in [("app.example.com", "app.example.com"), ("127.0.0.1", nil)] {
            let pair = try ClientPair(own.client(), server, name: name)
            pair.run()
            #expect(pair.isEstablished && pair.serverName == asked)
        }
    }

    @Test func versionsBelowTheMinimumAreRefused() throws {
        let own = try TestAuthority(["app.example.com"])
        let context = try own.client(minimum: .tls13)
        let pair = try ClientPair(context, makeContext([own.material]))
        pair.run()
        #expect(pair.isEstablished && pair.version == "TLSv1.3")
        var connection = try TLSConnection(
            context: context,
            serverName: "app.example.com",
            session: nil
        )
        var hello = Buffer(capacity: 32 * 1024)
        var nothing = Buffer(capacity: 32 * 1024)
        var answer = Buffer(capacity: 32 * 1024)
        _ = connection.receive(&nothing, plaintext: &answer, replies: &hello)
        // A ServerHello of TLS 1.2 without any extension (RFC 5246 §7.4.1.3).
        let body = [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0xC0, 0x2B, 0]
        let message = [2, 0, 0, UInt8(body.count)] + body
        let record = [22, 3, 3, 0, UInt8(message.count)] + message
        nothing.append(record.span)
        let progress = connection.receive(&nothing, plaintext: &answer, replies: &hello)
        #expect(progress == .failed(.version))
    }

    @Test func whatIsNoTLSFails() throws {
        let own = try TestAuthority(["app.example.com"])
        var connection = try TLSConnection(
            context: own.client(),
            serverName: "app.example.com",
            session: nil
        )
        var encrypted = Buffer(capacity: 1024)
        var plaintext = Buffer(capacity: 32 * 1024)
        var replies = Buffer(capacity: 32 * 1024)
        _ = connection.receive(&encrypted, plaintext: &plaintext, replies: &replies)
        encrypted.append("HTTP/1.1 400 Bad Request\r\n\r\n")
        let progress = connection.receive(&encrypted, plaintext: &plaintext, replies: &replies)
        #expect(progress == .failed(.notTLS))
        let isEmpty = plaintext.isEmpty
        #expect(isEmpty)
    }

    @Test func aServerOfAnotherProtocolIsRefused() throws {
        let own = try TestAuthority(["app.example.com"])
        let server = try makeContext([own.material], protocols: ["h2"])
        let pair = try ClientPair(own.client(), server)
        pair.run()
        #expect(!pair.isEstablished && pair.fault != nil)
    }
}

@Suite struct ClientSplitTests {
    /// What came of a handshake and what followed it.
    private struct Outcome: Equatable {
        var isEstablished: Bool
        var fault: TLSFault?
        var received: [UInt8]
    }

    private func everyCut(
        _ client: TLSClientContext,
        _ server: borrowing TLSServerContext,
        name: String
    ) throws -> SplitOutcomes<Outcome> {
        let first = try ClientPair(client, server, name: name)
        first.run()
        // Signatures differ by a few bytes: the last cuts fall beyond the end.
        let length = [UInt8](repeating: 0, count: first.wire.count)
        return try everySplit(of: length) { cuts in
            let pair = try ClientPair(client, server, name: name)
            pair.run(cutAt: cuts)
            if pair.isEstablished { pair.serverSends([5]) }
            return Outcome(
                isEstablished: pair.isEstablished,
                fault: pair.fault,
                received: pair.atClient
            )
        }
    }

    @Test func aServersHandshakeMayBeCutAnywhere() throws {
        let own = try TestAuthority(["app.example.com"])
        let server = try makeContext([own.material])
        let outcomes = try everyCut(own.client(), server, name: "app.example.com")
        #expect(outcomes.whole == Outcome(isEstablished: true, fault: nil, received: [5]))
        #expect(outcomes.differing.isEmpty)
    }

    @Test func aRefusalIsTheSameHoweverItComes() throws {
        let own = try TestAuthority(["app.example.com"])
        let server = try makeContext([own.material])
        let outcomes = try everyCut(own.client(), server, name: "other.example.com")
        #expect(outcomes.whole == Outcome(isEstablished: false, fault: .wrongName, received: []))
        #expect(outcomes.differing.isEmpty)
    }
}

@Suite struct ClientResumptionTests {
    @Test func aSessionIsResumedAtTheSameServer() throws {
        let own = try TestAuthority(["app.example.com"])
        let client = try own.client()
        let server = try makeContext([own.material])
        let first = try ClientPair(client, server)
        first.run()
        #expect(!first.isResumed)
        var session = first.takeSession()
        #expect(session != nil)
        let none = first.takeSession()
        #expect(none == nil)
        for _ in 0..<3 {
            let next = try ClientPair(client, server, resuming: session)
            next.run()
            #expect(next.isEstablished && next.isResumed)
            next.clientSends([1])
            #expect(next.atServer == [1])
            session = next.takeSession()
        }
        // Another listener's ticket keys: a whole handshake, and no failure.
        let other = try makeContext([own.material])
        let fresh = try ClientPair(client, other, resuming: session)
        fresh.run()
        #expect(fresh.isEstablished && !fresh.isResumed)
    }

    @Test func noSessionComesOfARefusedHandshake() throws {
        let own = try TestAuthority(["app.example.com"])
        let pair = try ClientPair(
            own.client(),
            makeContext([own.material]),
            name: "other.example.com"
        )
        pair.run()
        let session = pair.takeSession()
        #expect(pair.fault == .wrongName && session == nil)
    }
}

@Suite struct ClientMaterialTests {
    @Test(arguments: [
        ("", "holds no `BEGIN CERTIFICATE` block"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "does not decode"),
    ])
    func authoritiesThatAreNoneAreRefused(_ pem: String, _ problem: String) throws {
        let failure = #expect(throws: TLSFailure.self) {
            try TLSClientMaterial(
                options: TLSClientOptions(),
                authoritiesPEM: Array(pem.utf8),
                certificate: nil
            )
        }
        #expect(failure?.problem.contains(problem) == true)
    }

    @Test func materialsAreEqualWhenTheyTrustAndShowTheSame() throws {
        let one = try TestAuthority(["app.example.com"])
        let two = try TestAuthority(["app.example.com"])
        func material(_ trusted: TestAuthority, shown: TestAuthority?) throws -> TLSClientMaterial {
            try TLSClientMaterial(
                options: TLSClientOptions(),
                authoritiesPEM: trusted.pem,
                certificate: shown?.material
            )
        }
        let plain = try material(one, shown: nil)
        #expect(try plain == material(one, shown: nil))
        #expect(try plain != material(two, shown: nil))
        #expect(try plain != material(one, shown: one))
        #expect(try material(one, shown: one) == material(one, shown: one))
        #expect(try material(one, shown: one) != material(one, shown: two))
    }

    @Test func aFileOfAuthoritiesIsBounded() throws {
        let folder = TemporaryFolder()
        let own = try TestAuthority(["app.example.com"])
        for (bytes, isTaken) in [(1 << 20, true), ((1 << 20) + 1, false)] {
            let filling = [UInt8](repeating: UInt8(ascii: "\n"), count: bytes - own.pem.count)
            let files = folder.files(certificate: own.pem + filling, key: nil)
            var options = TLSClientOptions()
            options.authorities = files.certificate
            let loaded = try? TLSClientMaterial.load(options)
            #expect((loaded != nil) == isTaken)
        }
    }
}

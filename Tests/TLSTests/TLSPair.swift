import Bytes
import TLS
import Testing

/// Certificates that every test may use.
enum TestCertificates {
    static let app = make(["app.example.com"])
    static let wild = make(["*.example.com", "*.deep.example.com"])
    static let other = make(["other.test", "198.51.100.7"])

    static func make(_ names: [String]) -> CertificateMaterial {
        do {
            let made = try SelfSignedCertificate(names: names)
            return try CertificateMaterial(
                certificatePEM: made.certificatePEM,
                privateKeyPEM: made.privateKeyPEM
            )
        } catch {
            preconditionFailure(error.description)
        }
    }
}

/// A client and a server, and the wire between them.
final class TLSPair {
    let client: TLSClient
    var server: TLSConnection
    var encrypted = Buffer(capacity: 256 * 1024)
    var plaintext = Buffer(capacity: 64 * 1024)
    var replies = Buffer(capacity: 64 * 1024)
    var progress = TLSConnection.Progress.needsMore
    /// All that the server sent.
    var wire: [UInt8] = []
    /// All plaintext that came to the server.
    var received: [UInt8] = []

    init(_ context: borrowing TLSServerContext, _ options: ClientOptions = ClientOptions()) throws {
        client = TLSClient(options)
        server = try TLSConnection(context: context)
    }

    /// Gives the server `bytes`, `step` at a time, and collects what it answers.
    func feed(_ bytes: [UInt8], step: Int = .max) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(step))
            rest = rest.dropFirst(step)
            encrypted.append(part.span)
            repeat {
                progress = server.receive(&encrypted, plaintext: &plaintext, replies: &replies)
                drain()
            } while progress == .roomSpent
        }
    }

    var isEstablished: Bool { server.isEstablished }
    var isResumed: Bool { server.isResumed }
    var version: String { server.version.description }
    var applicationProtocol: TLSConnection.ApplicationProtocol { server.applicationProtocol }
    var serverName: String? { server.serverName }
    /// Whether nothing waits in any buffer.
    var isDrained: Bool { encrypted.isEmpty && plaintext.isEmpty && replies.isEmpty }

    /// Moves bytes until neither side has any; true when both ends are established.
    @discardableResult
    func handshake(step: Int = .max) -> Bool {
        var done = false
        for _ in 0..<20 {
            done = client.handshake()
            let bytes = client.takeOutgoing()
            if bytes.isEmpty { break }
            feed(bytes, step: step)
        }
        return done && server.isEstablished
    }

    /// From the client to the server.
    func clientSends(_ bytes: [UInt8], step: Int = .max) {
        client.write(bytes)
        feed(client.takeOutgoing(), step: step)
    }

    /// From the server to the client, which returns what it read.
    func serverSends(_ bytes: [UInt8]) -> [UInt8] {
        var text = Buffer(capacity: bytes.count + 1)
        text.append(bytes.span)
        repeat {
            progress = server.send(&text, into: &replies)
            drain()
        } while progress == .roomSpent
        return client.read()
    }

    func drain() {
        let answer = replies.readable.copied()
        replies.clear()
        wire += answer
        client.giveIncoming(answer)
        received += plaintext.readable.copied()
        plaintext.clear()
    }
}

/// A context for tests, with these certificates and options.
func makeContext(
    _ materials: [CertificateMaterial] = [TestCertificates.app],
    session: String = "listener",
    protocols: [String] = ["http/1.1"],
    minimum: TLSServerOptions.Version = .tls12,
    tickets: TicketKeyStore = TicketKeyStore(.generate())
) throws -> TLSServerContext {
    var options = TLSServerOptions(certificates: [], sessionContext: session)
    options.applicationProtocols = protocols
    options.minimumVersion = minimum
    return try TLSServerContext(options: options, materials: materials, tickets: tickets)
}

/// The description of a fatal alert in the clear (RFC 8446 §6): the last record sent.
func alert(in wire: [UInt8]) -> UInt8? {
    guard wire.count >= 7 else { return nil }
    let record = Array(wire.suffix(7))
    return record[0] == 21 && record[3] == 0 && record[4] == 2 && record[5] == 2 ? record[6] : nil
}

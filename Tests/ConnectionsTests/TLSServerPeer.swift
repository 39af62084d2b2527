import Bytes
import EventLoop
import TLS
import TestSupport

@testable import Connections

/// A certificate, the server that shows it, and clients that trust it.
struct CallAuthority {
    let server: TLSServerOptions
    let material: CertificateMaterial
    let pem: [UInt8]

    init(_ names: [String] = ["core.test"]) throws {
        let made = try SelfSignedCertificate(names: names)
        pem = made.certificatePEM
        material = try CertificateMaterial(
            certificatePEM: made.certificatePEM,
            privateKeyPEM: made.privateKeyPEM
        )
        server = TLSServerOptions(certificates: [], sessionContext: "listener")
    }

    func client() throws -> TLSClientContext {
        let options = TLSClientOptions()
        return try TLSClientContext(
            TLSClientMaterial(options: options, authoritiesPEM: pem, certificate: nil)
        )
    }

    func context(_ tickets: TicketKeyStore) throws -> TLSServerContext {
        try TLSServerContext(options: server, materials: [material], tickets: tickets)
    }
}

/// A server's end of a connection in TLS, played by a test.
final class TLSServerPeer {
    let peer: TestPeer
    private var tls: TLSConnection
    private var output = Buffer(capacity: 64 * 1024)
    /// Plaintext that came and was not taken.
    private(set) var received: [UInt8] = []

    init(_ peer: TestPeer, _ context: borrowing TLSServerContext) throws {
        self.peer = peer
        tls = try TLSConnection(context: context)
    }

    var isResumed: Bool { tls.isResumed }

    /// Eats what came and answers what TLS does by itself.
    func step() throws {
        peer.poll()
        let bytes = peer.received
        _ = peer.drop()
        guard !bytes.isEmpty else { return }
        var encrypted = Buffer(capacity: bytes.count)
        encrypted.append(bytes.span)
        var plaintext = Buffer(capacity: 64 * 1024)
        _ = tls.receive(&encrypted, plaintext: &plaintext, replies: &output)
        received += plaintext.readable.copied()
        try sendOutput()
    }

    func encrypted(_ text: String) -> [UInt8] {
        _ = tls.send(Array(text.utf8).span, into: &output)
        defer { output.clear() }
        return output.readable.copied()
    }

    func send(_ text: String) throws { try peer.send(encrypted(text)) }

    func sendCloseNotify() throws {
        tls.close(into: &output)
        try sendOutput()
    }

    func takeRequest() -> String? {
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        defer { received.removeFirst(end.upperBound) }
        return String(decoding: received.prefix(end.upperBound), as: UTF8.self)
    }

    private func sendOutput() throws {
        let bytes = output.readable.copied()
        output.clear()
        if !bytes.isEmpty { try peer.send(bytes) }
    }
}

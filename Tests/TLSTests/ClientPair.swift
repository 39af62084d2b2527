import Bytes
import COpenSSL
import TLS
import Testing

/// Both of the gateway's ends, the client and the server, and the wire between them.
final class ClientPair {
    var client: TLSConnection
    var server: TLSConnection
    private(set) var clientProgress = TLSConnection.Progress.needsMore
    private(set) var serverProgress = TLSConnection.Progress.needsMore
    private var toServer = Buffer(capacity: 256 * 1024)
    private var toClient = Buffer(capacity: 256 * 1024)
    private(set) var atServer: [UInt8] = []
    private(set) var atClient: [UInt8] = []
    /// All bytes that the server sent.
    private(set) var wire: [UInt8] = []

    init(
        _ client: TLSClientContext,
        _ server: borrowing TLSServerContext,
        name: String = "app.example.com",
        resuming session: TLSSession? = nil
    ) throws {
        self.client = try TLSConnection(context: client, serverName: name, session: session)
        self.server = try TLSConnection(context: server)
    }

    var isEstablished: Bool { client.isEstablished && server.isEstablished }
    var isResumed: Bool { client.isResumed }
    var version: String { client.version.description }
    var serverName: String? { server.serverName }
    func takeSession() -> TLSSession? { client.takeSession() }
    var fault: TLSFault? {
        if case .failed(let fault) = clientProgress { return fault }
        return nil
    }

    /// Moves bytes until neither side has any; what the server sends comes in parts cut at these
    /// places.
    func run(cutAt cuts: [Int] = []) {
        advanceClient([])
        var position = 0
        while true {
            let ahead = toServer.readable.copied()
            toServer.clear()
            advanceServer(ahead)
            let back = toClient.readable.copied()
            toClient.clear()
            wire += back
            if back.isEmpty {
                if toServer.isEmpty { return }
                continue
            }
            let places = cuts.map { $0 - position }.filter { $0 > 0 && $0 < back.count }
            position += back.count
            var start = 0
            for end in places + [back.count] where end > start {
                advanceClient(Array(back[start..<end]))
                start = end
            }
        }
    }

    private func advanceClient(_ bytes: [UInt8]) {
        var encrypted = Buffer(capacity: max(bytes.count, 1))
        encrypted.append(bytes.span)
        var plaintext = Buffer(capacity: 64 * 1024)
        repeat {
            clientProgress = client.receive(&encrypted, plaintext: &plaintext, replies: &toServer)
        } while clientProgress == .roomSpent
        atClient += plaintext.readable.copied()
    }

    private func advanceServer(_ bytes: [UInt8]) {
        var encrypted = Buffer(capacity: max(bytes.count, 1))
        encrypted.append(bytes.span)
        var plaintext = Buffer(capacity: 64 * 1024)
        repeat {
            serverProgress = server.receive(&encrypted, plaintext: &plaintext, replies: &toClient)
        } while serverProgress == .roomSpent
        atServer += plaintext.readable.copied()
    }

    func clientSends(_ bytes: [UInt8]) {
        _ = client.send(bytes.span, into: &toServer)
        run()
    }

    func serverSends(_ bytes: [UInt8]) {
        _ = server.send(bytes.span, into: &toClient)
        let back = toClient.readable.copied()
        toClient.clear()
        advanceClient(back)
    }
}

/// A certificate and what trusts it.
struct TestAuthority {
    let pem: [UInt8]
    let material: CertificateMaterial

    init(
        _ names: [String],
        notBefore: Int = -3600,
        notAfter: Int = 86_400
    ) throws {
        let made = try SelfSignedCertificate(
            names: names,
            notBefore: notBefore,
            notAfter: notAfter
        )
        pem = made.certificatePEM
        material = try CertificateMaterial(
            certificatePEM: made.certificatePEM,
            privateKeyPEM: made.privateKeyPEM
        )
    }

    /// A client that trusts this certificate alone.
    func client(
        verifies: Bool = true,
        minimum: TLSClientOptions.Version = .tls12
    ) throws -> TLSClientContext {
        var options = TLSClientOptions()
        options.verifies = verifies
        options.minimumVersion = minimum
        let material = try TLSClientMaterial(
            options: options,
            authoritiesPEM: pem,
            certificate: nil
        )
        return try TLSClientContext(material)
    }
}

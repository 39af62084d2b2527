import COpenSSL
import EventLoop
import TLS
import TestSupport

/// OpenSSL's own client at the other end of a transport; its bytes go through a `TestPeer`.
@safe
final class TLSPeer {
    private let peer: TestPeer
    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private(set) var isEstablished = false
    /// Plaintext that came.
    private(set) var received: [UInt8] = []

    init(_ peer: TestPeer) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()),
            let ssl = unsafe SSL_new(context), let incoming = unsafe BIO_new(BIO_s_mem()),
            let outgoing = unsafe BIO_new(BIO_s_mem())
        else { preconditionFailure("no memory") }
        self.peer = peer
        unsafe self.context = unsafe context
        unsafe self.ssl = unsafe ssl
        unsafe self.incoming = unsafe incoming
        unsafe self.outgoing = unsafe outgoing
        // An empty memory BIO means "try again", not the end.
        _ = unsafe BIO_ctrl(incoming, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        unsafe SSL_set_bio(ssl, incoming, outgoing)
        unsafe SSL_set_connect_state(ssl)
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    /// Eats what came, goes on with the handshake, and sends what there is to send.
    func step() throws {
        peer.poll()
        let bytes = peer.received
        _ = peer.drop()
        if !bytes.isEmpty { _ = unsafe BIO_write(incoming, bytes, CInt(bytes.count)) }
        ERR_clear_error()
        if !isEstablished { isEstablished = unsafe SSL_do_handshake(ssl) == 1 }
        var part = [UInt8](repeating: 0, count: 16 * 1024)
        while isEstablished {
            ERR_clear_error()
            let count = unsafe SSL_read(ssl, &part, CInt(part.count))
            guard count > 0 else { break }
            received += part.prefix(Int(count))
        }
        try sendOutgoing()
    }

    private func sendOutgoing() throws {
        var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(outgoing))
        guard !bytes.isEmpty else { return }
        _ = unsafe BIO_read(outgoing, &bytes, CInt(bytes.count))
        try peer.send(bytes)
    }

    func send(_ bytes: [UInt8]) throws {
        ERR_clear_error()
        let count = unsafe SSL_write(ssl, bytes, CInt(bytes.count))
        precondition(Int(count) == bytes.count)
        try sendOutgoing()
    }

    func sendCloseNotify() throws {
        _ = unsafe SSL_shutdown(ssl)
        try sendOutgoing()
    }

    var hasReceivedCloseNotify: Bool {
        unsafe SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
    }

    func takeReceived() -> [UInt8] {
        defer { received = [] }
        return received
    }
}

/// The server's side of a listener with a certificate of its own.
enum TestServer {
    static func connection() throws -> TLSConnection {
        let made = try SelfSignedCertificate(names: ["app.example.com"])
        let material = try CertificateMaterial(
            certificatePEM: made.certificatePEM,
            privateKeyPEM: made.privateKeyPEM
        )
        let context = try TLSServerContext(
            options: TLSServerOptions(certificates: [], sessionContext: "listener"),
            materials: [material],
            tickets: TicketKeyStore(.generate())
        )
        return try TLSConnection(context: context)
    }
}

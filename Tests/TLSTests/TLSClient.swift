import Bytes
import COpenSSL

/// What a test's client asks for.
struct ClientOptions {
    var serverName: String? = "app.example.com"
    var minimum = TLS1_2_VERSION
    var maximum = TLS1_3_VERSION
    var protocols: [String] = []
    var resumes: ClientSession?
    /// OpenSSL's cipher string; it may lower the security level for old versions.
    var ciphers: String?
}

/// A session that a client keeps for its next connection.
@safe
final class ClientSession {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }

    deinit { unsafe SSL_SESSION_free(pointer) }
}

/// OpenSSL's own client over memory BIOs.
@safe
final class TLSClient {
    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    init(_ options: ClientOptions) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()),
            let ssl = unsafe SSL_new(context),
            let incoming = unsafe BIO_new(BIO_s_mem()),
            let outgoing = unsafe BIO_new(BIO_s_mem())
        else { preconditionFailure("no memory") }
        unsafe self.context = unsafe context
        unsafe self.ssl = unsafe ssl
        unsafe self.incoming = unsafe incoming
        unsafe self.outgoing = unsafe outgoing
        // An empty memory BIO means "try again", not the end.
        _ = unsafe BIO_ctrl(incoming, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        unsafe SSL_set_bio(ssl, incoming, outgoing)
        unsafe SSL_set_connect_state(ssl)
        apply(options)
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    private func apply(_ options: ClientOptions) {
        _ = unsafe SSL_ctrl(ssl, SSL_CTRL_SET_MIN_PROTO_VERSION, CLong(options.minimum), nil)
        _ = unsafe SSL_ctrl(ssl, SSL_CTRL_SET_MAX_PROTO_VERSION, CLong(options.maximum), nil)
        if let name = options.serverName { ask(for: name) }
        if let ciphers = options.ciphers { _ = unsafe SSL_set_cipher_list(ssl, ciphers) }
        if let session = options.resumes { _ = unsafe SSL_set_session(ssl, session.pointer) }
        guard !options.protocols.isEmpty else { return }
        var list: [UInt8] = []
        for name in options.protocols {
            list.append(UInt8(name.utf8.count))
            list += name.utf8
        }
        _ = unsafe SSL_set_alpn_protos(ssl, list, CUnsignedInt(list.count))
    }

    /// Asks for a server name, as the macro `SSL_set_tlsext_host_name` does.
    private func ask(for serverName: String) {
        let command = SSL_CTRL_SET_TLSEXT_HOSTNAME
        unsafe serverName.withCString { name in
            let argument = unsafe UnsafeMutableRawPointer(mutating: name)
            _ = unsafe SSL_ctrl(ssl, command, CLong(TLSEXT_NAMETYPE_host_name), argument)
        }
    }
}

extension TLSClient {
    /// Goes on with the handshake; true when it is done.
    func handshake() -> Bool {
        ERR_clear_error()
        return unsafe SSL_do_handshake(ssl) == 1
    }

    /// The number of the fatal alert received, after a failed call.
    var alertReceived: Int? {
        let reason = sallyport_error_reason(ERR_peek_error())
        return reason >= SSL_AD_REASON_OFFSET ? Int(reason - SSL_AD_REASON_OFFSET) : nil
    }

    /// What waits to go to the server.
    func takeOutgoing() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(outgoing))
        guard !bytes.isEmpty else { return [] }
        _ = unsafe BIO_read(outgoing, &bytes, CInt(bytes.count))
        return bytes
    }

    func giveIncoming(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        _ = unsafe BIO_write(incoming, bytes, CInt(bytes.count))
    }

    /// Everything that has come.
    func read() -> [UInt8] {
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            ERR_clear_error()
            let count = unsafe SSL_read(ssl, &part, CInt(part.count))
            guard count > 0 else { return all }
            all += part.prefix(Int(count))
        }
    }

    func write(_ bytes: [UInt8]) {
        ERR_clear_error()
        let count = unsafe SSL_write(ssl, bytes, CInt(bytes.count))
        precondition(count == bytes.count)
    }

    func sendCloseNotify() { _ = unsafe SSL_shutdown(ssl) }

    /// Asks for a TLS 1.3 key update, to be sent with the next write.
    func requestKeyUpdate() { _ = unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) }

    /// Starts a TLS 1.2 renegotiation.
    func renegotiate() -> Bool {
        ERR_clear_error()
        return unsafe SSL_renegotiate(ssl) == 1 && SSL_do_handshake(ssl) == 1
    }

    var receivedCloseNotify: Bool {
        unsafe SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
    }

    var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    var session: ClientSession? {
        guard let session = unsafe SSL_get1_session(ssl) else { return nil }
        return unsafe ClientSession(session)
    }

    /// Whether the newest ticket differs from `other`'s.
    func holdsOtherTicket(than other: ClientSession) -> Bool {
        guard let mine = session else { return false }
        return ticket(mine) != ticket(other)
    }

    private func ticket(_ session: ClientSession) -> [UInt8] {
        var start: UnsafePointer<UInt8>?
        var count = 0
        unsafe SSL_SESSION_get0_ticket(session.pointer, &start, &count)
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }

    /// The common name of the server's certificate.
    var certificateName: String {
        guard let certificate = unsafe SSL_get1_peer_certificate(ssl) else { return "" }
        defer { unsafe X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 128)
        let subject = unsafe X509_get_subject_name(certificate)
        let count = unsafe X509_NAME_get_text_by_NID(subject, NID_commonName, &text, 128)
        return String(decoding: text.prefix(Int(max(0, count))).map { UInt8($0) }, as: UTF8.self)
    }

    var cipher: String { unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))) }
}

import COpenSSL

/// One thread's side of TLS towards servers that are trusted alike. Copies are the same context.
public struct TLSClientContext: Sendable, Equatable {
    let tables: ClientTables

    /// - Throws: when OpenSSL refuses a setting, or a certificate of the material.
    public init(_ material: TLSClientMaterial) throws(TLSFailure) {
        tables = try ClientTables(material)
    }

    /// Whether both are the same context, not only alike.
    public static func == (left: TLSClientContext, right: TLSClientContext) -> Bool {
        left.tables === right.tables
    }
}

/// A session that a server gave for later connections (RFC 8446 §2.2): good for connections of the
/// same context to the same server name only, since a resumed one shows no certificate.
@safe
public final class TLSSession {
    let pointer: OpaquePointer

    /// Takes over a reference.
    init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }

    deinit { unsafe SSL_SESSION_free(pointer) }
}

/// An OpenSSL context for clients, prepared once and then unchanged: OpenSSL counts its users
/// itself, which is why it may cross threads.
@safe
final class ClientTables: @unchecked Sendable {
    let context: OpaquePointer

    /// ALPN (RFC 7301 §3.1): a name after its length.
    private static let protocols = [8] + Array("http/1.1".utf8)
    /// Seconds that a session is offered for resumption: so long at most a server whose certificate
    /// has ended is still believed.
    private static let sessionLifetime = 2 * 60 * 60

    init(_ material: TLSClientMaterial) throws(TLSFailure) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw .openSSL }
        unsafe self.context = unsafe context
        guard unsafe ServerContextSettings.applyCommon(to: context, material.minimumVersion),
            unsafe SSL_CTX_set_alpn_protos(
                context,
                Self.protocols,
                CUnsignedInt(Self.protocols.count)
            ) == 0,
            unsafe Self.trust(material, context)
        else { throw .openSSL }
        if let certificate = material.certificate {
            guard unsafe certificate.use(in: context) else { throw .openSSL }
        }
        _ = unsafe SSL_CTX_set_options(context, sallyport_client_options())
        _ = unsafe sallyport_ctx_set_session_cache_mode(
            context,
            CLong(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL)
        )
        _ = unsafe SSL_CTX_set_timeout(context, Self.sessionLifetime)
        unsafe SSL_CTX_sess_set_new_cb(context, Self.sessionCallback)
    }

    deinit { unsafe SSL_CTX_free(context) }

    private static func trust(_ material: TLSClientMaterial, _ context: OpaquePointer) -> Bool {
        unsafe SSL_CTX_set_verify(
            context,
            material.verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
            nil
        )
        guard let pem = material.authoritiesPEM else {
            return unsafe SSL_CTX_set_default_verify_paths(context) == 1
        }
        guard let store = unsafe SSL_CTX_get_cert_store(context) else { return false }
        return unsafe (try? Authorities.add(pem, to: store)) != nil
    }

    /// Keeps the session that came for whoever drives the connection; 1 = the reference is ours.
    private static let sessionCallback: @convention(c) (OpaquePointer?, OpaquePointer?) -> CInt = {
        ssl,
        session in
        guard let session = unsafe session,
            let transport = unsafe TransportBIO.transport(of: SSL_get_rbio(ssl))
        else { return 0 }
        if let previous = unsafe transport.pointee.session {
            unsafe SSL_SESSION_free(previous)
        }
        unsafe transport.pointee.session = unsafe session
        return 1
    }
}

extension ClientTables {
    /// Asks for `name`, and has OpenSSL compare the certificate with it (RFC 9525 §6): with its
    /// alternative names alone, and wildcards for one whole label only. An address is not asked
    /// for (RFC 6066 §3).
    static func expect(_ name: String, _ ssl: OpaquePointer) -> Bool {
        guard let parameters = unsafe SSL_get0_param(ssl) else { return false }
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return true }
        ERR_clear_error()
        let plain = name.hasSuffix(".") ? String(name.dropLast()) : name
        unsafe X509_VERIFY_PARAM_set_hostflags(
            parameters,
            CUnsignedInt(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        )
        return unsafe X509_VERIFY_PARAM_set1_host(parameters, plain, plain.utf8.count) == 1
            && sallyport_set_server_name(ssl, plain) == 1
    }
}

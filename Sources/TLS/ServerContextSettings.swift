import COpenSSL

/// What every server context of the gateway has in common.
enum ServerContextSettings {
    /// AEAD and forward secrecy only; AES first, but ChaCha20 for a client that puts it first.
    private static let cipherList =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        + "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let cipherSuites =
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let groups = "X25519:P-256:P-384"
    /// Seconds that a session may be resumed; the ticket keys' rotation may end it earlier.
    private static let sessionLifetime = 2 * 60 * 60
    /// Sent after a full TLS 1.3 handshake; after a resumed one it is always one.
    ///
    /// A second adds 11 µs to the handshake's 142 µs, and 290 bytes; resuming saves 25 µs (measured
    /// with P-256), so it would pay only for clients that always open two connections at once.
    private static let ticketCount = 1

    /// A context with these settings; nil when OpenSSL refuses one of them.
    static func makeContext(_ minimum: TLSServerOptions.Version) -> OpaquePointer? {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { return nil }
        guard unsafe apply(to: context, minimum) else {
            unsafe SSL_CTX_free(context)
            return nil
        }
        return unsafe context
    }

    private static func apply(
        to context: OpaquePointer,
        _ minimum: TLSServerOptions.Version
    ) -> Bool {
        guard unsafe applyCommon(to: context, minimum),
            unsafe SSL_CTX_set_max_early_data(context, 0) == 1,
            unsafe SSL_CTX_set_num_tickets(context, ticketCount) == 1
        else { return false }
        _ = unsafe SSL_CTX_set_options(context, sallyport_server_options())
        _ = unsafe sallyport_ctx_set_session_cache_mode(context, CLong(SSL_SESS_CACHE_OFF))
        _ = unsafe SSL_CTX_set_timeout(context, sessionLifetime)
        return true
    }

    /// What clients of the gateway's have in common with its servers.
    static func applyCommon(
        to context: OpaquePointer,
        _ minimum: TLSServerOptions.Version
    ) -> Bool {
        let lowest = minimum == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        guard unsafe sallyport_ctx_set_versions(context, lowest, TLS1_3_VERSION) == 1,
            unsafe SSL_CTX_set_cipher_list(context, cipherList) == 1,
            unsafe SSL_CTX_set_ciphersuites(context, cipherSuites) == 1,
            unsafe sallyport_ctx_set_groups(context, groups) == 1
        else { return false }
        // Buffers are given back between records, and a write may be tried again from other memory.
        _ = unsafe sallyport_ctx_set_mode(context, sallyport_server_modes())
        return true
    }

    /// Throws what OpenSSL has against serving with `material`.
    static func tryOut(
        _ material: CertificateMaterial,
        _ report: CertificateReport
    ) throws(TLSFailure) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let context = unsafe makeContext(.tls12) else { throw .openSSL }
        defer { unsafe SSL_CTX_free(context) }
        guard unsafe material.use(in: context) else {
            throw report.refused(reason: sallyport_error_reason(ERR_peek_error()))
        }
    }
}

extension TLSFailure {
    /// OpenSSL refuses what every build of version 3 knows: its own configuration is to blame.
    static let openSSL = TLSFailure(
        problem: "OpenSSL refuses the gateway's TLS settings",
        remedy: "see what openssl.cnf (or OPENSSL_CONF) restricts, and that memory is left"
    )
}

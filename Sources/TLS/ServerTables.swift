import COpenSSL

/// What OpenSSL's callbacks read while a handshake runs: prepared once, then unchanged.
///
/// Connections hold it too, so that one that outlives a reload still finds it.
@safe
final class ServerTables {
    /// One per certificate, in the order of the options.
    private var contexts: [OpaquePointer]
    private let serverNames: ServerNames
    /// ALPN names, each after its length (RFC 7301 §3.1).
    private let protocols: UnsafeMutableBufferPointer<UInt8>
    private let tickets: TicketKeyStore

    init(
        options: TLSServerOptions,
        materials: [CertificateMaterial],
        tickets: TicketKeyStore
    ) throws(TLSFailure) {
        unsafe contexts = []
        serverNames = ServerNames(materials.map(\.names))
        let names = try Self.protocolList(options.applicationProtocols)
        unsafe protocols = .allocate(capacity: names.count)
        _ = unsafe protocols.initialize(fromContentsOf: names)
        self.tickets = tickets
        for material in materials { try addContext(material, options) }
        if unsafe contexts.isEmpty {
            throw TLSFailure(
                problem: "a TLS listener has no certificate",
                remedy: "name at least one under tls.certificates"
            )
        }
    }

    deinit {
        for index in unsafe contexts.indices { unsafe SSL_CTX_free(contexts[index]) }
        unsafe protocols.deallocate()
    }

    /// The context that a connection begins with.
    var fallback: OpaquePointer { unsafe contexts[0] }

    private func addContext(
        _ material: CertificateMaterial,
        _ options: TLSServerOptions
    ) throws(TLSFailure) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let context = unsafe ServerContextSettings.makeContext(options.minimumVersion) else {
            throw .openSSL
        }
        unsafe contexts.append(context)
        guard unsafe material.use(in: context), unsafe setSessionContext(options, context) else {
            throw .openSSL
        }
        let tables = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sallyport_ctx_set_app_data(context, tables)
        unsafe sallyport_ctx_set_server_name_callback(context, Self.serverNameCallback, tables)
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Self.ticketCallback)
        if unsafe !protocols.isEmpty {
            unsafe SSL_CTX_set_alpn_select_cb(context, Self.protocolCallback, tables)
        }
    }

    /// A digest, because OpenSSL takes 32 bytes at most.
    private func setSessionContext(_ options: TLSServerOptions, _ context: OpaquePointer) -> Bool {
        let name = Array(options.sessionContext.utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        return unsafe EVP_Digest(name, name.count, &digest, nil, EVP_sha256(), nil) == 1
            && SSL_CTX_set_session_id_context(context, digest, CUnsignedInt(digest.count)) == 1
    }

    private static func protocolList(_ names: [String]) throws(TLSFailure) -> [UInt8] {
        var list: [UInt8] = []
        for name in names {
            guard let count = UInt8(exactly: name.utf8.count), count > 0 else {
                throw TLSFailure(
                    problem: "an ALPN name is empty or longer than 255 bytes",
                    remedy: "write h2 or http/1.1"
                )
            }
            list.append(count)
            list += name.utf8
        }
        // HTTP/1.0 is served wherever HTTP/1.1 is, and has a name of its own (RFC 7301 §6).
        if names.contains("http/1.1") { list += [8] + Array("http/1.0".utf8) }
        return list
    }
}

// The callbacks: each reads the tables and answers; none reaches further into the program.
extension ServerTables {
    private static func tables(_ pointer: UnsafeMutableRawPointer?) -> ServerTables? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<ServerTables>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Server Name Indication (RFC 6066 §3): an unknown name gets the first certificate.
    private static let serverNameCallback:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<CInt>?, UnsafeMutableRawPointer?
        ) -> CInt = { ssl, _, argument in
            guard let tables = unsafe tables(argument),
                let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
                let index = unsafe tables.serverNames.index(of: name)
            else { return SSL_TLSEXT_ERR_NOACK }
            let chosen = unsafe SSL_set_SSL_CTX(ssl, tables.contexts[index])
            return unsafe chosen == nil ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK
        }

    /// ALPN (RFC 7301 §3.2): our order of preference; no overlap ends the handshake.
    private static let protocolCallback:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
            UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, CUnsignedInt,
            UnsafeMutableRawPointer?
        ) -> CInt = { _, selected, selectedCount, offered, offeredCount, argument in
            guard let tables = unsafe tables(argument) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
            var choice: UnsafeMutablePointer<UInt8>?
            let found = unsafe SSL_select_next_proto(
                &choice,
                selectedCount,
                tables.protocols.baseAddress,
                CUnsignedInt(tables.protocols.count),
                offered,
                offeredCount
            )
            guard found == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
            unsafe selected?.pointee = unsafe UnsafePointer(choice)
            return SSL_TLSEXT_ERR_OK
        }

    /// Readies the cipher and the MAC that seal (`seal` = 1) or open a ticket.
    private static let ticketCallback:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?,
            OpaquePointer?, OpaquePointer?, CInt
        ) -> CInt = { ssl, name, vector, cipher, mac, seal in
            guard let tables = unsafe tables(sallyport_ctx_app_data(SSL_get_SSL_CTX(ssl))),
                let name = unsafe name, let vector = unsafe vector,
                let cipher = unsafe cipher, let mac = unsafe mac
            else { return TicketKeyStore.Answer.failed.rawValue }
            if seal == 1 {
                return unsafe tables.tickets.prepareToSeal(name, vector, cipher, mac).rawValue
            }
            let answer = unsafe tables.tickets.prepareToOpen(name, vector, cipher, mac)
            // A ticket is shown in the clear: a new one each time keeps observers from linking
            // connections (RFC 8446 §C.4).
            let renews = unsafe answer == .accepted && SSL_version(ssl) == TLS1_3_VERSION
            return renews ? TicketKeyStore.Answer.renew.rawValue : answer.rawValue
        }
}

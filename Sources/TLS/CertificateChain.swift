import COpenSSL

/// Why PEM bytes (RFC 7468) are not what they should be.
enum PEMFailure: Error, Equatable {
    /// No block of the wanted kind.
    case absent
    /// A block of the wanted kind that does not decode.
    case malformed
    /// More certificates than a chain has.
    case tooMany
    /// The key asks for a passphrase.
    case encrypted
}

/// Certificates read from PEM bytes, the leaf first.
@safe
struct CertificateChain: ~Copyable {
    /// No public issuer's chain comes near.
    static let maximumCount = 16

    private var certificates: [OpaquePointer]

    init(pem: [UInt8]) throws(PEMFailure) {
        unsafe certificates = []
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let source = unsafe BIO_new_mem_buf(pem, CInt(clamping: pem.count)) else {
            throw .malformed
        }
        defer { unsafe BIO_free(source) }
        while let certificate = unsafe PEM_read_bio_X509(source, nil, nil, nil) {
            unsafe certificates.append(certificate)
            if unsafe certificates.count > Self.maximumCount { throw .tooMany }
        }
        // The end of the file shows as "no start line"; any other error is a broken block.
        guard sallyport_error_reason(ERR_peek_last_error()) == PEM_R_NO_START_LINE else {
            throw .malformed
        }
        if unsafe certificates.isEmpty { throw .absent }
    }

    deinit {
        for index in unsafe certificates.indices { unsafe X509_free(certificates[index]) }
    }

    var leaf: OpaquePointer { unsafe certificates[0] }

    /// Which certificate holds the public half of `key`: 0 is right, nil is none.
    func index(matching key: borrowing PrivateKey) -> Int? {
        defer { ERR_clear_error() }
        for index in unsafe certificates.indices
        where unsafe X509_check_private_key(certificates[index], key.pointer) == 1 {
            return index
        }
        return nil
    }

    /// Makes this the chain that `context` presents.
    func use(in context: OpaquePointer) -> Bool {
        guard unsafe SSL_CTX_use_certificate(context, leaf) == 1 else { return false }
        for index in unsafe certificates.indices.dropFirst() {
            let issuer = unsafe certificates[index]
            guard unsafe X509_up_ref(issuer) == 1 else { return false }
            if unsafe sallyport_ctx_add_chain(context, issuer) != 1 {
                unsafe X509_free(issuer)
                return false
            }
        }
        return true
    }
}

/// A private key read from PEM bytes.
@safe
struct PrivateKey: ~Copyable {
    let pointer: OpaquePointer

    init(pem: SecretBytes) throws(PEMFailure) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        var asked = false
        let key = unsafe pem.withBytes { bytes -> OpaquePointer? in
            guard
                let source = unsafe BIO_new_mem_buf(bytes.baseAddress, CInt(clamping: bytes.count))
            else { return nil }
            defer { unsafe BIO_free(source) }
            return unsafe PEM_read_bio_PrivateKey(source, nil, Self.passphraseCallback, &asked)
        }
        if let key = unsafe key {
            unsafe pointer = unsafe key
            return
        }
        if asked { throw .encrypted }
        throw Self.holdsBlock(pem) ? .malformed : .absent
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// Whether there is a `BEGIN … PRIVATE KEY` line; OpenSSL's decoders do not tell.
    private static func holdsBlock(_ pem: SecretBytes) -> Bool {
        let mark = Array("PRIVATE KEY-----".utf8)
        return unsafe pem.withBytes { bytes in
            guard bytes.count >= mark.count else { return false }
            return (0...bytes.count - mark.count).contains { start in
                mark.indices.allSatisfy { unsafe bytes[start + $0] == mark[$0] }
            }
        }
    }

    /// Never gives a passphrase; notes that one was asked for.
    private static let passphraseCallback:
        @convention(c) (
            UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?
        ) -> CInt = { _, _, _, asked in
            unsafe asked?.storeBytes(of: true, as: Bool.self)
            return -1
        }
}

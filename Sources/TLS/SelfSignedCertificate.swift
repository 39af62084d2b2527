import Bytes
import COpenSSL
import Glibc

/// A certificate that vouches for itself, made on the spot: for the demo and for tests.
public struct SelfSignedCertificate: Sendable {
    /// The certificate, PEM.
    public let certificatePEM: [UInt8]
    /// Its P-256 key, PEM, not encrypted.
    public let privateKeyPEM: [UInt8]

    /// Makes a new P-256 key and a certificate of it.
    ///
    /// - Parameters:
    ///   - names: DNS names (`*.x` allowed) and IP addresses; the first is the common name too.
    ///   - notBefore: seconds from now when it begins to be valid; an hour ago for slow clocks.
    ///   - notAfter: seconds from now when it ends.
    /// - Throws: when a name is none, or OpenSSL has no memory.
    public init(
        names: [String],
        notBefore: Int = -3600,
        notAfter: Int = 90 * 86_400
    ) throws(TLSFailure) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let key = unsafe sallyport_generate_p256() else { throw .openSSL }
        defer { unsafe EVP_PKEY_free(key) }
        guard let certificate = unsafe X509_new() else { throw .openSSL }
        defer { unsafe X509_free(certificate) }
        let alternativeNames = try Self.alternativeNames(names)
        guard unsafe Self.fill(certificate, key, notBefore, notAfter),
            unsafe Self.setSubject(of: certificate, names.first ?? ""),
            unsafe Self.add(NID_subject_alt_name, alternativeNames, to: certificate),
            unsafe Self.add(NID_basic_constraints, "critical,CA:FALSE", to: certificate),
            unsafe Self.add(NID_key_usage, "critical,digitalSignature", to: certificate),
            unsafe Self.add(NID_ext_key_usage, "serverAuth", to: certificate),
            unsafe X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw .openSSL }
        certificatePEM = try unsafe Self.pem { unsafe PEM_write_bio_X509($0, certificate) }
        privateKeyPEM = try unsafe Self.pem { output in
            unsafe PEM_write_bio_PKCS8PrivateKey(output, key, nil, nil, 0, nil, nil)
        }
    }

    private static func fill(
        _ certificate: OpaquePointer,
        _ key: OpaquePointer,
        _ notBefore: Int,
        _ notAfter: Int
    ) -> Bool {
        // Version 3 (RFC 5280 §4.1.2.1) and a serial number of 63 random bits (§4.1.2.2).
        let serial = UInt64.random(in: 1...UInt64(Int64.max))
        return unsafe X509_set_version(certificate, 2) == 1
            && ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1
            && X509_gmtime_adj(X509_getm_notBefore(certificate), notBefore) != nil
            && X509_gmtime_adj(X509_getm_notAfter(certificate), notAfter) != nil
            && X509_set_pubkey(certificate, key) == 1
    }

    private static func setSubject(of certificate: OpaquePointer, _ name: String) -> Bool {
        guard let subject = unsafe X509_get_subject_name(certificate) else { return false }
        // A common name has 64 characters at most (RFC 5280, ub-common-name).
        let text = Array(name.utf8.prefix(64))
        let added = unsafe X509_NAME_add_entry_by_NID(
            subject,
            NID_commonName,
            MBSTRING_ASC,
            text,
            CInt(text.count),
            -1,
            0
        )
        return unsafe added == 1 && X509_set_issuer_name(certificate, subject) == 1
    }

    private static func add(_ id: CInt, _ value: String, to certificate: OpaquePointer) -> Bool {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, certificate, certificate, nil, nil, 0)
        guard let found = unsafe X509V3_EXT_conf_nid(nil, &context, id, value) else { return false }
        defer { unsafe X509_EXTENSION_free(found) }
        return unsafe X509_add_ext(certificate, found, -1) == 1
    }

    /// The names as OpenSSL's configuration writes them; anything but a name could say more there.
    private static func alternativeNames(_ names: [String]) throws(TLSFailure) -> String {
        var list: [String] = []
        for name in names {
            let isPlain = name.utf8.allSatisfy { byte in
                byte.lowercased &- 0x61 < 26 || byte.isDigit || "*.-:_".utf8.contains(byte)
            }
            guard !name.isEmpty, isPlain else {
                throw TLSFailure(
                    problem: "a certificate cannot be made for that name",
                    remedy: "give host names and IP addresses"
                )
            }
            list.append(isAddress(name) ? "IP:\(name)" : "DNS:\(name)")
        }
        return list.joined(separator: ",")
    }

    private static func isAddress(_ name: String) -> Bool {
        var v4 = in_addr()
        var v6 = in6_addr()
        return unsafe inet_pton(AF_INET, name, &v4) == 1 || inet_pton(AF_INET6, name, &v6) == 1
    }

    private static func pem(
        _ write: (OpaquePointer) -> CInt
    ) throws(TLSFailure) -> [UInt8] {
        guard let output = unsafe BIO_new(BIO_s_mem()) else { throw .openSSL }
        defer { unsafe BIO_free(output) }
        guard unsafe write(output) == 1 else { throw .openSSL }
        let count = unsafe BIO_ctrl_pending(output)
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe BIO_read(output, &bytes, CInt(clamping: count)) == count else {
            throw .openSSL
        }
        return bytes
    }
}

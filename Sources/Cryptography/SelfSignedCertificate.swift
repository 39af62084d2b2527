internal import Bytes
import COpenSSL

/// A certificate that vouches for itself: for the demo and for tests, never for operation.
///
/// X.509 v3 (RFC 5280) with an ECDSA P-256 key, for TLS servers only.
public enum SelfSignedCertificate {
    /// A certificate for DNS names and IP addresses (at least one), valid for so many days from
    /// now, and its private key (PKCS #8), each in PEM.
    public static func make(
        names: [String],
        days: Int
    ) throws(CryptographyFailure) -> (certificatePEM: [UInt8], privateKeyPEM: [UInt8]) {
        defer { ERR_clear_error() }
        let alternatives = try subjectAlternativeName(names)
        let key = try EllipticKey()
        guard let certificate = unsafe X509_new() else { throw .libraryFailed }
        defer { unsafe X509_free(certificate) }
        guard unsafe fill(certificate, name: names[0], days: days),
            unsafe X509_set_pubkey(certificate, key.pointer) == 1,
            unsafe extend(certificate, alternatives: alternatives),
            unsafe X509_sign(certificate, key.pointer, EVP_sha256()) > 0
        else { throw .libraryFailed }
        let certificatePEM = try unsafe pem { unsafe PEM_write_bio_X509($0, certificate) }
        let privateKeyPEM = try unsafe pem {
            unsafe PEM_write_bio_PrivateKey($0, key.pointer, nil, nil, 0, nil, nil)
        }
        return (certificatePEM, privateKeyPEM)
    }

    /// Version, serial number, validity and names.
    private static func fill(_ certificate: OpaquePointer, name: String, days: Int) -> Bool {
        // The top bit is cleared: a serial number is positive (RFC 5280 §4.1.2.2).
        let serial = SecureRandom.word >> 1 | 1
        let seconds = days.multipliedReportingOverflow(by: 86_400)
        guard unsafe X509_set_version(certificate, 2) == 1,
            unsafe ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1,
            !seconds.overflow,
            // An hour back, for clients whose clock is behind.
            unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nil,
            unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), seconds.partialValue) != nil,
            let subject = unsafe X509_get_subject_name(certificate)
        else { return false }
        // A common name has at most 64 characters (RFC 5280 appendix A); clients read the other
        // names.
        let text = Array(name.utf8.prefix(64))
        let count = CInt(text.count)
        return unsafe X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, count, -1, 0)
            == 1 && X509_set_issuer_name(certificate, subject) == 1
    }

    private static func extend(_ certificate: OpaquePointer, alternatives: String) -> Bool {
        let extensions = [
            (NID_basic_constraints, "critical,CA:FALSE"),
            (NID_key_usage, "critical,digitalSignature"),
            (NID_ext_key_usage, "serverAuth"),
            (NID_subject_alt_name, alternatives),
            (NID_subject_key_identifier, "hash"),
        ]
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, certificate, certificate, nil, nil, 0)
        for (kind, value) in extensions {
            guard let made = unsafe X509V3_EXT_conf_nid(nil, &context, kind, value) else {
                return false
            }
            defer { unsafe X509_EXTENSION_free(made) }
            guard unsafe X509_add_ext(certificate, made, -1) == 1 else { return false }
        }
        return true
    }

    /// OpenSSL's notation of the names; a name that could be read as more than one is refused.
    private static func subjectAlternativeName(
        _ names: [String]
    ) throws(CryptographyFailure) -> String {
        guard !names.isEmpty else { throw .unsuitableName }
        var entries: [String] = []
        for name in names {
            guard !name.isEmpty, name.utf8.count <= 253 else { throw .unsuitableName }
            if let address = unsafe a2i_IPADDRESS(name) {
                unsafe ASN1_OCTET_STRING_free(address)
                entries.append("IP:\(name)")
            } else {
                guard name.utf8.allSatisfy(isNameByte) else { throw .unsuitableName }
                entries.append("DNS:\(name)")
            }
        }
        return entries.joined(separator: ",")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.lowercased &- 0x61 < 26 || byte == 0x2D || byte == 0x2E
            || byte == 0x2A || byte == 0x5F
    }

    /// What `write` writes.
    private static func pem(
        _ write: (OpaquePointer) -> CInt
    ) throws(CryptographyFailure) -> [UInt8] {
        guard let memory = unsafe BIO_new(BIO_s_mem()) else { throw .libraryFailed }
        defer { unsafe BIO_free(memory) }
        guard unsafe write(memory) == 1 else { throw .libraryFailed }
        var bytes = [UInt8](repeating: 0, count: unsafe Int(BIO_ctrl_pending(memory)))
        var count = 0
        guard unsafe BIO_read_ex(memory, &bytes, bytes.count, &count) == 1, count == bytes.count
        else { throw .libraryFailed }
        return bytes
    }
}

/// A new ECDSA P-256 key pair.
@safe
private struct EllipticKey: ~Copyable {
    let pointer: OpaquePointer

    init() throws(CryptographyFailure) {
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else {
            throw .libraryFailed
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
            unsafe EVP_PKEY_generate(context, &key) == 1,
            let key = unsafe key
        else { throw .libraryFailed }
        unsafe pointer = key
    }

    deinit { unsafe EVP_PKEY_free(pointer) }
}

import Bytes
import COpenSSL
import Glibc
import TLS

/// A folder of a test's own, gone with it.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/tls-tests-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { preconditionFailure("no folder in /tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["app.crt", "app.key"] { unsafe unlink(path + "/" + name) }
        unsafe rmdir(path)
    }

    /// The two files with this content, nil = not there, as a configuration names them.
    func files(certificate: [UInt8]?, key: [UInt8]?) -> CertificateFiles {
        write(certificate, "app.crt")
        write(key, "app.key")
        return CertificateFiles(
            certificate: path + "/app.crt",
            certificatePosition: SourcePosition(file: "sallyport.yaml", line: 4, column: 22),
            privateKey: path + "/app.key",
            privateKeyPosition: SourcePosition(file: "sallyport.yaml", line: 5, column: 22)
        )
    }

    private func write(_ bytes: [UInt8]?, _ name: String) {
        guard let bytes else { return }
        let descriptor = unsafe open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
        precondition(count == bytes.count)
        close(descriptor)
    }
}

/// Keys and certificates that `SelfSignedCertificate` does not make.
enum CertificateFixtures {
    /// A P-256 key that asks for a passphrase.
    static func encryptedKey() -> [UInt8] {
        let key = unsafe sallyport_generate_p256()
        defer { unsafe EVP_PKEY_free(key) }
        return unsafe pem { output in
            unsafe PEM_write_bio_PKCS8PrivateKey(
                output,
                key,
                EVP_aes_256_cbc(),
                "passphrase",
                10,
                nil,
                nil
            )
        }
    }

    /// A self-signed certificate of an RSA key of `bits`, without any extension, and the key.
    static func rsa(bits: CInt) -> (certificate: [UInt8], key: [UInt8]) {
        let generator = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil)
        defer { unsafe EVP_PKEY_CTX_free(generator) }
        var key: OpaquePointer?
        let made =
            unsafe EVP_PKEY_keygen_init(generator) == 1
            && EVP_PKEY_CTX_set_rsa_keygen_bits(generator, bits) == 1
            && EVP_PKEY_generate(generator, &key) == 1
        precondition(made)
        defer { unsafe EVP_PKEY_free(key) }
        let certificate = unsafe X509_new()
        defer { unsafe X509_free(certificate) }
        let signed =
            unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != nil
            && X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) != nil
            && X509_set_pubkey(certificate, key) == 1
            && X509_sign(certificate, key, EVP_sha256()) > 0
        precondition(signed)
        return unsafe (
            pem { unsafe PEM_write_bio_X509($0, certificate) },
            pem { unsafe PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) }
        )
    }

    private static func pem(_ write: (OpaquePointer?) -> CInt) -> [UInt8] {
        let output = unsafe BIO_new(BIO_s_mem())
        defer { unsafe BIO_free(output) }
        let written = unsafe write(output)
        precondition(written == 1)
        var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(output))
        _ = unsafe BIO_read(output, &bytes, CInt(bytes.count))
        return bytes
    }
}

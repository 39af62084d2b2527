import COpenSSL
import Cryptography
import Testing

@Suite("Self-signed certificates")
struct SelfSignedCertificateTests {
    @Test func `certificate and key belong together and name what was asked`() throws {
        let pair = try SelfSignedCertificate.make(
            names: ["localhost", "*.example.com", "127.0.0.1", "::1"],
            days: 30
        )
        let certificate = unsafe readCertificate(pair.certificatePEM)
        defer { unsafe X509_free(certificate) }
        #expect(unsafe certificate != nil)
        let key = unsafe readKey(pair.privateKeyPEM)
        defer { unsafe EVP_PKEY_free(key) }
        #expect(unsafe key != nil)
        #expect(unsafe X509_check_private_key(certificate, key) == 1)
        #expect(unsafe X509_verify(certificate, key) == 1)
        for name in ["localhost", "a.example.com"] {
            let count = name.utf8.count
            #expect(unsafe X509_check_host(certificate, name, count, 0, nil) == 1)
        }
        #expect(unsafe X509_check_host(certificate, "other", 5, 0, nil) == 0)
        for address in ["127.0.0.1", "::1"] {
            #expect(unsafe X509_check_ip_asc(certificate, address, 0) == 1)
        }
        #expect(unsafe X509_check_ip_asc(certificate, "127.0.0.2", 0) == 0)
        #expect(unsafe X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0)
        #expect(unsafe X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0)
    }

    @Test(
        arguments: [
            [], [""], ["a,DNS:b"], ["a b"], ["a\nb"], ["email:a"], ["ä"],
            [String(repeating: "a", count: 254)],
        ]
    )
    func `what is no name is refused`(_ names: [String]) {
        #expect(throws: CryptographyFailure.unsuitableName) {
            try SelfSignedCertificate.make(names: names, days: 1)
        }
    }

    @Test func `days beyond any calendar are refused`() {
        #expect(throws: CryptographyFailure.libraryFailed) {
            try SelfSignedCertificate.make(names: ["a"], days: .max)
        }
    }
}

private func readCertificate(_ pem: [UInt8]) -> OpaquePointer? {
    let memory = unsafe BIO_new_mem_buf(pem, CInt(pem.count))
    defer { unsafe BIO_free(memory) }
    return unsafe PEM_read_bio_X509(memory, nil, nil, nil)
}

private func readKey(_ pem: [UInt8]) -> OpaquePointer? {
    let memory = unsafe BIO_new_mem_buf(pem, CInt(pem.count))
    defer { unsafe BIO_free(memory) }
    return unsafe PEM_read_bio_PrivateKey(memory, nil, nil, nil)
}

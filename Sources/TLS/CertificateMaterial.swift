import COpenSSL

/// A certificate chain and its key, checked, as PEM bytes: each worker makes a context of its own.
public struct CertificateMaterial: Sendable, Equatable {
    private let certificatePEM: [UInt8]
    private let privateKeyPEM: SecretBytes
    private let details: CertificateDetails

    /// The subject alternative names: lower-case DNS names, wildcards included, and addresses, IPv6
    /// ones in brackets.
    public var names: [String] { details.names }

    /// When the leaf ends, in seconds since the epoch.
    public var notAfter: Int64 { details.notAfter }

    /// Reads both files and checks that OpenSSL can serve with them.
    public static func load(
        _ files: CertificateFiles
    ) throws(TLSFailure) -> CertificateMaterial {
        let report = CertificateReport(files: files)
        let certificate: SecretBytes
        do {
            certificate = try PEMFile.read(files.certificate)
        } catch {
            throw report.unreadableCertificate(error)
        }
        let key: SecretBytes
        do {
            key = try PEMFile.read(files.privateKey)
        } catch {
            throw report.unreadableKey(error)
        }
        let bytes = unsafe certificate.withBytes { unsafe Array($0) }
        return try CertificateMaterial(bytes, key, report)
    }

    /// Checks that OpenSSL can serve with these PEM bytes: a chain, the leaf first, and its key.
    public init(
        certificatePEM: [UInt8],
        privateKeyPEM: [UInt8]
    ) throws(TLSFailure) {
        try self.init(certificatePEM, SecretBytes(privateKeyPEM), CertificateReport(files: nil))
    }

    private init(
        _ certificatePEM: [UInt8],
        _ privateKeyPEM: SecretBytes,
        _ report: CertificateReport
    ) throws(TLSFailure) {
        let chain: CertificateChain
        do {
            chain = try CertificateChain(pem: certificatePEM)
        } catch {
            throw report.badCertificate(error)
        }
        let key: PrivateKey
        do {
            key = try PrivateKey(pem: privateKeyPEM)
        } catch {
            throw report.badKey(error)
        }
        switch chain.index(matching: key) {
        case 0: break
        case .some: throw report.leafNotFirst()
        case .none: throw report.mismatch()
        }
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
        details = unsafe CertificateDetails(of: chain.leaf)
        try ServerContextSettings.tryOut(self, report)
    }

    /// Whether both hold the same chain and key.
    public static func == (left: CertificateMaterial, right: CertificateMaterial) -> Bool {
        guard left.certificatePEM == right.certificatePEM else { return false }
        return unsafe left.privateKeyPEM.withBytes { first in
            unsafe right.privateKeyPEM.withBytes { unsafe first.elementsEqual($0) }
        }
    }

    /// What an operator should know and what is no reason to refuse: a leaf that is not valid at
    /// `secondsSinceEpoch`, or without a name.
    public func warnings(at secondsSinceEpoch: Int64) -> [String] {
        var warnings: [String] = []
        if secondsSinceEpoch > details.notAfter {
            warnings.append("the certificate has expired; renew it, clients refuse it")
        }
        if secondsSinceEpoch < details.notBefore {
            warnings.append("the certificate is not valid yet; check the clock and its dates")
        }
        if names.isEmpty {
            warnings.append(
                "the certificate has no subject alternative name, so clients refuse it; "
                    + "make one with `-addext subjectAltName=DNS:NAME`"
            )
        }
        return warnings
    }

    /// Makes these the chain and key of `context`; false leaves the reason in OpenSSL's queue.
    func use(in context: OpaquePointer) -> Bool {
        guard let chain = try? CertificateChain(pem: certificatePEM),
            let key = try? PrivateKey(pem: privateKeyPEM)
        else { return false }
        return unsafe chain.use(in: context) && SSL_CTX_use_PrivateKey(context, key.pointer) == 1
            && SSL_CTX_check_private_key(context) == 1
    }
}

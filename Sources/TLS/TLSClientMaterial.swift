import COpenSSL
import Glibc

/// What `TLSClientOptions` and the files they name come to, checked: each worker makes a context of
/// its own. Equal materials trust, and show, the same.
public struct TLSClientMaterial: Sendable, Equatable {
    let minimumVersion: TLSClientOptions.Version
    let verifies: Bool
    /// nil = the system's authorities.
    let authoritiesPEM: [UInt8]?
    let certificate: CertificateMaterial?

    /// When the certificate that the gateway shows ends, in seconds since the epoch; nil = it shows
    /// none.
    public var notAfter: Int64? { certificate?.notAfter }

    /// Whether there is a file or a folder where OpenSSL looks for authorities.
    public static var systemHasAuthorities: Bool {
        let file =
            unsafe getenv(X509_get_default_cert_file_env())
            ?? UnsafeMutablePointer(
                mutating: X509_get_default_cert_file()
            )
        if let file = unsafe file, unsafe PEMFile.exists(String(cString: file)) { return true }
        let folders =
            unsafe getenv(X509_get_default_cert_dir_env())
            ?? UnsafeMutablePointer(
                mutating: X509_get_default_cert_dir()
            )
        guard let folders = unsafe folders else { return false }
        return unsafe String(cString: folders).split(separator: ":").contains {
            PEMFile.exists(String($0))
        }
    }

    /// Reads the files and checks that OpenSSL can use them.
    public static func load(
        _ options: TLSClientOptions
    ) throws(TLSFailure) -> TLSClientMaterial {
        let report = AuthoritiesReport(options: options)
        var pem: [UInt8]?
        if let path = options.authorities {
            do throws(FileFailure) {
                pem = unsafe try PEMFile.read(path).withBytes { unsafe Array($0) }
            } catch {
                throw report.unreadable(error)
            }
        }
        var certificate: CertificateMaterial?
        if let files = options.certificate { certificate = try CertificateMaterial.load(files) }
        return try TLSClientMaterial(options, pem, certificate, report)
    }

    /// Checks that OpenSSL can use these PEM bytes. Of `options` the paths are ignored.
    public init(
        options: TLSClientOptions,
        authoritiesPEM: [UInt8]?,
        certificate: CertificateMaterial?
    ) throws(TLSFailure) {
        try self.init(
            options,
            authoritiesPEM,
            certificate,
            AuthoritiesReport(options: options)
        )
    }

    private init(
        _ options: TLSClientOptions,
        _ authoritiesPEM: [UInt8]?,
        _ certificate: CertificateMaterial?,
        _ report: AuthoritiesReport
    ) throws(TLSFailure) {
        minimumVersion = options.minimumVersion
        verifies = options.verifies
        self.authoritiesPEM = authoritiesPEM
        self.certificate = certificate
        if let authoritiesPEM {
            guard let store = unsafe X509_STORE_new() else { throw .openSSL }
            defer { unsafe X509_STORE_free(store) }
            do throws(PEMFailure) {
                try unsafe Authorities.add(authoritiesPEM, to: store)
            } catch {
                throw report.bad(error)
            }
        }
        _ = try TLSClientContext(self)
    }
}

/// Certificates that are trusted.
enum Authorities {
    /// Adds every certificate of these PEM bytes.
    static func add(_ pem: [UInt8], to store: OpaquePointer) throws(PEMFailure) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let source = unsafe BIO_new_mem_buf(pem, CInt(clamping: pem.count)) else {
            throw .malformed
        }
        defer { unsafe BIO_free(source) }
        var count = 0
        while let certificate = unsafe PEM_read_bio_X509(source, nil, nil, nil) {
            defer { unsafe X509_free(certificate) }
            guard unsafe X509_STORE_add_cert(store, certificate) == 1 else { throw .malformed }
            count += 1
        }
        // The end of the file shows as "no start line"; any other error is a broken block.
        guard sallyport_error_reason(ERR_peek_last_error()) == PEM_R_NO_START_LINE else {
            throw .malformed
        }
        if count == 0 { throw .absent }
    }
}

/// Words for what can be wrong with a file of authorities.
struct AuthoritiesReport {
    let options: TLSClientOptions

    private var file: String { options.authorities ?? "the authorities" }

    func unreadable(_ failure: FileFailure) -> TLSFailure {
        switch failure {
        case .missing:
            at("\(file) does not exist", "give a PEM file of the certificates to trust")
        case .system(let code):
            at(
                "\(file) cannot be read: \(CertificateReport.text(code))",
                "let the gateway's user read it"
            )
        case .tooLarge:
            at("\(file) is larger than 1 MiB", "give the certificates to trust only")
        }
    }

    func bad(_ failure: PEMFailure) -> TLSFailure {
        switch failure {
        case .absent:
            at(
                "\(file) holds no `BEGIN CERTIFICATE` block",
                "give the certificates to trust as PEM"
            )
        case .malformed, .encrypted, .tooMany:
            at(
                "\(file) holds a certificate that does not decode",
                "copy the PEM file again, or see what is wrong with `openssl x509 -in FILE -text`"
            )
        }
    }

    private func at(_ problem: String, _ remedy: String) -> TLSFailure {
        let position = options.authorities == nil ? nil : options.authoritiesPosition
        return TLSFailure(position: position, problem: problem, remedy: remedy)
    }
}

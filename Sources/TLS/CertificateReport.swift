import Bytes
import COpenSSL
import Glibc

/// Words for everything that can be wrong with a certificate and its key.
struct CertificateReport {
    /// nil when the bytes came from no file.
    let files: CertificateFiles?

    private var certificate: String { files?.certificate ?? "the certificate" }
    private var key: String { files?.privateKey ?? "the private key" }

    func unreadableCertificate(_ failure: FileFailure) -> TLSFailure {
        switch failure {
        case .missing:
            atCertificate("\(certificate) does not exist", "make one with: \(makingCommand)")
        case .system(let code):
            atCertificate("\(certificate) cannot be read: \(Self.text(code))", readable)
        case .tooLarge:
            atCertificate("\(certificate) is larger than 1 MiB", "give a PEM file of one chain")
        }
    }

    func unreadableKey(_ failure: FileFailure) -> TLSFailure {
        switch failure {
        case .missing:
            atKey(
                "\(key) does not exist",
                "give the key of \(certificate), or make both with: \(makingCommand)"
            )
        case .system(let code):
            atKey("\(key) cannot be read: \(Self.text(code))", readable)
        case .tooLarge:
            atKey("\(key) is larger than 1 MiB", "give a PEM file of one key")
        }
    }

    func badCertificate(_ failure: PEMFailure) -> TLSFailure {
        switch failure {
        case .absent:
            atCertificate(
                "\(certificate) holds no `BEGIN CERTIFICATE` block",
                "give the chain as PEM, the leaf first"
            )
        case .tooMany:
            atCertificate(
                "\(certificate) holds more than \(CertificateChain.maximumCount) certificates",
                "give the leaf and its intermediates only"
            )
        case .malformed, .encrypted:
            atCertificate(
                "\(certificate) holds a certificate that does not decode",
                "copy the PEM file again, or see what is wrong with `openssl x509 -in FILE -text`"
            )
        }
    }

    func badKey(_ failure: PEMFailure) -> TLSFailure {
        switch failure {
        case .absent:
            atKey(
                "\(key) holds no `BEGIN PRIVATE KEY` block",
                "give the key of \(certificate) as PEM"
            )
        case .encrypted:
            atKey(
                "\(key) is encrypted",
                "decrypt it with `openssl pkey -in ENCRYPTED -out \(shellWord(key))` and keep it "
                    + "readable by the gateway's user only"
            )
        case .malformed, .tooMany:
            atKey(
                "\(key) holds a key that does not decode",
                "copy the PEM file again, or see what is wrong with `openssl pkey -in FILE -check`"
            )
        }
    }

    func mismatch() -> TLSFailure {
        atKey(
            "\(key) is not the key of \(certificate)",
            "give the key that the certificate was made for"
        )
    }

    func leafNotFirst() -> TLSFailure {
        atCertificate(
            "the first certificate in \(certificate) is not the one the key belongs to",
            "put the server's own certificate first and its issuers after it"
        )
    }

    /// OpenSSL would not serve with it; the reason is at the end of its queue.
    func refused(reason: CInt) -> TLSFailure {
        switch reason {
        case SSL_R_EE_KEY_TOO_SMALL:
            atCertificate(
                "the key of \(certificate) is too short for OpenSSL's security level",
                "use a P-256 key or RSA with 2048 bits: \(makingCommand)"
            )
        case SSL_R_CA_KEY_TOO_SMALL, SSL_R_CA_MD_TOO_WEAK:
            atCertificate(
                "\(certificate) holds an issuer with a key or digest too weak for OpenSSL's level",
                "use a chain signed with SHA-256 and keys of RSA 2048, P-256 or more"
            )
        default:
            atCertificate(
                "OpenSSL does not serve with \(certificate)",
                "use a certificate with a P-256, Ed25519 or RSA key"
            )
        }
    }

    /// Makes a self-signed pair; of the key that is there when only the certificate is missing.
    private var makingCommand: String {
        let certificateWord = shellWord(files?.certificate ?? "server.crt")
        let keyWord = shellWord(files?.privateKey ?? "server.key")
        let names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
        if let files, PEMFile.exists(files.privateKey), !PEMFile.exists(files.certificate) {
            return "openssl req -x509 -key \(keyWord) -days 365 \(names) -out \(certificateWord)"
        }
        return "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
            + "-days 365 \(names) -keyout \(keyWord) -out \(certificateWord)"
    }

    private var readable: String { "let the gateway's user read it" }

    static func text(_ code: CInt) -> String { unsafe String(cString: strerror(code)) }

    private func shellWord(_ path: String) -> String {
        let plain = path.utf8.allSatisfy { byte in
            byte.lowercased &- 0x61 < 26 || byte.isDigit || "/._-".utf8.contains(byte)
        }
        return plain ? path : "'" + path.split(separator: "'").joined(separator: "'\\''") + "'"
    }

    private func atCertificate(_ problem: String, _ remedy: String) -> TLSFailure {
        TLSFailure(position: files?.certificatePosition, problem: problem, remedy: remedy)
    }

    private func atKey(_ problem: String, _ remedy: String) -> TLSFailure {
        TLSFailure(position: files?.privateKeyPosition, problem: problem, remedy: remedy)
    }
}

public import Bytes

/// A certificate chain and its key, both PEM files.
public struct CertificateFiles: Sendable, Equatable {
    /// Path of the chain, the leaf first.
    public var certificate: String
    /// Where that path stands, for errors about it.
    public var certificatePosition: SourcePosition
    /// Path of the private key.
    public var privateKey: String
    /// Where that path stands, for errors about it.
    public var privateKeyPosition: SourcePosition

    /// Two paths and where they stand; no file is read.
    public init(
        certificate: String,
        certificatePosition: SourcePosition,
        privateKey: String,
        privateKeyPosition: SourcePosition
    ) {
        self.certificate = certificate
        self.certificatePosition = certificatePosition
        self.privateKey = privateKey
        self.privateKeyPosition = privateKeyPosition
    }
}

/// How a listener terminates TLS.
public struct TLSServerOptions: Sendable, Equatable {
    /// The versions that are spoken: TLS 1.2 (RFC 5246) and TLS 1.3 (RFC 8446).
    public enum Version: Sendable { case tls12, tls13 }

    /// Chosen by server name; the first is the fallback. Never empty.
    public var certificates: [CertificateFiles]
    /// A client that offers less fails its handshake.
    public var minimumVersion = Version.tls12
    /// ALPN names in order of preference, such as `http/1.1`.
    public var applicationProtocols: [String] = ["http/1.1"]
    /// Tells one listener's sessions from another's (RFC 8446 §4.6.1): a ticket of one is no good
    /// at another.
    public var sessionContext: String

    /// From TLS 1.2 on, with HTTP/1.1 alone.
    public init(certificates: [CertificateFiles], sessionContext: String) {
        self.certificates = certificates
        self.sessionContext = sessionContext
    }
}

public import Bytes

/// How the gateway speaks TLS to servers: to the targets of an upstream, or to the cores.
public struct TLSClientOptions: Sendable, Equatable {
    /// The versions that are spoken.
    public typealias Version = TLSServerOptions.Version

    /// Path of a PEM file of certificates that are trusted instead of the system's; nil = those.
    public var authorities: String?
    /// Where that path stands, for errors about it.
    public var authoritiesPosition = SourcePosition.builtIn
    /// The name or address that certificates must have, and that is asked for (RFC 6066 §3); nil =
    /// the host of the server's URL.
    public var serverName: String?
    /// What the gateway shows to a server that asks for a certificate; nil = nothing.
    public var certificate: CertificateFiles?
    /// A server that offers less fails its handshake.
    public var minimumVersion = Version.tls12
    /// Whether certificates are verified. Without it whoever is in between reads and changes all.
    public var verifies = true

    /// Verifies by the system's authorities, and shows no certificate.
    public init() {}
}

/// One worker's side of a TLS listener: certificates, protocols, ticket keys. Never shared.
public struct TLSServerContext: ~Copyable {
    let tables: ServerTables

    /// - Parameters:
    ///   - options: the listener's.
    ///   - materials: what `CertificateMaterial.load` made of `options.certificates`, in order.
    ///   - tickets: this worker's; it may serve several listeners and outlive this context.
    /// - Throws: when a certificate is missing, an ALPN name is none, or OpenSSL refuses a setting.
    public init(
        options: TLSServerOptions,
        materials: [CertificateMaterial],
        tickets: TicketKeyStore
    ) throws(TLSFailure) {
        tables = try ServerTables(options: options, materials: materials, tickets: tickets)
    }
}

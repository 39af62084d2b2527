import Bytes
import TLS

/// `tls` of an upstream, or of the cores: how their https servers are spoken to.
enum TLSClientReader {
    /// Reads the mapping; without it everything has its default.
    ///
    /// - Parameters:
    ///   - section: what `tls` is a key of.
    ///   - isUsed: whether any of the servers is on https.
    ///   - servers: what they are called.
    /// - Returns: nil where none is.
    static func read(
        _ section: inout Section,
        isUsed: Bool,
        servers: String
    ) -> TLSClientOptions? {
        var options = TLSClientOptions()
        let position = section.keyPosition("tls")
        let name = section.name("tls")
        section.section("tls") { read(&$0, into: &options) }
        guard isUsed else {
            if let position {
                section.report.error(
                    position,
                    "`\(name)` without \(servers) on https",
                    "write https://HOST:PORT there, or leave `tls` out"
                )
            }
            return nil
        }
        if options.authoritiesPosition == .builtIn {
            options.authoritiesPosition = position ?? section.position
        }
        return options
    }

    private static func read(_ section: inout Section, into options: inout TLSClientOptions) {
        if let file = section.path("ca_file", example: "ca.crt") {
            options.authorities = file.value
            options.authoritiesPosition = file.position
        }
        if let text = section.text("server_name") {
            if Names.isHostName(text.value) || Names.isAddress(text.value) {
                options.serverName = text.value
            } else {
                section.report.error(
                    text.position,
                    "\(text.quoted) is not a server name",
                    "write a host name or an IP address without a port, such as orders.internal"
                )
            }
        }
        options.certificate = certificate(&section)
        section.choice(
            "minimum_version",
            ["1.2": .tls12, "1.3": .tls13],
            into: &options.minimumVersion
        )
        section.boolean("verify", into: &options.verifies)
        if !options.verifies, let position = section.keyPosition("verify") {
            section.report.warning(
                position,
                "`\(section.name("verify"))` is false: whoever is in between can read and change "
                    + "everything",
                "write the servers' authority as `ca_file: FILE` instead"
            )
        }
    }

    /// What is shown to servers that ask for a certificate: both files or none.
    private static func certificate(_ section: inout Section) -> CertificateFiles? {
        let pair = (section.keyPosition("certificate"), section.keyPosition("private_key"))
        let certificate = section.path("certificate", example: "gateway.crt")
        let privateKey = section.path("private_key", example: "gateway.key")
        switch pair {
        case (let position?, nil):
            section.report.error(
                position,
                "`\(section.name("certificate"))` without `private_key`",
                "write `private_key: gateway.key`"
            )
        case (nil, let position?):
            section.report.error(
                position,
                "`\(section.name("private_key"))` without `certificate`",
                "write `certificate: gateway.crt`"
            )
        default: break
        }
        guard let certificate, let privateKey else { return nil }
        return CertificateFiles(
            certificate: certificate.value,
            certificatePosition: certificate.position,
            privateKey: privateKey.value,
            privateKeyPosition: privateKey.position
        )
    }
}

import Bytes
import Connections
import EventLoop
import TLS

/// `listeners`.
enum ListenerReader {
    static func read(_ file: inout Section) -> [ListenerOptions] {
        guard let position = file.keyPosition("listeners") else {
            file.report.error(
                file.position,
                "`listeners` is missing",
                "write at least one, such as `listeners: [{address: 127.0.0.1:8080}]`"
            )
            _ = file.value("listeners")
            return []
        }
        guard let items = file.list("listeners") else { return [] }
        if items.isEmpty {
            file.report.error(
                position,
                "`listeners` is empty",
                "write at least one, such as `- address: 127.0.0.1:8080`"
            )
        }
        return items.enumerated().compactMap { index, item in
            Section(item, path: "listeners[\(index)]", reading: file.reading).flatMap(listener)
        }
    }

    private static func listener(_ section: consuming Section) -> ListenerOptions? {
        var address: SocketAddress? = .v4(0, port: 8443)
        var position = section.position
        var written = "0.0.0.0:8443"
        if let text = section.text("address") {
            address = Addresses.listening(text, section.reading)
            position = text.position
            written = text.value
        }
        protocols(&section)
        var tls: TLSServerOptions?
        section.section("tls") { tls = self.tls(&$0, sessionContext: written) }
        var redirects = false
        section.boolean("redirect_to_https", into: &redirects)
        if redirects, let tlsPosition = section.keyPosition("tls") {
            section.report.error(
                section.keyPosition("redirect_to_https") ?? tlsPosition,
                "`redirect_to_https` on a listener with `tls`",
                "write it on a cleartext listener of its own, such as address 0.0.0.0:8080"
            )
        }
        section.finish()
        guard let address else { return nil }
        var options = ListenerOptions(address: address, position: position)
        options.tls = tls
        options.redirectToHTTPS = redirects
        return options
    }

    /// HTTP/1.1 is all there is yet.
    private static func protocols(_ section: inout Section) {
        let words = ["http/1.1", "h2"]
        let names = section.set(
            "protocols",
            { text, report -> String? in
                if text.value == "h2" {
                    report.notYet(text.position, "the protocol h2", "write [http/1.1]")
                } else if !words.contains(text.value) {
                    report.error(
                        text.position,
                        "\(text.quoted) is not a protocol",
                        Spelling.remedy(for: text.value, among: words, called: "protocols")
                    )
                }
                return text.value
            }
        )
        guard let names, let position = section.keyPosition("protocols") else { return }
        if names.isEmpty {
            section.report.error(position, "`protocols` is empty", "write [http/1.1]")
        }
    }

    private static func tls(
        _ section: inout Section,
        sessionContext: String
    ) -> TLSServerOptions? {
        let certificates = certificates(&section)
        var options = TLSServerOptions(certificates: certificates, sessionContext: sessionContext)
        section.choice(
            "minimum_version",
            ["1.2": .tls12, "1.3": .tls13],
            into: &options.minimumVersion
        )
        return certificates.isEmpty ? nil : options
    }

    private static func certificates(_ section: inout Section) -> [CertificateFiles] {
        let form = "write `certificates: [{certificate: app.crt, private_key: app.key}]`"
        guard let position = section.keyPosition("certificates") else {
            section.report.error(section.position, "`tls` has no `certificates`", form)
            _ = section.value("certificates")
            return []
        }
        guard let items = section.list("certificates") else { return [] }
        if items.isEmpty { section.report.error(position, "`certificates` is empty", form) }
        return items.enumerated().compactMap { index, item in
            let path = "\(section.path).certificates[\(index)]"
            return Section(item, path: path, reading: section.reading).flatMap(pair)
        }
    }

    private static func pair(_ section: consuming Section) -> CertificateFiles? {
        let certificate = section.requiredPath("certificate", example: "app.crt")
        let privateKey = section.requiredPath("private_key", example: "app.key")
        section.finish()
        guard let certificate, let privateKey else { return nil }
        return CertificateFiles(
            certificate: certificate.value,
            certificatePosition: certificate.position,
            privateKey: privateKey.value,
            privateKeyPosition: privateKey.position
        )
    }
}

extension Section {
    /// A path that must be there, as the program opens it.
    mutating func requiredPath(_ key: String, example: String) -> Located<String>? {
        guard keyPosition(key) != nil else {
            report.error(position, "`\(name(key))` is missing", "write `\(key): \(example)`")
            _ = value(key)
            return nil
        }
        return path(key, example: example)
    }

    /// A path as the program opens it; nil where there is none, or it was reported.
    mutating func path(_ key: String, example: String) -> Located<String>? {
        guard let text = text(key) else { return nil }
        if text.value.isEmpty || text.value.utf8.contains(0) {
            report.error(text.position, "`\(name(key))` is no path", "write `\(key): \(example)`")
            return nil
        }
        let path = reading.resolve(text.value)
        report.names(path, at: text.position)
        return Located(path, text.position)
    }
}

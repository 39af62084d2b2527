import Bytes
import EventLoop
import Glibc
import TLS

/// `relay PORT UPSTREAM-PORT CERTIFICATE KEY BYTES`: runs the relay on 127.0.0.1 until a signal
/// ends it. BYTES is the length of the token that it adds to each request.
@main
struct RelayCommand {
    private static let loopback: UInt32 = 127 << 24 | 1

    static func main() {
        OpenSSLMemory.install()
        DescriptorLimit.raise()
        let words = CommandLine.arguments
        guard words.count == 6, let port = UInt16(words[1]), let upstreamPort = UInt16(words[2]),
            let tokenBytes = Int(words[5]), (1...16 * 1024).contains(tokenBytes)
        else {
            fail("usage: relay PORT UPSTREAM-PORT CERTIFICATE KEY BYTES")
        }
        let field = "Authorization: Bearer " + String(repeating: "x", count: tokenBytes) + "\r\n"
        do {
            var relay = Relay(
                listener: try Socket.listen(on: .v4(loopback, port: port), sharesPort: true),
                upstream: .v4(loopback, port: upstreamPort),
                context: try context(certificate: words[3], privateKey: words[4]),
                loop: try EventLoop(),
                field: Array(field.utf8)
            )
            try relay.run()
        } catch {
            fail("relay: \(error)")
        }
    }

    /// The settings that Sallyport's listeners have.
    private static func context(
        certificate: String,
        privateKey: String
    ) throws(TLSFailure) -> TLSServerContext {
        let files = CertificateFiles(
            certificate: certificate,
            certificatePosition: .init(file: certificate, line: 1, column: 1),
            privateKey: privateKey,
            privateKeyPosition: .init(file: privateKey, line: 1, column: 1)
        )
        return try TLSServerContext(
            options: TLSServerOptions(certificates: [files], sessionContext: "relay"),
            materials: [try CertificateMaterial.load(files)],
            tickets: TicketKeyStore(TicketKeys.generate())
        )
    }

    private static func fail(_ message: String) -> Never {
        print(message)
        exit(2)
    }
}

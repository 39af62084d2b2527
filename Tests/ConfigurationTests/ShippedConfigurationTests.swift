import Bytes
import Configuration
import Connections
import Foundation
import Policy
import Proxy
import Sessions
import TLS
import Testing
import Upstreams

/// Loads a file that has no errors.
func load(_ path: String) throws -> GatewayOptions {
    try ConfigurationFile.load(path: path, environment: [:]).get().options
}

/// What `Config/` holds works, and says the truth about defaults.
@Suite struct ShippedConfigurationTests {
    private static let files = [
        "sallyport.yaml", "reference.yaml", "examples/both-eras.yaml",
        "examples/mixed-sessions.yaml",
        "examples/several-hosts.yaml", "examples/unix-socket.yaml", "examples/websockets.yaml",
    ]

    /// A copy of `Config/` with the certificates its files name.
    private func copy() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let source = packageFolder.appending(path: "Config")
        let target = folder.url.appending(path: "Config")
        try FileManager.default.copyItem(at: source, to: target)
        try folder.makeCertificate("Config/app", for: "app.example.com")
        try folder.makeCertificate("Config/examples/app", for: "app.example.com")
        try folder.makeCertificate("Config/examples/shop", for: "shop.example.com")
        return folder
    }

    @Test func allFilesAreTested() throws {
        let found = try FileManager.default.subpathsOfDirectory(
            atPath: packageFolder.appending(path: "Config").path(percentEncoded: false)
        )
        #expect(found.filter { $0.hasSuffix(".yaml") }.sorted() == Self.files.sorted())
    }

    @Test(arguments: files) func loadsWithoutAWord(_ name: String) throws {
        let folder = try copy()
        let result = ConfigurationFile.load(path: "\(folder.path)/Config/\(name)", environment: [:])
        let loaded = try result.get()
        #expect(loaded.warnings.isEmpty)
    }

    /// The reference shows every key with its default: without them it is the same configuration.
    @Test func theReferenceHoldsDefaults() throws {
        let folder = try copy()
        try folder.write(essential, to: "Config/essential.yaml")
        let reference = try load("\(folder.path)/Config/reference.yaml")
        let expected = try load("\(folder.path)/Config/essential.yaml")
        #expect(withoutPositions(reference) == withoutPositions(expected))
    }

    /// What of the reference has no default.
    private let essential = """
        listeners:
          - tls:
              certificates:
                - {certificate: app.crt, private_key: app.key}
        upstreams:
          orders:
            targets: ["http://127.0.0.1:9100"]
        routes:
          - name: orders
            hosts: [app.example.com]
            path_prefix: /orders
            upstream: orders
          - path_exact: /getJWT
            respond: jwt

        """

    /// Positions differ from file to file.
    private func withoutPositions(_ options: GatewayOptions) -> GatewayOptions {
        var options = options
        for index in options.listeners.indices {
            options.listeners[index].position = .builtIn
            for pair in options.listeners[index].tls?.certificates.indices ?? 0..<0 {
                options.listeners[index].tls?.certificates[pair].certificatePosition = .builtIn
                options.listeners[index].tls?.certificates[pair].privateKeyPosition = .builtIn
            }
        }
        for index in options.sessions.core.locations.indices {
            options.sessions.core.locations[index].position = .builtIn
        }
        for index in options.upstreams.indices { options.upstreams[index].position = .builtIn }
        for index in options.routes.indices {
            options.routes[index].position = .builtIn
            options.routes[index].pathPosition = .builtIn
        }
        return options
    }

    /// Every key of the documentation's tables stands in the reference, and the other way round.
    @Test func documentationAndReferenceAgree() throws {
        let page = try String(
            contentsOf: packageFolder.appending(path: "docs/configuration.md"),
            encoding: .utf8
        )
        let reference = try String(
            contentsOf: packageFolder.appending(path: "Config/reference.yaml"),
            encoding: .utf8
        )
        let documented = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap {
            $0.split(separator: "`")[1].split(separator: ".").last
        }
        let words = Set(reference.split { !($0.isLetter || $0 == "_") })
        #expect(documented.filter { !words.contains($0) }.isEmpty)
        let key = /[ \-]*(?:# )?([a-z_]+)(?::.*| +# not supported yet)/
        let shown = reference.split(separator: "\n").compactMap { $0.wholeMatch(of: key)?.output.1 }
        let said = Set(page.split { !($0.isLetter || $0 == "_") })
        #expect(shown.count > 80)
        #expect(shown.filter { !said.contains($0) && $0 != "orders" }.isEmpty)
    }
}

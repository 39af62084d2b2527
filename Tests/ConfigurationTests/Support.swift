import Configuration
import Foundation
import Proxy
import TLS

/// The package's folder: tests read `Config/` and their fixtures where they stand.
let packageFolder = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A folder that is there while a test runs.
struct TemporaryFolder: ~Copyable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appending(path: "sallyport-configuration-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    var path: String { url.path(percentEncoded: false) }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: url.appending(path: name))
    }

    /// Makes `NAME.crt` and `NAME.key`.
    func makeCertificate(_ name: String, for host: String) throws {
        let made = try SelfSignedCertificate(names: [host])
        try Data(made.certificatePEM).write(to: url.appending(path: "\(name).crt"))
        try Data(made.privateKeyPEM).write(to: url.appending(path: "\(name).key"))
    }
}

/// What loading a text says, one line for each problem, without the file's name.
func problems(
    in text: String,
    directory: String = "",
    environment: [String: String] = [:],
    descriptorLimit: Int? = nil
) -> [String] {
    let result = ConfigurationFile.load(
        text: text,
        file: "F",
        directory: directory,
        environment: environment,
        descriptorLimit: descriptorLimit
    )
    let all =
        switch result {
        case .success(let loaded): loaded.warnings
        case .failure(let failure): failure.all
        }
    return all.map { problem in
        let line = String(problem.description.dropFirst("F:".count))
        return directory.isEmpty ? line : line.replacing(directory, with: "DIR")
    }
}

/// The options of a text that has no errors.
func options(_ text: String, environment: [String: String] = [:]) throws -> GatewayOptions {
    let result = ConfigurationFile.load(
        text: text,
        file: "F",
        directory: "",
        environment: environment
    )
    return try result.get().options
}

/// The least that loads: a cleartext listener, one upstream, one route.
let smallest = """
    listeners:
      - address: 127.0.0.1:8080
    upstreams:
      app:
        targets: ["http://127.0.0.1:9100"]
    routes:
      - path_prefix: /
        upstream: app

    """

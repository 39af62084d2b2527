import ArgumentParser
import Bytes
import Configuration
import Connections
import Control
import EventLoop
import Foundation
import Logging
import Observability
import Proxy
import TLS

/// `sallyport serve`: runs the gateway until a signal ends it.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway.",
        discussion: """
            The control log goes to standard error. SIGTERM and SIGINT finish what is running and \
            end with 0; SIGHUP reads the configuration again.
            """
    )

    @OptionGroup var config: ConfigurationOption

    func run() throws {
        OpenSSLMemory.install()
        Signals.block([SIGTERM, SIGINT, SIGHUP])
        let path = config.path
        let loaded: LoadedConfiguration
        switch Self.load(path) {
        case .success(let success): loaded = success
        case .failure(let failure):
            for line in failure.lines { FileHandle.standardError.write(Data((line + "\n").utf8)) }
            throw ExitCode.failure
        }
        let log = ControlLog(level: loaded.options.log.level)
        let surroundings = ControlSurroundings(reload: { Self.load(path) }, log: log.write)
        do {
            guard try Gateway.run(loaded, surroundings) else { throw ExitCode.failure }
        } catch let failure as GatewayFailure {
            log.write(.error, failure.message, [])
            throw ExitCode.failure
        }
    }

    /// Checks the configuration as `check` does, and reads its certificates.
    static func load(_ path: String) -> Result<LoadedConfiguration, ReloadFailure> {
        let result = ConfigurationFile.load(
            path: path,
            environment: ProcessInfo.processInfo.environment,
            descriptorLimit: DescriptorLimit.raise().hard
        )
        switch result {
        case .failure(let problems):
            return .failure(ReloadFailure(lines: problems.all.map(\.description)))
        case .success(let loaded):
            do {
                return .success(
                    LoadedConfiguration(
                        options: loaded.options,
                        certificates: try certificates(of: loaded.options),
                        clientTLS: try ClientTLSMaterials.load(loaded.options),
                        warnings: loaded.warnings.map(\.description)
                    )
                )
            } catch {
                return .failure(ReloadFailure(lines: ["\(error)"]))
            }
        }
    }

    private static func certificates(
        of options: GatewayOptions
    ) throws(TLSFailure) -> [[CertificateMaterial]] {
        var all: [[CertificateMaterial]] = []
        for listener in options.listeners {
            var materials: [CertificateMaterial] = []
            for files in listener.tls?.certificates ?? [] {
                materials.append(try CertificateMaterial.load(files))
            }
            all.append(materials)
        }
        return all
    }
}

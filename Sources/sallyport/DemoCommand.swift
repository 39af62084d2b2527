import ArgumentParser
import Control
import EventLoop
import Foundation
import Observability
import TLS

/// `sallyport demo`: a gateway with all that belongs around it, in this process.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Try everything on this machine, without any set-up.",
        discussion: """
            Starts a gateway with a self-signed certificate, an authority that issues sessions, a \
            service that only understands JWTs, and a page to sign in. Prints what to open and \
            curl lines to try. Control-C ends it, and nothing is left behind.
            """
    )

    @Option(help: "The gateway's port; a free one is taken when it is in use.")
    var port: UInt16 = 8443

    @Flag(help: "Print the gateway's configuration as it would run, and end.")
    var printConfiguration = false

    func run() throws {
        let begin = Instant.now
        OpenSSLMemory.install()
        // Before any thread: the gateway takes them as events.
        Signals.block([
            Signals.hangUp, Signals.interrupt, Signals.terminate, Signals.brokenPipe,
        ])
        do throws(DemoFailure) {
            let directory = try DemoDirectory()
            defer { directory.remove() }
            try run(in: directory, begin)
        } catch {
            FileHandle.standardError.write(Data("sallyport demo: \(error)\n".utf8))
            throw ExitCode.failure
        }
    }

    private func run(in directory: DemoDirectory, _ begin: Instant) throws(DemoFailure) {
        let chosen = try DemoPort.choose(wanted: port)
        let services = try DemoThread.start(for: chosen, directory: directory.path)
        defer { services.end() }
        try directory.writeCertificate()
        let configuration = try services.configuration()
        guard !printConfiguration else {
            Self.show(configuration.text)
            return
        }
        try directory.write(Array(configuration.text.utf8), as: DemoDirectory.configurationName)
        try runGateway(configuration, in: directory, begin)
    }

    private func runGateway(
        _ configuration: DemoConfiguration,
        in directory: DemoDirectory,
        _ begin: Instant
    ) throws(DemoFailure) {
        let loaded: LoadedConfiguration
        switch ServeCommand.load(directory.configuration) {
        case .success(let success): loaded = success
        case .failure(let failure):
            throw DemoFailure(failure.lines.joined(separator: "\n"))
        }
        let log = ControlLog(level: .warning)
        let wanted = port
        let surroundings = ControlSurroundings(reload: Self.endWithTerminal) {
            level,
            text,
            fields in
            guard text != "ready" else {
                let lines = DemoInstructions(configuration, wanted: wanted)
                Self.show(lines.text(after: Instant.now - begin))
                return
            }
            log.write(level, text, fields)
        }
        do throws(GatewayFailure) {
            guard try Gateway.run(loaded, surroundings) else {
                throw GatewayFailure(message: "the gateway failed")
            }
        } catch {
            throw DemoFailure(error.message)
        }
    }

    /// The demo belongs to its terminal: when that goes, SIGHUP ends it.
    @Sendable
    private static func endWithTerminal() -> Result<LoadedConfiguration, ReloadFailure> {
        kill(getpid(), SIGTERM)
        return .failure(ReloadFailure(lines: ["the terminal is gone; the demo ends"]))
    }

    /// Prints at once; that nobody reads is no reason to end.
    private static func show(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }
}

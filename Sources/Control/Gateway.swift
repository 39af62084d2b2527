import Bytes
import EventLoop
import HTTPCore
public import Observability
public import Proxy
import Sessions
public import TLS
import Upstreams

/// A configuration ready to be used: checked options and the certificates they name, read.
public struct LoadedConfiguration: Sendable {
    /// Checked: every value may be used as it is.
    public var options: GatewayOptions
    /// One list for each listener, in its order; empty for cleartext.
    public var certificates: [[CertificateMaterial]]
    /// What https servers are trusted by, and shown.
    public var clientTLS: ClientTLSMaterials
    /// What is worth a warning though it may be used: the lines that `check` prints.
    public var warnings: [String]

    /// Options and what their files held.
    public init(
        options: GatewayOptions,
        certificates: [[CertificateMaterial]],
        clientTLS: ClientTLSMaterials? = nil,
        warnings: [String] = []
    ) {
        self.options = options
        self.certificates = certificates
        self.clientTLS =
            clientTLS ?? ClientTLSMaterials(upstreams: options.upstreams.map { _ in nil })
        self.warnings = warnings
    }
}

/// What the control thread needs of the program around it.
public struct ControlSurroundings: Sendable {
    /// Reads the configuration again, for a reload; errors are text lines.
    public var reload: @Sendable () -> Result<LoadedConfiguration, ReloadFailure>
    /// Writes one line of the control log.
    public var log: @Sendable (LogLevel, String, [(String, String)]) -> Void

    /// The program's two answers to the control thread.
    public init(
        reload: @escaping @Sendable () -> Result<LoadedConfiguration, ReloadFailure>,
        log: @escaping @Sendable (LogLevel, String, [(String, String)]) -> Void
    ) {
        self.reload = reload
        self.log = log
    }
}

/// Why a configuration was not taken: the lines that `check` would print.
public struct ReloadFailure: Error, Sendable {
    /// One problem each, with place and remedy.
    public var lines: [String]

    /// A failure with these lines.
    public init(lines: [String]) {
        self.lines = lines
    }
}

/// The whole gateway: its workers, and the control thread that serves what is not a client's
/// request.
public enum Gateway {
    /// Runs until drained; the calling thread is the control thread. Signals must be blocked before
    /// (`Signals.block`).
    ///
    /// - Returns: whether it ended as asked.
    /// - Throws: what kept it from starting.
    public static func run(
        _ configuration: LoadedConfiguration,
        _ surroundings: ControlSurroundings
    ) throws(GatewayFailure) -> Bool {
        for line in configuration.warnings { surroundings.log(.warning, line, []) }
        var control = ControlLoop(
            configuration,
            surroundings,
            try ControlLoop.open(configuration.options)
        )
        try control.startWorkers()
        control.restoreKeys()
        return control.run()
    }
}

/// Why the gateway did not start.
public struct GatewayFailure: Error, Sendable {
    /// What is wrong, for the log: constant words, a place, an address.
    public let message: String

    /// A failure in these words.
    public init(message: String) {
        self.message = message
    }
}

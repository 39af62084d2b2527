import Logging
import Observability

/// The control log: swift-log's lines on standard error.
struct ControlLog: Sendable {
    private let logger: Logger

    init(level: LogLevel) {
        var logger = Logger(label: "sallyport") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Self.level(level)
        self.logger = logger
    }

    /// Writes one line with its fields.
    @Sendable
    func write(_ level: LogLevel, _ message: String, _ fields: [(String, String)]) {
        var metadata: Logger.Metadata = [:]
        for (name, value) in fields { metadata[name] = .string(value) }
        logger.log(level: Self.level(level), "\(message)", metadata: metadata)
    }

    private static func level(_ level: LogLevel) -> Logger.Level {
        switch level {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}

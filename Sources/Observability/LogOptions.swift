/// Where the access log goes.
public enum AccessLogOutput: Sendable, Equatable {
    case off, standardOutput
    case file(path: String)
}

/// How much the control log says.
public enum LogLevel: String, Sendable, Equatable, CaseIterable {
    case debug, info, warning, error
}

/// `log` in the configuration.
public struct LogOptions: Sendable, Equatable {
    public var level = LogLevel.info
    public var access = AccessLogOutput.standardOutput

    public init() {}
}

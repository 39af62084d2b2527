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
    /// Lines below it are left out.
    public var level = LogLevel.info
    /// Where the access log goes.
    public var access = AccessLogOutput.standardOutput

    /// The defaults, which `docs/configuration.md` lists.
    public init() {}
}

public import Bytes

/// Where an upstream's target answers.
public enum TargetAddress: Hashable, Sendable {
    /// `http://host:port`; the host is a name, an IPv4 address or an IPv6 address without brackets.
    case http(host: String, port: UInt16)
    /// `https://host:port`, likewise.
    case https(host: String, port: UInt16)
    /// `unix:/path`.
    case unix(path: String)

    /// Whether it is spoken to in TLS.
    public var isEncrypted: Bool {
        if case .https = self { return true }
        return false
    }

    /// The name and port to connect to; nil for a path.
    public var endpoint: (host: String, port: UInt16)? {
        switch self {
        case .http(let host, let port), .https(let host, let port): (host, port)
        case .unix: nil
        }
    }

    /// The address as its URL has it.
    public var url: String {
        switch self {
        case .http(let host, let port): "http://\(Self.inURL(host)):\(port)"
        case .https(let host, let port): "https://\(Self.inURL(host)):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private static func inURL(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }
}

/// The `Host` field sent upstream.
public enum HostRule: Equatable, Sendable {
    /// The client's.
    case preserve
    /// The target's own authority.
    case target
    /// This one.
    case name(String)
}

/// A named group of equal targets.
public struct UpstreamOptions: Sendable, Equatable {
    /// Unique; routes, metrics and the log use it.
    public var name: String
    /// Where the upstream begins in the file.
    public var position: SourcePosition
    /// Never empty; several are balanced.
    public var targets: [TargetAddress]
    /// What its targets get for a `Host`.
    public var host = HostRule.preserve
    /// Per worker and target.
    public var maximumConnections = 1024
    /// To connect, and to wait for a connection when all are taken.
    public var connectTimeout = Duration.seconds(2)
    /// From the request's last byte to the end of the answer's head.
    public var responseTimeout = Duration.seconds(60)
    /// Of a pooled connection.
    public var idleTimeout = Duration.seconds(30)
    /// Of a tunnel, how long one direction may carry nothing; zero = for ever.
    public var tunnelIdle = Duration.seconds(3600)

    /// The defaults for all but the targets.
    public init(name: String, position: SourcePosition, targets: [TargetAddress]) {
        self.name = name
        self.position = position
        self.targets = targets
    }

    /// Whether both are the same, wherever they are written.
    public func isSame(as other: UpstreamOptions) -> Bool {
        var other = other
        other.position = position
        return self == other
    }
}

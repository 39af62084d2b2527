internal import Bytes

/// By which scheme a request came (RFC 9110 §4.2).
public enum WebScheme: Sendable {
    case http, https

    /// As `X-Forwarded-Proto` says it, of a WebSocket's handshake also `wss` and `ws`; nil for
    /// anything else.
    public init?(_ name: Span<UInt8>) {
        if name.equalsIgnoringCase("https") || name.equalsIgnoringCase("wss") {
            self = .https
        } else if name.equalsIgnoringCase("http") || name.equalsIgnoringCase("ws") {
            self = .http
        } else {
            return nil
        }
    }

    fileprivate var originPrefix: StaticString {
        switch self {
        case .http: "http://"
        case .https: "https://"
        }
    }

    fileprivate var defaultPort: UInt16 {
        switch self {
        case .http: 80
        case .https: 443
        }
    }
}

extension RequestTarget {
    /// Compares an origin with the request's own: scheme, host and port (RFC 6454 §5).
    ///
    /// - Parameters:
    ///   - origin: the value of `Origin`, as browsers serialise it (RFC 6454 §6.2).
    ///   - scheme: by which the request came.
    /// - Returns: whether they are the same.
    public func isOfOrigin(_ origin: Span<UInt8>, scheme: WebScheme) -> Bool {
        let prefix = scheme.originPrefix
        let start = prefix.utf8CodeUnitCount
        guard hasHost, origin.count > start, origin.extracting(0..<start).equals(prefix) else {
            return false
        }
        var named: [UInt8] = []
        guard let other = try? HostName.read(origin.extracting(start..<origin.count), into: &named)
        else { return false }
        return named.span.extracting(0..<other.hostCount).equals(host)
            && (other.port ?? scheme.defaultPort) == (port ?? scheme.defaultPort)
    }
}

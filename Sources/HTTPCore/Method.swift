/// A request method (RFC 9110 §9); names are case-sensitive.
public enum Method: UInt8, Sendable, CaseIterable {
    case get, head, post, put, delete, patch, options, connect, trace
    /// Any other token; its bytes are in the head.
    case other

    /// The method as it is written on the wire; `other` has none of its own.
    public var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other: "other"
        }
    }

    /// Whether a repeated request has the effect of one (RFC 9110 §9.2.2).
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}

/// The version of HTTP a message came in.
public enum HTTPVersion: UInt8, Sendable, Comparable {
    case http10, http11, http2

    /// Whether `left` is the older version.
    public static func < (left: HTTPVersion, right: HTTPVersion) -> Bool {
        left.rawValue < right.rawValue
    }
}

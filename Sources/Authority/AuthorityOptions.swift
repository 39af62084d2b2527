internal import JSON

/// What an authority issues and whom it answers.
public struct AuthorityOptions: Sendable, Equatable {
    /// Keys of which a caller must send one; empty = anybody may ask.
    public var apiKeys: [String] = []
    /// From a session's creation until its access token expires.
    public var accessTokenValidity = Duration.seconds(3600)
    /// From a session's creation until its refresh token expires; told in the handshake.
    public var refreshTokenValidity = Duration.seconds(100 * 24 * 3600)
    /// From one dynamic key's creation to the next one's.
    public var keyInterval = Duration.seconds(168 * 3600)
    /// `iss` of what it signs: where SDKs would put their API's domain and base path.
    public var issuer = "http://localhost/auth"

    /// The defaults: those of a core, for an API on this machine.
    public init() {}
}

/// What could not be issued.
public enum AuthorityFailure: Error, Equatable, Sendable {
    /// A claim of the caller's with a name that the token format keeps for itself.
    case protectedClaim
    /// OpenSSL could not make a key or a signature.
    case cannotSign
}

/// An answer of the authority, for a server to send.
public struct AuthorityResponse: Sendable {
    /// The HTTP status.
    public let status: UInt16
    /// The value of `Content-Type`.
    public let contentType: String
    /// Fields besides `Content-Type`, and besides those of the connection.
    public let headers: [(name: String, value: String)]
    /// The content; its length is for the server to send.
    public let body: [UInt8]

    /// JSON, with the line feed that cores end it by.
    static func json(
        _ object: JSONObject,
        headers: [(name: String, value: String)] = []
    ) -> AuthorityResponse {
        AuthorityResponse(
            status: 200,
            contentType: "application/json;charset=UTF-8",
            headers: headers,
            body: JSONValue.object(object).serialized() + [0x0A]
        )
    }

    /// Text, as cores send it for whatever is no JSON.
    static func text(_ status: UInt16, _ text: String) -> AuthorityResponse {
        AuthorityResponse(
            status: status,
            contentType: "text/html;charset=UTF-8",
            headers: [],
            body: Array(text.utf8) + [0x0A]
        )
    }
}

extension Duration {
    /// Whole milliseconds; a duration beyond 64 bits of them is cut to those.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        return scaled &+ attoseconds / 1_000_000_000_000_000
    }
}

internal import JOSE
internal import JSON

/// The JWT of a session as the core keeps it, without a request: "method 2" of the SuperTokens
/// documentation, `getSessionInformation(handle).accessTokenPayload["jwt"]`.
public struct StoredJWT: Sendable, Equatable {
    /// The compact JWT.
    public var token: String
    /// Milliseconds since the epoch; nil when it names no expiry.
    public var expiry: Int64?

    /// Nil where the payload holds none: from V3 on the access token itself is the JWT, and only
    /// its owner has it.
    ///
    /// - Parameters:
    ///   - session: as the core keeps it.
    ///   - property: used where the payload has no `_jwtPName` (protocol, section 6.2).
    public init?(_ session: SessionInformation, property: String) {
        guard let payload = try? JSONValue.parse(session.payload.span) else { return nil }
        let name = payload["_jwtPName"]?.string ?? property
        guard let token = payload[name]?.string,
            let parts = TokenParts(Array(token.utf8).span),
            let claims = Base64.decodeURL(Array(token.utf8).span.extracting(parts.payload))
        else { return nil }
        self.token = token
        let read = try? JSONValue.parse(claims.span)
        expiry = Timestamp.seconds(read?["exp"]?.double)
    }
}

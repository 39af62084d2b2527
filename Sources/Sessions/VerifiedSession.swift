/// What one request's credential is.
enum CredentialKind: UInt8, Sendable {
    case cookie = 1
    case bearer = 2
}

/// A session whose token was verified: what the cache keeps of it.
struct VerifiedSession: Sendable, Equatable {
    var format: TokenFormat
    /// The value of the field that carries the JWT, scheme included; empty when there is no usable
    /// JWT and none is required.
    var field: [UInt8]
    /// Where in `field` the JWT begins.
    var tokenOffset: Int
    var jwtIsAccessToken: Bool
    /// Whether there is no field because the JWT is too long.
    var jwtIsTooLong = false
    var user: [UInt8]
    var sessionHandle: [UInt8]
    /// The claim `antiCsrfToken`; empty when there is none, or none is asked for.
    var antiCSRFToken: [UInt8] = []
    /// Which lists of claims it meets.
    var claims = ClaimVerdicts.none
    /// The access token that took the place of the one that was sent; empty = none did.
    var newToken: [UInt8] = []
    /// The lines that give it to the client.
    var delivery: [UInt8] = []
    /// Milliseconds since the epoch.
    var createdAt: Int64 = .max
    /// The `KeyRing.Identity` of the key that verified the token.
    var keyIdentity: UInt32
    /// Milliseconds since the epoch: the least of all that bounds the verdict.
    var expiry: Int64
}

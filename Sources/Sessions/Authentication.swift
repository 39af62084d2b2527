public import HTTPCore

/// The version of a SuperTokens access token.
public enum TokenFormat: UInt8, Sendable, CaseIterable {
    /// Legacy tokens, signed with handshake keys.
    case v1 = 1
    case v2
    /// Tokens that are JWTs themselves, signed with keys of the JWK set.
    case v3
    case v4
    case v5

    /// Whether the token itself is a JWT: V3 and up.
    public var isJWT: Bool { rawValue >= TokenFormat.v3.rawValue }
}

/// A verified session: a pinned entry of the verified-token cache of one worker, given back with
/// `Authenticator.release`.
public struct SessionReference: Sendable, Equatable {
    /// The entry's place in the cache.
    public var slot: UInt32
    /// Which of the place's entries, one after the other, is meant.
    public var generation: UInt32
    /// Whether this request carried the token in a cookie.
    public var isCookieBorne: Bool
    /// The access token's format.
    public var format: TokenFormat
    /// Whether the session's JWT is the access token itself, so that giving it away gives away the
    /// session.
    public var jwtIsAccessToken: Bool
    /// Which lists of claims the session did not meet when this request was authenticated.
    public var claimFailures: ClaimFailures

    /// Made by the cache alone; others pass it on.
    public init(
        slot: UInt32,
        generation: UInt32,
        isCookieBorne: Bool,
        format: TokenFormat,
        jwtIsAccessToken: Bool,
        claimFailures: ClaimFailures
    ) {
        self.slot = slot
        self.generation = generation
        self.isCookieBorne = isCookieBorne
        self.format = format
        self.jwtIsAccessToken = jwtIsAccessToken
        self.claimFailures = claimFailures
    }
}

/// Why a session token is not accepted, and how that is answered.
public struct SessionRefusal: Error, Equatable, Sendable {
    /// The kinds of answer a refused token gets.
    public enum Answer: Sendable {
        /// 401 `{"message":"unauthorised"}`.
        case unauthorised
        /// 401 `{"message":"try refresh token"}`.
        case tryRefreshToken
        /// 500: the session has no usable JWT and no refresh can cure it.
        case jwtMissing
        /// 503 with `Retry-After`: the gateway cannot know.
        case unavailable
    }

    /// For the answer's `sallyport-reason`, the log and the metrics.
    public var reason: Reason
    /// What the client is told.
    public var answer: Answer
    /// Whether the session has a JWT, but a longer one than an upstream is given.
    public var isTooLong: Bool

    /// Both are kept apart: several reasons get one answer.
    public init(reason: Reason, answer: Answer, isTooLong: Bool = false) {
        self.reason = reason
        self.answer = answer
        self.isTooLong = isTooLong
    }
}

/// What must be asked of the core before a token can be judged.
public enum KeyQuestion: Sendable, Equatable {
    /// The JWK set has no key with the token's key ID.
    case unknownKeyID
    /// No legacy key verifies the token; a newer one may.
    case newerLegacyKey
}

/// The outcome of looking for a session in one request.
public enum Authentication: Sendable, Equatable {
    /// The session is verified; the reference is pinned.
    case session(SessionReference)
    /// The request carries no session token.
    case noToken
    /// The request's token cannot be accepted.
    case refused(SessionRefusal)
    /// The core must be asked first, then the request be authenticated again.
    case keysNeeded(KeyQuestion)
    /// This turn's signature checks are used up: ask again next turn.
    case budgetSpent
}

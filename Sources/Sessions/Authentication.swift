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
    /// Whether the client is to be given a new access token.
    public var hasDelivery: Bool

    /// Made by the cache alone; others pass it on.
    public init(
        slot: UInt32,
        generation: UInt32,
        isCookieBorne: Bool,
        format: TokenFormat,
        jwtIsAccessToken: Bool,
        claimFailures: ClaimFailures,
        hasDelivery: Bool = false
    ) {
        self.slot = slot
        self.generation = generation
        self.isCookieBorne = isCookieBorne
        self.format = format
        self.jwtIsAccessToken = jwtIsAccessToken
        self.claimFailures = claimFailures
        self.hasDelivery = hasDelivery
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
    /// Whether a core said that the session has ended, so that the client forgets its tokens.
    public var clearsTokens: Bool
    /// For the log: what is known beyond the reason.
    public var detail: StaticString?

    /// Both are kept apart: several reasons get one answer.
    public init(
        reason: Reason,
        answer: Answer,
        isTooLong: Bool = false,
        clearsTokens: Bool = false,
        detail: StaticString? = nil
    ) {
        self.reason = reason
        self.answer = answer
        self.isTooLong = isTooLong
        self.clearsTokens = clearsTokens
        self.detail = detail
    }

    /// Refusals are equal when they are answered alike; the detail is for the log.
    public static func == (left: SessionRefusal, right: SessionRefusal) -> Bool {
        left.reason == right.reason && left.answer == right.answer
            && left.isTooLong == right.isTooLong && left.clearsTokens == right.clearsTokens
    }
}

/// A child token whose session a core must see before it is used.
public struct ChildToken: Sendable, Equatable {
    /// What the core is asked.
    public var question: CoreQuestion
    /// The token itself.
    public var token: [UInt8]
    /// The session handle.
    public var handle: [UInt8]
    /// When the token is dead: milliseconds since the epoch.
    public var expiry: Int64
    /// Whether this request carried the token in a cookie.
    public var isCookieBorne: Bool
    /// The claim `antiCsrfToken`; empty when there is none.
    public var antiCSRFToken: [UInt8]
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
    /// The session is verified and the reference pinned, but only the core can tell whether the
    /// session still stands (`RevokedSessions.mark`).
    case revocationUnknown(SessionReference)
    /// The request carries no session token.
    case noToken
    /// The request's token cannot be accepted.
    case refused(SessionRefusal)
    /// The core must be asked first, then the request be authenticated again.
    case keysNeeded(KeyQuestion)
    /// The core must be asked about this child token first, then the request be authenticated again
    /// with the answer.
    case childOfRefresh(ChildToken)
    /// This turn's signature checks are used up: ask again next turn.
    case budgetSpent
}

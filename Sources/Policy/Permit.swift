public import HTTPCore
public import Sessions

/// Proof that a request may be forwarded or answered: only `authorize` and `authorizePreflight`
/// make one, and the rewrite consumes it.
public struct Permit: ~Copyable, Sendable {
    /// What becomes of the client's credentials.
    public enum Credentials: Sendable {
        /// Removed; the session's JWT takes their place.
        case injected
        /// Removed, and nothing takes their place.
        case none
        /// Left as they are, session cookies and fields too.
        case untouched
    }

    /// Index of the route in the table.
    public let route: Int
    /// Pinned in the token cache as long as it is used.
    public let session: SessionReference?
    /// What becomes of the request's credentials.
    public let credentials: Credentials

    init(route: Int, session: SessionReference?, credentials: Credentials) {
        self.route = route
        self.session = session
        self.credentials = credentials
    }
}

/// Why a request may not pass, and how that is answered.
public struct Denial: Error, Equatable, Sendable {
    /// The kinds of answer a denied request gets.
    public enum Answer: Sendable {
        /// 401 `{"message":"unauthorised"}`.
        case unauthorised
        /// 401 `{"message":"try refresh token"}`.
        case tryRefreshToken
        /// 500: the session has no usable JWT and no refresh can cure it.
        case jwtMissing
        /// 503 with `Retry-After`: the gateway cannot know.
        case unavailable
        /// 403: the access token itself would leave its HttpOnly cookie.
        case tokenNotExposed
        /// `sessions.invalid_claim_status`: the session's claims are not as the route wants them.
        case invalidClaim
        /// 403: another site's page asks for a tunnel with the session.
        case originNotAllowed
    }

    /// For the answer's `sallyport-reason`, the log and the metrics.
    public var reason: Reason
    /// What the client is told.
    public var answer: Answer
    /// Whether the session has a JWT, but a longer one than an upstream is given.
    public var isTooLong: Bool
    /// Whether a core said that the session has ended, so that the client forgets its tokens.
    public var clearsTokens = false
    /// For the log: what is known beyond the reason.
    public var detail: StaticString?

    /// Both are kept apart: several reasons get one answer.
    public init(reason: Reason, answer: Answer, isTooLong: Bool = false) {
        self.reason = reason
        self.answer = answer
        self.isTooLong = isTooLong
    }

    /// Denials are equal when they are answered alike; the detail is for the log.
    public static func == (left: Denial, right: Denial) -> Bool {
        left.reason == right.reason && left.answer == right.answer
            && left.isTooLong == right.isTooLong && left.clearsTokens == right.clearsTokens
    }

    init(_ refusal: SessionRefusal) {
        reason = refusal.reason
        isTooLong = refusal.isTooLong
        clearsTokens = refusal.clearsTokens
        detail = refusal.detail
        answer =
            switch refusal.answer {
            case .unauthorised: .unauthorised
            case .tryRefreshToken: .tryRefreshToken
            case .jwtMissing: .jwtMissing
            case .unavailable: .unavailable
            }
    }
}

/// Decides whether a request may pass its route.
///
/// A session that was pinned stays pinned, whether or not the request may pass: the caller gives it
/// back.
///
/// - Parameters:
///   - rule: the route's.
///   - action: the route's.
///   - route: the route's index.
///   - authentication: what was found; nil where the session is not looked at (`public`,
///     `passthrough`).
///   - claimList: the route's list of claims, which a session must meet.
///   - admitsCookie: whether the request may use the session that its cookie carries (`AntiCSRF`).
///   - admitsOrigin: whether a page of the request's origin may have what it asks for; false only
///     for a WebSocket of a page that is neither the request's own nor a listed one.
/// - Returns: proof that it may.
/// - Throws: why it may not. What is no answer yet (`keysNeeded`, `childOfRefresh`, `budgetSpent`,
///   `revocationUnknown`, nil where a session matters) denies.
public func authorize(
    rule: SessionRule,
    action: RouteAction,
    route: Int,
    authentication: Authentication?,
    claimList: Int,
    admitsCookie: Bool,
    admitsOrigin: Bool
) throws(Denial) -> Permit {
    switch rule {
    case .public: return Permit(route: route, session: nil, credentials: .none)
    case .passthrough: return Permit(route: route, session: nil, credentials: .untouched)
    case .required, .optional: break
    }
    switch authentication {
    case .session(let session):
        guard admitsCookie || !session.isCookieBorne else {
            throw Denial(reason: .antiCSRF, answer: .tryRefreshToken)
        }
        guard !session.claimFailures.contains(claimList) else {
            throw Denial(reason: .invalidClaim, answer: .invalidClaim)
        }
        guard admitsOrigin else { throw foreignOrigin }
        if case .respondJWT(exposesAccessToken: false) = action,
            session.isCookieBorne, session.format.isJWT, session.jwtIsAccessToken
        {
            throw Denial(reason: .tokenNotExposed, answer: .tokenNotExposed)
        }
        return Permit(route: route, session: session, credentials: .injected)
    case .noToken:
        // An answer made of the session needs one, whatever the route says.
        guard rule == .optional, case .forward = action else {
            throw Denial(reason: .noSession, answer: .unauthorised)
        }
        guard admitsOrigin else { throw foreignOrigin }
        return Permit(route: route, session: nil, credentials: .none)
    case .refused(let refusal): throw Denial(refusal)
    case .keysNeeded, .childOfRefresh, .budgetSpent, .revocationUnknown:
        throw Denial(reason: .coreUnreachable, answer: .unavailable)
    case nil: throw Denial(reason: .noSession, answer: .unauthorised)
    }
}

private let foreignOrigin = Denial(reason: .originNotAllowed, answer: .originNotAllowed)

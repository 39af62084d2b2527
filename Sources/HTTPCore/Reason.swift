/// Why the gateway answered by itself: the `sallyport-reason` field, the log and the metrics.
public enum Reason: UInt8, Sendable, CaseIterable {
    /// The answer is the upstream's.
    case none
    // The session.
    case noSession, expired, badSignature, unknownKey, notASessionToken, wrongKeyKind
    case antiCSRF, duplicateCookie, jwtMissing, jwtExpired, revoked, invalidClaim
    // The request and its route.
    case noRoute, methodNotAllowed, originNotAllowed, tokenNotExposed, sessionEnded, redirect
    case badRequest, headTooLarge, bodyTooLarge, timeout
    // What lies behind the gateway, and the gateway itself.
    case coreUnreachable, upstreamUnreachable, upstreamTimeout, upstreamProtocol
    case overloaded, shuttingDown
    /// The client left before its answer: log and metrics only.
    case clientClosed

    /// The code as clients and operators read it; empty for `none`.
    public var code: StaticString {
        switch self {
        case .none: ""
        case .noSession: "no_session"
        case .expired: "expired"
        case .badSignature: "bad_signature"
        case .unknownKey: "unknown_key"
        case .notASessionToken: "not_a_session_token"
        case .wrongKeyKind: "wrong_key_kind"
        case .antiCSRF: "anti_csrf"
        case .duplicateCookie: "duplicate_cookie"
        case .jwtMissing: "jwt_missing"
        case .jwtExpired: "jwt_expired"
        case .revoked: "revoked"
        case .invalidClaim: "invalid_claim"
        case .noRoute: "no_route"
        case .methodNotAllowed: "method_not_allowed"
        case .originNotAllowed: "origin_not_allowed"
        case .tokenNotExposed: "token_not_exposed"
        case .sessionEnded: "session_ended"
        case .redirect: "redirect"
        case .badRequest: "bad_request"
        case .headTooLarge: "head_too_large"
        case .bodyTooLarge: "body_too_large"
        case .timeout: "timeout"
        case .coreUnreachable: "core_unreachable"
        case .upstreamUnreachable: "upstream_unreachable"
        case .upstreamTimeout: "upstream_timeout"
        case .upstreamProtocol: "upstream_protocol"
        case .overloaded: "overloaded"
        case .shuttingDown: "shutting_down"
        case .clientClosed: "client_closed"
        }
    }
}

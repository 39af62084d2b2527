import HTTP1
import HTTPCore
import Policy
import Sessions

/// Every way a request can fail, with all that follows from it: the one table of decision 7.
struct Failure: Error, Equatable {
    /// The body's shape.
    enum Body: Equatable {
        /// `{"message": …}` in the SDKs' words.
        case message(StaticString)
        /// The SDKs' list of claims that are not as a route wants them, written out.
        case claims([UInt8])
        /// RFC 9457.
        case problem

        static func == (left: Body, right: Body) -> Bool {
            switch (left, right) {
            case (.problem, .problem): true
            case (.message(let left), .message(let right)):
                left.description == right.description
            case (.claims(let left), .claims(let right)): left == right
            case (.problem, _), (.message, _), (.claims, _): false
            }
        }
    }

    var status: UInt16
    var reason: Reason
    /// For the log only.
    var detail: StaticString?
    var body: Body
    /// Seconds of `Retry-After`; nil = none.
    var retryAfter: Int?
    /// Whether the client's connection closes, because what follows on it cannot be known.
    var closes: Bool
    /// The table's number of the methods for `Allow`.
    var allowed: Int?
    /// What the client is told beside the reason, in words for whoever wrote it.
    var told: StaticString?
    /// Whether the client is told to forget its session's tokens.
    var clearsTokens = false

    init(
        _ status: UInt16,
        _ reason: Reason,
        detail: StaticString? = nil,
        body: Body = .problem,
        retryAfter: Int? = nil,
        told: StaticString? = nil,
        closes: Bool = false,
        allowed: Int? = nil
    ) {
        self.status = status
        self.reason = reason
        self.detail = detail
        self.body = body
        self.retryAfter = retryAfter
        self.closes = closes
        self.allowed = allowed
        self.told = told
    }

    static func == (left: Failure, right: Failure) -> Bool {
        left.status == right.status && left.reason == right.reason && left.body == right.body
            && left.closes == right.closes && left.clearsTokens == right.clearsTokens
    }
}

extension Failure {
    /// One request with two readings, or none.
    static func badRequest(_ detail: StaticString) -> Failure {
        Failure(400, .badRequest, detail: detail, closes: true)
    }

    static let noRoute = Failure(404, .noRoute)
    static let requestTimeout = Failure(408, .timeout, closes: true)
    static let bodyTooLarge = Failure(413, .bodyTooLarge, closes: true)
    static let headTooLarge = Failure(431, .headTooLarge, closes: true)
    static let originNotAllowed = Failure(403, .originNotAllowed)
    static let upstreamUnreachable = Failure(502, .upstreamUnreachable)

    /// What `upstreamUnreachable` is when TLS is to blame.
    static func upstreamUntrusted(_ detail: StaticString) -> Failure {
        Failure(502, .upstreamUnreachable, detail: detail)
    }

    static let upstreamTimeout = Failure(504, .upstreamTimeout)
    static let overloaded = Failure(503, .overloaded, retryAfter: 1)
    static let tooManyTunnels = Failure(503, .overloaded, detail: "tunnels", retryAfter: 1)

    /// The handshake of a WebSocket (RFC 6455 §4.2.1).
    static let webSocketKey = Failure(
        400,
        .badRequest,
        detail: "websocket_key",
        told: "a WebSocket needs one Sec-WebSocket-Key, the base64 of 16 bytes",
        closes: true
    )
    static let webSocketVersionMissing = Failure(
        400,
        .badRequest,
        detail: "websocket_version",
        told: "a WebSocket needs one Sec-WebSocket-Version, 13",
        closes: true
    )
    static let webSocketVersion = Failure(
        426,
        .badRequest,
        detail: "websocket_version",
        told: "Sec-WebSocket-Version 13 is the only one spoken here"
    )
    static let shuttingDown = Failure(503, .shuttingDown, retryAfter: 1, closes: true)

    static func methodNotAllowed(allowed: Int?) -> Failure {
        Failure(405, .methodNotAllowed, allowed: allowed)
    }

    /// A valid session without a usable JWT, which no refresh can cure.
    static let jwtMissing = Failure(500, .jwtMissing, detail: featureIsOff, told: featureIsOff)
    private static let featureIsOff: StaticString =
        "jwt feature is off: Session.init({jwt: {enable: true}})"

    /// A valid session whose JWT is longer than anybody is given (`SessionJWT`).
    static let jwtTooLong = Failure(500, .jwtMissing, detail: tooLong, told: tooLong)
    private static let tooLong: StaticString = "the session's JWT is longer than 8 KiB"

    /// A `respond` route answers GET and HEAD only.
    static let respondMethod = Failure(405, .methodNotAllowed)

    /// CONNECT and TRACE are not forwarded to any route.
    static let methodRefused = Failure(405, .methodNotAllowed, closes: true)

    static func upstreamProtocol(_ detail: StaticString) -> Failure {
        Failure(502, .upstreamProtocol, detail: detail)
    }

    /// A head or content that breaks a rule of HTTP/1.1: where the next request begins is unknown.
    init(_ failure: HTTP1Failure) {
        let reason: Reason =
            switch failure.status {
            case 413: .bodyTooLarge
            case 414, 431: .headTooLarge
            default: .badRequest
            }
        self.init(failure.status, reason, detail: failure.detail, closes: true)
    }

    /// A denial in the words of the SDKs (protocol, section 3.5).
    init(_ denial: Denial, sessions: SessionOptions) {
        switch denial.answer {
        case .unauthorised:
            self.init(sessions.expiredStatus, denial.reason, body: .message("unauthorised"))
        case .tryRefreshToken:
            self.init(sessions.expiredStatus, denial.reason, body: .message("try refresh token"))
        case .jwtMissing:
            self = .jwtMissing
        case .unavailable:
            self.init(503, denial.reason, retryAfter: 1)
        case .tokenNotExposed:
            self.init(403, denial.reason)
        case .originNotAllowed:
            self = .originNotAllowed
        case .invalidClaim:
            self.init(sessions.invalidClaimStatus, denial.reason, body: .claims([]))
        }
        if denial.isTooLong {
            detail = Self.tooLong
            told = Self.tooLong
        }
        if let more = denial.detail { detail = more }
        clearsTokens = denial.clearsTokens
    }
}

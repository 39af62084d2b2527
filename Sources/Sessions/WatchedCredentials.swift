internal import Bytes
public import HTTPCore

/// The session credentials of a request whose answer may end the session: kept until the answer
/// comes, since the request's own bytes are gone by then. Not yet judged.
///
/// Reused from request to request: `reset` keeps the storage, up to a size no peer can raise.
public struct WatchedCredentials: Sendable {
    /// The bearer, then the cookie's raw value.
    private var bytes: [UInt8] = []
    private var bearerCount = 0
    private var cookieCount = 0

    /// Bytes of storage that are kept from one request to the next.
    public static let keptCapacity = 4 * 1024
    /// Bytes of one credential; a longer one is no session token, and is not kept.
    public static let maximumBytes = Authenticator.maximumCredentialBytes

    /// Nothing kept.
    public init() {}

    /// Whether there is anything to judge.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Forgets all, and gives back storage that is larger than most requests need.
    public mutating func reset() {
        bytes.removeAll(keepingUpTo: Self.keptCapacity)
        bearerCount = 0
        cookieCount = 0
    }

    mutating func keep(bearer: Span<UInt8>, cookie: Span<UInt8>) {
        reset()
        if bearer.count <= Self.maximumBytes {
            bytes.append(bytes: bearer)
            bearerCount = bearer.count
        }
        if cookie.count <= Self.maximumBytes {
            bytes.append(bytes: cookie)
            cookieCount = cookie.count
        }
    }

    var bearer: [UInt8] { Array(bytes[..<bearerCount]) }

    var cookie: [UInt8] {
        CookieValue.decoded(bytes.span.extracting(bearerCount..<bytes.count))
    }
}

/// Whose session an answer ended.
public enum EndedSession: Sendable, Equatable {
    /// The handle, as signed.
    case handle([UInt8])
    /// No session's: there was no token, or nobody who may have signed it did.
    case none
    /// It cannot be told without keys that are not known yet.
    case keysNeeded(KeyQuestion)
}

extension Authenticator {
    /// The name of the access token's cookie.
    public var accessTokenCookie: Span<UInt8> {
        @_lifetime(borrow self)
        get { cookieName.span }
    }

    /// Keeps what of a request may name a session, by the rules of `authenticate`.
    ///
    /// - Parameters:
    ///   - watched: where to.
    ///   - head: the request's.
    ///   - bytes: what the head was read from.
    public func keep(
        into watched: inout WatchedCredentials,
        head: borrowing RequestHead,
        bytes: Span<UInt8>
    ) {
        let found = Credentials.find(head: head, bytes: bytes, cookieName: cookieName.span)
        var bearer = ByteRange.empty
        var cookie = ByteRange.empty
        if options.tokenTransfer != .cookie, let range = found.bearer { bearer = range }
        // Readers differ on which of several counts: none does.
        if options.tokenTransfer != .header, found.cookieCount == 1, let range = found.cookie {
            cookie = range
        }
        watched.keep(bearer: bytes.bytes(bearer), cookie: bytes.bytes(cookie))
    }

    /// The session of the access token among these credentials (protocol, section 3.2): of a bearer
    /// that is a session token, else of the cookie.
    ///
    /// The token must be genuine, or anybody could end anybody's session; it may have expired.
    ///
    /// - Parameters:
    ///   - watched: of the request.
    ///   - wallMilliseconds: now, since the epoch.
    /// - Returns: the session.
    public mutating func endedSession(
        _ watched: WatchedCredentials,
        wallMilliseconds: Int64
    ) -> EndedSession {
        var bytes = watched.bearer
        var token = AccessToken.parse(bytes.span)
        if token == nil {
            bytes = watched.cookie
            token = AccessToken.parse(bytes.span)
        }
        guard let token else { return .none }
        let isAccepted =
            token.format.isJWT ? options.acceptsJWTTokens : options.acceptsLegacyTokens
        guard isAccepted else { return .none }
        switch verifyUncounted(token, bytes, wallMilliseconds: wallMilliseconds) {
        case .verified: return .handle(token.sessionHandle)
        case .bad, .budgetSpent: return .none
        case .unknownKey, .keysUnknown: return .keysNeeded(Self.question(token))
        }
    }
}

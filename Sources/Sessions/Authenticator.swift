internal import Bytes
public import HTTPCore

/// Finds and verifies the session of a request: one for each worker and generation.
///
/// It never waits: what must be asked of the core first is an outcome, and the request is
/// authenticated again when the answer is there.
public struct Authenticator: ~Copyable {
    private let inPlace = InPlace()
    private(set) var options: SessionOptions
    private(set) var cookieName: [UInt8]
    private(set) var claims: ClaimJudge
    private(set) var scheme: [UInt8]
    var cache: VerifiedTokenCache
    var keys: KeyRing
    private var keySet = KeySet()

    /// Signature checks in one turn of the event loop, so that a flood of new tokens cannot starve
    /// established sessions.
    public static let signatureChecksPerTurn = 16
    /// Bytes of a raw credential: a token at its largest with every byte percent-encoded.
    static let maximumCredentialBytes = 3 * AccessToken.maximumBytes + 2

    /// - Parameters:
    ///   - options: the configuration's `sessions`.
    ///   - cacheBytes: this worker's share of `token_cache.size`.
    public init(options: SessionOptions, cacheBytes: Int) {
        self.options = options
        cookieName = Array(options.accessTokenCookie.utf8)
        claims = ClaimJudge(options.claims)
        scheme = options.jwtScheme.isEmpty ? [] : Array((options.jwtScheme + " ").utf8)
        cache = VerifiedTokenCache(bytes: cacheBytes)
        keys = Self.keyRing(options)
    }

    /// Takes new options over and drops every cached verdict; references in use stay readable.
    public mutating func replaceOptions(_ options: SessionOptions, cacheBytes: Int) {
        self.options = options
        cookieName = Array(options.accessTokenCookie.utf8)
        claims = ClaimJudge(options.claims)
        scheme = options.jwtScheme.isEmpty ? [] : Array((options.jwtScheme + " ").utf8)
        cache.removeAll(bytes: cacheBytes)
        keys = Self.keyRing(options)
        keys.replace(with: keySet)
    }

    /// Takes new keys over and drops the verdicts of keys that left.
    public mutating func replaceKeys(_ set: KeySet) {
        keySet = set
        keys.replace(with: set)
        cache.keepOnly(keys: keys.identities)
    }

    /// Gives this turn its signature checks.
    public mutating func beginTurn() {
        keys.refill(Self.signatureChecksPerTurn)
    }

    private static func keyRing(_ options: SessionOptions) -> KeyRing {
        KeyRing(
            maximumStale: options.keysMaximumStale.wholeMilliseconds,
            budget: signatureChecksPerTurn
        )
    }
}

extension Authenticator {
    /// Looks for a session in a request.
    ///
    /// A bearer that is a session token wins over the cookie, and its failure is final; any other
    /// bearer counts as none.
    ///
    /// - Parameters:
    ///   - head: the request's.
    ///   - bytes: what the head was read from.
    ///   - wallMilliseconds: now, since the epoch.
    ///   - mayAsk: false once the core was asked for this request: an unknown key is final then.
    ///   - lastFetchFailed: whether that question's fetch failed, so that nothing is known.
    ///   - answer: what the core said of the request's child token; nil = it was not asked yet.
    /// - Returns: the outcome; a session's reference is pinned until `release`.
    public mutating func authenticate(
        head: borrowing RequestHead,
        bytes: Span<UInt8>,
        wallMilliseconds: Int64,
        mayAsk: Bool,
        lastFetchFailed: Bool,
        answer: CoreAnswer? = nil
    ) -> Authentication {
        if options.legacyIDRefresh == .refuse, Self.hasSessionMarker(head, bytes) {
            return .refused(SessionRefusal(reason: .expired, answer: .tryRefreshToken))
        }
        let found = Credentials.find(head: head, bytes: bytes, cookieName: cookieName.span)
        let moment = Moment(
            wallMilliseconds: wallMilliseconds,
            mayAsk: mayAsk,
            lastFetchFailed: lastFetchFailed,
            answer: answer,
            isSeedEra: answer != nil && Self.hasSessionMarker(head, bytes)
        )
        if options.tokenTransfer != .cookie, let range = found.bearer {
            let outcome = authenticate(bytes.bytes(range), kind: .bearer, moment)
            if outcome != .noToken { return outcome }
        }
        guard options.tokenTransfer != .header else { return .noToken }
        guard let range = found.cookie else { return withoutAccessToken(head, bytes) }
        // Readers differ on which of several counts: none does.
        guard found.cookieCount == 1 else {
            return .refused(SessionRefusal(reason: .duplicateCookie, answer: .tryRefreshToken))
        }
        let credential = bytes.bytes(range)
        if options.legacyIDRefresh == .require, AccessToken.isLegacy(credential),
            !Self.hasSessionMarker(head, bytes)
        {
            return .noToken
        }
        let outcome = authenticate(credential, kind: .cookie, moment)
        guard case .noToken = outcome else { return outcome }
        return withoutAccessToken(head, bytes)
    }

    /// Seed-era access token cookies end with their token, while `sIdRefreshToken` still says
    /// that there is a session: then a refresh is asked for, as the SDKs do (protocol, sections
    /// 3.1 and 3.8), and a user who is signed in never counts as anonymous. What is no token in
    /// the access token's place changes nothing of that.
    private func withoutAccessToken(
        _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>
    ) -> Authentication {
        guard options.acceptsLegacyTokens else { return .noToken }
        guard Self.hasSessionMarker(head, bytes) else { return .noToken }
        return .refused(SessionRefusal(reason: .expired, answer: .tryRefreshToken))
    }

    private static let sessionMarker = Array("sIdRefreshToken".utf8)

    static func hasSessionMarker(
        _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>
    ) -> Bool {
        let name = sessionMarker
        return Credentials.find(head: head, bytes: bytes, cookieName: name.span).cookieCount > 0
    }

    /// Ends a request's hold on its session; a reference that was given back before does nothing.
    public mutating func release(_ reference: SessionReference) {
        cache.release(reference)
    }

    /// Verifies outside the turn's budget.
    mutating func verifyUncounted(
        _ token: AccessToken,
        _ bytes: [UInt8],
        wallMilliseconds: Int64
    ) -> SignatureVerdict {
        let left = keys.budget
        keys.refill(Self.signatureChecksPerTurn)
        defer { keys.refill(left) }
        return verify(token, bytes, wallMilliseconds: wallMilliseconds)
    }

    /// Signatures verified so far, successfully or not.
    public var signatureChecks: UInt64 { keys.checks }

    /// What the cache did so far.
    public var statistics: TokenCacheStatistics { cache.statistics }
}

/// What a held session says; nothing when the reference was given back.
extension Authenticator {
    /// The value of the field `jwt.field`: scheme and JWT. Empty when the session has no usable JWT
    /// and none is required.
    @_lifetime(borrow self)
    public func field(_ reference: SessionReference) -> Span<UInt8> {
        cache.bytes(.field, of: reference)
    }

    /// The JWT alone.
    @_lifetime(borrow self)
    public func token(_ reference: SessionReference) -> Span<UInt8> {
        cache.bytes(.token, of: reference)
    }

    /// Whether the session has no JWT that can be used because its own is too long.
    public func hasTooLongJWT(_ reference: SessionReference) -> Bool {
        cache.hasTooLongJWT(reference)
    }

    /// The user's ID.
    @_lifetime(borrow self)
    public func user(_ reference: SessionReference) -> Span<UInt8> {
        cache.bytes(.user, of: reference)
    }

    /// The session's anti-CSRF token; empty when it has none, or none is asked for.
    @_lifetime(borrow self)
    public func antiCSRFToken(_ reference: SessionReference) -> Span<UInt8> {
        cache.bytes(.antiCSRFToken, of: reference)
    }

    /// The session handle.
    @_lifetime(borrow self)
    public func sessionHandle(_ reference: SessionReference) -> Span<UInt8> {
        cache.bytes(.sessionHandle, of: reference)
    }
}

extension Authenticator {
    /// The circumstances of one call.
    struct Moment {
        let wallMilliseconds: Int64
        let mayAsk: Bool
        let lastFetchFailed: Bool
        let answer: CoreAnswer?
        /// Whether the client's SDK is one that sends `sIdRefreshToken`.
        let isSeedEra: Bool
    }

    private mutating func authenticate(
        _ credential: Span<UInt8>,
        kind: CredentialKind,
        _ moment: Moment
    ) -> Authentication {
        let wall = moment.wallMilliseconds
        if let index = cache.find(credential, kind: kind, wallMilliseconds: wall) {
            return .session(cache.reference(index, wallMilliseconds: wall))
        }
        guard credential.count <= Self.maximumCredentialBytes else { return .noToken }
        let bytes = kind == .cookie ? CookieValue.decoded(credential) : credential.copied()
        guard let token = AccessToken.parse(bytes.span) else { return .noToken }
        if let refusal = refusal(of: token, wallMilliseconds: wall) { return .refused(refusal) }
        switch verify(token, bytes, wallMilliseconds: wall) {
        case .verified(let key, let until):
            if let keyID = token.keyID, !isAllowed(keyID) {
                return .refused(Self.tryRefresh(.wrongKeyKind))
            }
            let proof = Proof(key: key, until: min(until, token.expiry))
            guard options.verifiesChildren, token.isChild else {
                return admit(token, bytes, proof, credential, kind, wall)
            }
            return child(token, bytes, proof, credential, kind, moment)
        case .bad:
            return .refused(Self.tryRefresh(.badSignature))
        case .unknownKey:
            if moment.mayAsk { return .keysNeeded(Self.question(token)) }
            if moment.lastFetchFailed { return .refused(Self.unavailable) }
            return .refused(Self.tryRefresh(.unknownKey))
        case .keysUnknown:
            if moment.mayAsk { return .keysNeeded(Self.question(token)) }
            return .refused(Self.unavailable)
        case .budgetSpent:
            return .budgetSpent
        }
    }

    /// What can be refused without a key: a token is expired whoever signed it.
    func refusal(of token: AccessToken, wallMilliseconds: Int64) -> SessionRefusal? {
        let isAccepted =
            token.format.isJWT ? options.acceptsJWTTokens : options.acceptsLegacyTokens
        guard isAccepted, let notBefore = token.notBefore else {
            return Self.tryRefresh(.notASessionToken)
        }
        guard wallMilliseconds < token.expiry, wallMilliseconds >= notBefore else {
            return Self.tryRefresh(.expired)
        }
        return nil
    }

    mutating func verify(
        _ token: AccessToken,
        _ bytes: [UInt8],
        wallMilliseconds: Int64
    ) -> SignatureVerdict {
        guard token.isRS256, let signature = token.signature else { return .bad }
        let message = bytes.span.extracting(0..<token.signedBytes)
        guard token.format.isJWT else {
            return keys.verifyLegacy(
                signature: signature.span,
                message: message,
                createdAt: token.createdAt,
                wallMilliseconds: wallMilliseconds
            )
        }
        guard let keyID = token.keyID else { return .bad }
        return keys.verifyWeb(
            keyID: keyID,
            signature: signature.span,
            message: message,
            wallMilliseconds: wallMilliseconds
        )
    }

    /// The token is verified: chooses its JWT and stores both.
    private mutating func admit(
        _ token: AccessToken,
        _ bytes: [UInt8],
        _ proof: Proof,
        _ credential: Span<UInt8>,
        _ kind: CredentialKind,
        _ wall: Int64
    ) -> Authentication {
        do throws(SessionRefusal) {
            return hold(try session(token, bytes, proof, wall), credential, kind, wall)
        } catch {
            return .refused(error)
        }
    }

    /// Stores a session; `isListed`: whether later requests with the credential find it.
    mutating func hold(
        _ session: VerifiedSession,
        _ credential: Span<UInt8>,
        _ kind: CredentialKind,
        isListed: Bool = true,
        _ wall: Int64
    ) -> Authentication {
        let index = cache.insert(
            session,
            credential: credential,
            kind: kind,
            isListed: isListed,
            wallMilliseconds: wall
        )
        return .session(cache.reference(index, wallMilliseconds: wall))
    }

    /// What verified a token, and how long that holds: milliseconds since the epoch.
    struct Proof {
        let key: UInt32
        let until: Int64
    }

    /// A verified token's session with its JWT, as the cache keeps it.
    func session(
        _ token: AccessToken,
        _ bytes: [UInt8],
        _ proof: Proof,
        _ wall: Int64
    ) throws(SessionRefusal) -> VerifiedSession {
        let oldest = wall &+ options.tokenCacheMaximumAge.wholeMilliseconds
        var session = VerifiedSession(
            format: token.format,
            field: [],
            tokenOffset: 0,
            jwtIsAccessToken: false,
            user: token.user,
            sessionHandle: token.sessionHandle,
            antiCSRFToken: options.antiCSRF == .token ? token.antiCSRFToken : [],
            claims: claims.verdicts(token.payload, wallMilliseconds: wall),
            createdAt: token.createdAt,
            keyIdentity: proof.key,
            expiry: min(token.expiry, proof.until, oldest)
        )
        switch SessionJWT.select(for: token, bytes: bytes, options: options, wallMilliseconds: wall)
        {
        case .usable(let jwt, let expiry, let isAccessToken):
            session.field = scheme + jwt
            session.tokenOffset = scheme.count
            session.jwtIsAccessToken = isAccessToken
            session.expiry = min(session.expiry, expiry)
        case .unusable(let fault):
            guard !options.jwtRequired else {
                throw fault.refusal(createdAt: token.createdAt, wallMilliseconds: wall)
            }
            session.jwtIsTooLong = fault.isTooLong
        }
        return session
    }

    func isAllowed(_ keyID: [UInt8]) -> Bool {
        switch options.signingKeys {
        case .any: true
        case .dynamic: KeyID.isDynamic(keyID.span)
        case .static: !KeyID.isDynamic(keyID.span)
        }
    }

    static func question(_ token: AccessToken) -> KeyQuestion {
        token.format.isJWT ? .unknownKeyID : .newerLegacyKey
    }

    static func tryRefresh(_ reason: Reason) -> SessionRefusal {
        SessionRefusal(reason: reason, answer: .tryRefreshToken)
    }

    static let unavailable = SessionRefusal(reason: .coreUnreachable, answer: .unavailable)
}

extension Duration {
    /// Milliseconds, rounded down; as many as a sum of times can bear at most.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds < 1 << 34 else { return 1 << 44 }
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }
}

internal import Bytes
internal import JOSE
public import JSON

/// A session as its user's browser or app gets it.
public struct CreatedSession: Sendable, Equatable {
    /// The access token, raw: for a cookie it must be percent-encoded.
    public let accessToken: String
    /// The value of `front-token`.
    public let frontToken: String
    /// The value of `anti-csrf`, where it was asked for.
    public let antiCSRFToken: String?
    /// The session's name.
    public let handle: String
    /// When the access token expires, in milliseconds since the epoch.
    public let expiry: Int64
}

extension AuthorityService {
    /// Which generation of SuperTokens a session looks like.
    public enum Era: Sendable, CaseIterable {
        /// V2 access tokens whose payload carries a JWT: the `jwt` feature of SDKs up to 2023.
        case seed
        /// V5 access tokens, which are JWTs.
        case recent
    }

    /// Issues an access token; nothing of the session is remembered.
    ///
    /// - Parameters:
    ///   - userID: the user.
    ///   - era: which token is made.
    ///   - payload: claims besides the format's own; in the seed era they are in the inner JWT too.
    ///   - usesStaticKey: whether the static key signs; never so in the seed era.
    ///   - hasAntiCSRF: whether the token is bound to an anti-CSRF token.
    ///   - nowMilliseconds: since the epoch.
    /// - Returns: the session's tokens.
    /// - Throws: `protectedClaim` for a claim of the format's own in `payload`; `cannotSign`.
    public mutating func createSession(
        userID: String,
        era: Era,
        payload: JSONObject = JSONObject(),
        usesStaticKey: Bool = false,
        hasAntiCSRF: Bool = false,
        nowMilliseconds: Int64
    ) throws(AuthorityFailure) -> CreatedSession {
        for name in era.protectedClaims where payload[name] != nil { throw .protectedClaim }
        keys.keepUp(nowMilliseconds: nowMilliseconds)
        let session = NewSession(
            userID: userID,
            payload: payload,
            antiCSRFToken: hasAntiCSRF ? Identifier.uuid() : nil,
            createdAt: nowMilliseconds
        )
        switch era {
        case .seed: return try createSeedSession(session)
        case .recent: return try createRecentSession(session, usesStaticKey: usesStaticKey)
        }
    }

    /// Members in the order of cores 3.x, which write nulls.
    private func createSeedSession(
        _ session: NewSession
    ) throws(AuthorityFailure) -> CreatedSession {
        let validity = options.accessTokenValidity.wholeMilliseconds
        let expiry = AuthorityKeys.sum(session.createdAt, validity)
        var userData = session.payload
        userData["jwt"] = .string(try innerJWT(session, accessTokenValidity: validity))
        userData["_jwtPName"] = "jwt"
        let token = try keys.signLegacy([
            "sessionHandle": .string(session.handle),
            "userId": .string(session.userID),
            "refreshTokenHash1": .string(Identifier.refreshTokenHash()),
            "parentRefreshTokenHash1": .null,
            "userData": .object(userData),
            "antiCsrfToken": session.antiCSRFToken.map { .string($0) } ?? .null,
            "expiryTime": .integer(expiry),
            "timeCreated": .integer(session.createdAt),
            "lmrt": .integer(session.createdAt),
        ])
        return session.created(accessToken: token, expiry: expiry, claims: userData)
    }

    /// The JWT inside a seed-era token: 30 s longer valid than that, as SDKs ask for it.
    private func innerJWT(
        _ session: NewSession,
        accessTokenValidity: Int64
    ) throws(AuthorityFailure) -> String {
        var claims: JSONObject = [
            "iss": .string(options.issuer), "sub": .string(session.userID),
        ]
        for member in session.payload.members where !Self.isJWTProperty(member.name) {
            claims[member.name] = member.value
        }
        let seconds = session.createdAt / 1000
        let validity = AuthorityKeys.sum(accessTokenValidity, 999) / 1000
        claims["exp"] = .integer(AuthorityKeys.sum(seconds, AuthorityKeys.sum(validity, 30)))
        claims["iat"] = .integer(seconds)
        return try keys.sign(claims, with: .static)
    }

    /// The members of a payload that carry a JWT and so are no claims of it.
    private static func isJWTProperty(_ name: String) -> Bool {
        name == "jwt" || name == "_jwtPName"
    }

    private func createRecentSession(
        _ session: NewSession,
        usesStaticKey: Bool
    ) throws(AuthorityFailure) -> CreatedSession {
        let seconds = session.createdAt / 1000
        let validity = options.accessTokenValidity.wholeMilliseconds / 1000
        let expiry = AuthorityKeys.sum(seconds, validity)
        var claims: JSONObject = [
            "iat": .integer(seconds),
            "exp": .integer(expiry),
            "sub": .string(session.userID),
            "tId": "public",
            "rsub": .string(session.userID),
            "sessionHandle": .string(session.handle),
            "refreshTokenHash1": .string(Identifier.refreshTokenHash()),
            "parentRefreshTokenHash1": .null,
            "antiCsrfToken": session.antiCSRFToken.map { .string($0) } ?? .null,
            "iss": .string(options.issuer),
        ]
        for member in session.payload.members { claims[member.name] = member.value }
        let kind = usesStaticKey ? KeyKind.static : .dynamic
        let token = try keys.sign(claims, with: kind, version: "5")
        let milliseconds = expiry.multipliedReportingOverflow(by: 1000)
        return session.created(
            accessToken: token,
            expiry: milliseconds.overflow ? .max : milliseconds.partialValue,
            claims: claims
        )
    }
}

extension AuthorityService.Era {
    /// Names that only the format itself may use.
    fileprivate var protectedClaims: [String] {
        switch self {
        case .seed: ["userId", "expiryTime", "timeCreated", "sessionHandle", "refreshTokenHash1"]
        case .recent:
            [
                "sub", "exp", "iat", "sessionHandle", "refreshTokenHash1",
                "parentRefreshTokenHash1", "antiCsrfToken", "tId", "rsub", "stt",
            ]
        }
    }
}

/// What both eras' tokens say.
private struct NewSession {
    let userID: String
    let payload: JSONObject
    let antiCSRFToken: String?
    let createdAt: Int64
    let handle = Identifier.uuid()

    /// The session with its token; the front token tells scripts user, expiry and claims.
    func created(accessToken: String, expiry: Int64, claims: JSONObject) -> CreatedSession {
        let front = JSONValue.object([
            "uid": .string(userID), "ate": .integer(expiry), "up": .object(claims),
        ])
        let frontToken = Base64.encodeStandard(front.serialized().span)
        return CreatedSession(
            accessToken: accessToken,
            frontToken: String(decoding: frontToken, as: UTF8.self),
            antiCSRFToken: antiCSRFToken,
            handle: handle,
            expiry: expiry
        )
    }
}

internal import Bytes
internal import HTTPCore
internal import JOSE
internal import JSON

/// The JWT of a verified session, or why it has none that an upstream could use.
enum SessionJWT: Equatable {
    /// - Parameter expiry: milliseconds since the epoch.
    case usable(token: [UInt8], expiry: Int64, isAccessToken: Bool)
    case unusable(Fault)

    /// What is wrong with a JWT, as far as it decides the answer.
    struct Fault: Equatable {
        /// The JWT's own expiry and time of issue, where it has them: milliseconds since the epoch.
        var expiry: Int64?
        var issuedAt: Int64?
        /// Whether it would be usable if it had not expired.
        var isExpiredOnly = false
        /// Whether it is longer than `maximumBytes`; then nothing else was looked at.
        var isTooLong = false
    }

    /// Bytes of a JWT put into an upstream's field.
    static let maximumBytes = 8 * 1024

    /// Chooses the session's JWT by `jwt.source` and looks whether it is usable; `bytes` are the
    /// access token's own.
    static func select(
        for token: AccessToken,
        bytes: [UInt8],
        options: SessionOptions,
        wallMilliseconds: Int64
    ) -> SessionJWT {
        let fromPayload =
            switch options.jwtSource {
            case .auto: !token.format.isJWT
            case .payload: true
            case .accessToken: false
            }
        guard fromPayload else {
            guard token.format.isJWT else { return .unusable(Fault()) }
            guard bytes.count <= maximumBytes else { return .unusable(Fault(isTooLong: true)) }
            // Its parts are known, and its signature was verified as RS256.
            return examine(
                token.payload,
                isRS256: token.isRS256,
                token: bytes,
                isAccessToken: true,
                wallMilliseconds: wallMilliseconds
            )
        }
        guard let jwt = inner(of: token, property: options.jwtProperty) else {
            return .unusable(Fault())
        }
        return examine(jwt, wallMilliseconds: wallMilliseconds)
    }

    /// What the payload has under the name that it gives itself, else under the configured one.
    private static func inner(of token: AccessToken, property: String) -> [UInt8]? {
        let payload = token.payload
        if let name = payload["_jwtPName"]?.string { return payload[name.span]?.string }
        return payload[property.utf8Span.span]?.string
    }

    /// Usable: three base64url segments, none empty, header `alg` RS256, payload an object with a
    /// numeric `exp` in the future.
    private static func examine(_ bytes: [UInt8], wallMilliseconds: Int64) -> SessionJWT {
        let token = bytes.span
        guard token.count <= maximumBytes else { return .unusable(Fault(isTooLong: true)) }
        guard let parts = TokenParts(token),
            !parts.signature.isEmpty,
            Base64.decodeURL(token.extracting(parts.signature)) != nil,
            let headerBytes = Base64.decodeURL(token.extracting(parts.header)),
            let payloadBytes = Base64.decodeURL(token.extracting(parts.payload)),
            let claims = try? JSONDocument(payloadBytes), claims.root.isObject
        else { return .unusable(Fault()) }
        return examine(
            claims.root,
            isRS256: isRS256(headerBytes),
            token: bytes,
            isAccessToken: false,
            wallMilliseconds: wallMilliseconds
        )
    }

    private static func isRS256(_ bytes: [UInt8]) -> Bool {
        guard let header = try? JSONDocument(bytes), let algorithm = header.root["alg"] else {
            return false
        }
        return algorithm.isString("RS256")
    }

    private static func examine(
        _ claims: JSONElement,
        isRS256: Bool,
        token: [UInt8],
        isAccessToken: Bool,
        wallMilliseconds: Int64
    ) -> SessionJWT {
        let expiry = Timestamp.seconds(claims["exp"]?.double)
        var fault = Fault(expiry: expiry, issuedAt: Timestamp.seconds(claims["iat"]?.double))
        guard isRS256, let expiry else { return .unusable(fault) }
        guard wallMilliseconds < expiry else {
            fault.isExpiredOnly = true
            return .unusable(fault)
        }
        return .usable(token: token, expiry: expiry, isAccessToken: isAccessToken)
    }
}

extension SessionJWT.Fault {
    /// How a valid session with this fault is answered where a JWT is required.
    ///
    /// A refresh mints a new JWT, except where the session's maker makes none or one that is dead
    /// from the start: then a browser would refresh for ever, so it is an error of the service.
    /// `createdAt` is the access token's, in milliseconds since the epoch.
    func refusal(createdAt: Int64, wallMilliseconds: Int64) -> SessionRefusal {
        let isYoung = wallMilliseconds &- createdAt < Self.youth
        if isYoung, !isExpiredOnly { return incurable }
        if let expiry, expiry <= createdAt {
            guard let issuedAt, issuedAt < createdAt &- Self.youth else { return incurable }
        }
        return SessionRefusal(
            reason: isExpiredOnly ? .jwtExpired : .jwtMissing,
            answer: .tryRefreshToken,
            isTooLong: isTooLong
        )
    }

    /// Milliseconds within which a token counts as just made.
    private static let youth: Int64 = 60_000

    private var incurable: SessionRefusal {
        SessionRefusal(reason: .jwtMissing, answer: .jwtMissing, isTooLong: isTooLong)
    }
}

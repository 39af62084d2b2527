internal import Bytes
internal import JOSE
internal import JSON

/// A SuperTokens access token taken apart: its structure is that of a session token, its signature
/// is not looked at yet.
struct AccessToken {
    var format: TokenFormat
    /// The V3+ header's `kid`; nil when it is no string, so that no key can be meant.
    var keyID: [UInt8]?
    /// Whether the header asks for exactly RS256 and for nothing more (`crit`).
    var isRS256: Bool
    /// Bytes of the token that are signed: header, dot and payload as transmitted.
    var signedBytes: Int
    /// Nil when it is not encoded as the format demands, so that no key can verify it.
    var signature: [UInt8]?
    var user: [UInt8]
    var sessionHandle: [UInt8]
    /// Milliseconds since the epoch.
    var createdAt: Int64
    /// The token is dead from this time on: milliseconds since the epoch.
    var expiry: Int64
    /// The token is not valid before this time; nil when its `nbf` is no number.
    var notBefore: Int64?
    /// Empty when the session has none.
    var antiCSRFToken: [UInt8] { claims.root["antiCsrfToken"]?.string ?? [] }
    /// Whether a refresh made it and the core has not seen it yet (protocol, section 4.4).
    var isChild: Bool { claims.root["parentRefreshTokenHash1"]?.isString ?? false }

    /// What is signed, read.
    var claims: JSONDocument
    /// Where the payload is among the claims.
    var payloadPlace: JSONDocument.Place

    /// The claims of V3+; of V1 and V2 the property `userData`.
    var payload: JSONElement {
        @_lifetime(borrow self)
        get { claims.element(at: payloadPlace) }
    }

    /// Bytes of a token.
    static let maximumBytes = 16 * 1024

    /// - Returns: nil for what the SDKs do not take for a session token, so that it counts as none.
    static func parse(_ token: Span<UInt8>) -> AccessToken? {
        guard token.count <= maximumBytes, let parts = TokenParts(token) else { return nil }
        let header = token.extracting(parts.header)
        if header.equals(legacyHeaderV2) { return legacy(.v2, token, parts) }
        if header.equals(legacyHeaderV1) { return legacy(.v1, token, parts) }
        return web(token, parts)
    }

    /// Whether the raw value of a cookie begins as tokens of V1 and V2 do.
    static func isLegacy(_ credential: Span<UInt8>) -> Bool {
        let token = CookieValue.decoded(credential)
        guard let parts = TokenParts(token.span) else { return false }
        let header = token.span.extracting(parts.header)
        return header.equals(legacyHeaderV2) || header.equals(legacyHeaderV1)
    }

    /// The exact first segments of V1 and V2: another spelling is no session token.
    private static let legacyHeaderV1: StaticString =
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIxIn0="
    private static let legacyHeaderV2: StaticString =
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIyIn0="
}

// V1 and V2.
extension AccessToken {
    private static func legacy(
        _ format: TokenFormat,
        _ token: Span<UInt8>,
        _ parts: TokenParts
    ) -> AccessToken? {
        guard let bytes = Base64.decodeStandard(token.extracting(parts.payload)),
            let document = try? JSONDocument(bytes)
        else { return nil }
        let claims = document.root
        guard hasSessionType(claims),
            let sessionHandle = claims["sessionHandle"]?.string,
            let user = claims["userId"]?.string,
            isString(claims["refreshTokenHash1"]),
            let userData = claims["userData"], userData.isObject,
            let expiry = Timestamp.milliseconds(claims["expiryTime"]?.double),
            let createdAt = Timestamp.milliseconds(claims["timeCreated"]?.double)
        else { return nil }
        return AccessToken(
            format: format,
            keyID: nil,
            isRS256: true,
            signedBytes: parts.signedBytes,
            signature: Base64.decodeStandard(token.extracting(parts.signature)),
            user: user,
            sessionHandle: sessionHandle,
            createdAt: createdAt,
            expiry: expiry,
            notBefore: .min,
            claims: document,
            payloadPlace: userData.place
        )
    }

    /// `stt` tells OAuth2 tokens, signed with the same keys, from sessions' (absent or 0).
    private static func hasSessionType(_ claims: JSONElement) -> Bool {
        guard let type = claims["stt"] else { return true }
        return type.int64 == 0
    }

    private static func isString(_ claim: JSONElement?) -> Bool {
        claim?.isString ?? false
    }
}

// V3 and up.
extension AccessToken {
    private static func web(_ token: Span<UInt8>, _ parts: TokenParts) -> AccessToken? {
        guard let headerBytes = Base64.decodeURL(token.extracting(parts.header)),
            let header = (try? JSONDocument(headerBytes)),
            let bytes = Base64.decodeURL(token.extracting(parts.payload)),
            let document = try? JSONDocument(bytes)
        else { return nil }
        let names = header.root
        let claims = document.root
        guard let type = names["typ"], type.isString("JWT"), let keyID = names["kid"],
            let format = format(names["version"]),
            hasSessionType(claims), hasClaims(claims, of: format),
            let sessionHandle = claims["sessionHandle"]?.string,
            let user = claims["sub"]?.string,
            let expiry = Timestamp.wholeSeconds(claims["exp"]?.double),
            let createdAt = Timestamp.wholeSeconds(claims["iat"]?.double)
        else { return nil }
        return AccessToken(
            format: format,
            keyID: keyID.string,
            isRS256: isRS256(names),
            signedBytes: parts.signedBytes,
            signature: Base64.decodeURL(token.extracting(parts.signature)),
            user: user,
            sessionHandle: sessionHandle,
            createdAt: createdAt,
            expiry: expiry,
            notBefore: notBefore(claims["nbf"]),
            claims: document,
            payloadPlace: claims.place
        )
    }

    /// Tokens without a version are read as V3, as the SDKs do; unknown ones are not guessed at.
    private static func format(_ version: JSONElement?) -> TokenFormat? {
        guard let version else { return .v3 }
        if version.isString("5") { return .v5 }
        if version.isString("4") { return .v4 }
        return version.isString("3") ? .v3 : nil
    }

    private static func isRS256(_ header: JSONElement) -> Bool {
        guard let algorithm = header["alg"], algorithm.isString("RS256") else { return false }
        return header["crit"] == nil
    }

    private static func notBefore(_ claim: JSONElement?) -> Int64? {
        guard let claim else { return .min }
        return Timestamp.wholeSeconds(claim.double)
    }

    private static func hasClaims(
        _ claims: JSONElement,
        of format: TokenFormat
    ) -> Bool {
        guard isString(claims["refreshTokenHash1"]) else { return false }
        if format != .v3, !isString(claims["tId"]) { return false }
        return format != .v5 || isString(claims["rsub"])
    }
}

/// Where a token's three parts lie. The last may be empty: such a token is one, though nothing
/// verifies it.
struct TokenParts: Equatable {
    var header: Range<Int>
    var payload: Range<Int>
    var signature: Range<Int>

    /// Bytes up to the second dot.
    var signedBytes: Int { payload.upperBound }

    /// Nil unless there are exactly three parts, the first two not empty.
    init?(_ token: Span<UInt8>) {
        let dot = UInt8(ascii: ".")
        let first = token.scan(for: dot, from: 0, to: token.count)
        guard first > 0, first < token.count else { return nil }
        let second = token.scan(for: dot, from: first + 1, to: token.count)
        guard second > first + 1, second < token.count else { return nil }
        guard token.scan(for: dot, from: second + 1, to: token.count) == token.count else {
            return nil
        }
        header = 0..<first
        payload = first + 1..<second
        signature = second + 1..<token.count
    }
}

/// Times in tokens, as milliseconds since the epoch.
enum Timestamp {
    /// A claim that counts milliseconds; nil when it is no number, or none of this age of the
    /// world.
    static func milliseconds(_ claim: Double?) -> Int64? {
        claim.flatMap { integer($0.rounded(.down)) }
    }

    /// A claim that counts seconds and is compared with whole ones, as the SDKs do: the first
    /// millisecond at which the clock's whole seconds have reached it.
    static func wholeSeconds(_ claim: Double?) -> Int64? {
        claim.flatMap { integer($0.rounded(.up) * 1000) }
    }

    /// A claim that counts seconds, to the millisecond.
    static func seconds(_ claim: Double?) -> Int64? {
        claim.flatMap { integer(($0 * 1000).rounded(.down)) }
    }

    /// Beyond 2^53 numbers lose their units, and no sum of ours can overflow below it.
    private static func integer(_ value: Double) -> Int64? {
        guard value.magnitude < 9_007_199_254_740_992 else { return nil }
        return Int64(value)
    }
}

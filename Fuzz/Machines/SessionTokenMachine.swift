import Bytes
import Cryptography
import JOSE
import JSON
import Sessions

/// Tokens: whoever gets a session brought bytes that a known key signed and that are not expired.
enum SessionTokenMachine {
    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        let now = KnownKeys.now
        var authenticator = Authenticator(options: KnownKeys.options, cacheBytes: 64 * 1024)
        let bearer = TokenCarrier(bearer: input)
        let cookie = TokenCarrier(cookie: input)
        let unknown = bearer.ask(&authenticator, at: now)
        try require(SessionRecord(unknown, &authenticator) == nil, "no session without keys")
        authenticator.replaceKeys(KnownKeys.set(at: now))
        let first = SessionRecord(bearer.ask(&authenticator, at: now), &authenticator)
        let second = SessionRecord(bearer.ask(&authenticator, at: now), &authenticator)
        try require(first == second, "what is remembered is what was verified")
        let isPlain = !input.contains { [0x25, 0x22, 0x3B].contains($0) }
        let third = SessionRecord(cookie.ask(&authenticator, at: now), &authenticator)
        if isPlain { try require(first == third, "a cookie's token is a bearer's") }
        for record in [first, third].compactMap(\.self) {
            let token = record == first ? Octets.trimmed(input) : cookieValue(input)
            try check(record, token)
        }
        try checkForgotten(input, &authenticator)
    }

    /// As the SDKs read it: unquoted, then decoded.
    private static func cookieValue(_ input: [UInt8]) -> [UInt8] {
        var value = Octets.trimmed(input.prefix { $0 != 0x3B })
        if value.count >= 2, value.first == 0x22, value.last == 0x22 {
            value = Array(value.dropFirst().dropLast())
        }
        return Octets.decoded(value)
    }

    private static func check(_ record: SessionRecord, _ token: [UInt8]) throws(BrokenRule) {
        guard let parts = CompactJWS.split(token.span) else {
            throw BrokenRule(what: "a session's token has three parts")
        }
        let payload = token.span.bytes(parts.payload)
        let decoded =
            record.format.isJWT ? Base64.decodeURL(payload) : Base64.decodeStandard(payload)
        guard let claims = decoded.flatMap({ try? JSONValue.parse($0.span) }) else {
            throw BrokenRule(what: "a session's claims are JSON")
        }
        try require(isSigned(token, parts, record.format), "a known key signed a session's token")
        let expiry = record.format.isJWT ? claims["exp"]?.double : claims["expiryTime"]?.double
        let scale: Double = record.format.isJWT ? 1000 : 1
        try require((expiry ?? 0) * scale > Double(KnownKeys.now), "a session has not expired")
        let user = claims[record.format.isJWT ? "sub" : "userId"]?.string
        try require(user.map { Array($0.utf8) } == record.user, "the user is the token's")
        let handle = claims["sessionHandle"]?.string
        try require(handle.map { Array($0.utf8) } == record.sessionHandle, "so is the handle")
        try SessionClaimsMachine.checkField(record)
    }

    private static func isSigned(
        _ token: [UInt8],
        _ parts: CompactJWS.Parts,
        _ format: TokenFormat
    ) -> Bool {
        let bytes = token.span
        let encoded = bytes.bytes(parts.signature)
        let decoded = format.isJWT ? Base64.decodeURL(encoded) : Base64.decodeStandard(encoded)
        guard let signature = decoded else { return false }
        let signed = bytes.bytes(parts.signed)
        for modulus in [KnownKeys.dynamicModulus, KnownKeys.staticModulus] {
            guard let number = Base64.decodeURL(Array(modulus.utf8).span),
                let key = try? RSAPublicKey(modulus: number.span, exponent: [1, 0, 1].span)
            else { continue }
            if key.verifySHA256(signature: signature.span, message: signed) { return true }
        }
        return false
    }

    /// A session lasts no longer than its keys.
    private static func checkForgotten(
        _ input: [UInt8],
        _ authenticator: inout Authenticator
    ) throws(BrokenRule) {
        var none = KeySet()
        none.sequence = 2
        authenticator.replaceKeys(none)
        let carrier = TokenCarrier(bearer: input)
        let outcome = carrier.ask(&authenticator, at: KnownKeys.now)
        try require(SessionRecord(outcome, &authenticator) == nil, "keys that went verify nothing")
        try require(authenticator.statistics.pinned == 0, "no reference is held")
    }
}

import Bytes
import JOSE
import JSON
import Sessions

/// Claims of tokens whose signature is right: what is accepted is what was signed, and only what
/// may stand in a field is put into one.
enum SessionClaimsMachine {
    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        let end = input.firstIndex(of: 0x0A) ?? input.count
        let header = Array(input[..<end])
        let payload = Array(input[end...].dropFirst())
        // `session-token` is fed with what is no JSON, without the cost of a signature.
        guard (try? JSONValue.parse(header.span)) != nil,
            (try? JSONValue.parse(payload.span)) != nil,
            let token = FuzzSigner.one.sign(header, payload)
        else { return }
        let now = KnownKeys.now
        for source in [SessionOptions.JWTSource.auto, .payload, .accessToken] {
            var options = KnownKeys.options
            options.jwtSource = source
            options.jwtRequired = source != .payload
            options.claims = ClaimsOracle.lists
            var authenticator = Authenticator(options: options, cacheBytes: 64 * 1024)
            authenticator.replaceKeys(FuzzSigner.one.keys)
            let carrier = TokenCarrier(bearer: token)
            let outcome = carrier.ask(&authenticator, at: now, mayAsk: true)
            guard let record = SessionRecord(outcome, &authenticator) else { continue }
            let again = SessionRecord(carrier.ask(&authenticator, at: now), &authenticator)
            try require(again == record, "what is remembered is what was verified")
            try check(record, header, payload, isRequired: options.jwtRequired)
            try checkClaims(record, payload, carrier, &authenticator, at: now)
            try checkClaims(record, payload, carrier, &authenticator, at: now + 60_001)
            try checkExpiry(record, payload, carrier, &authenticator)
        }
    }

    private static func check(
        _ record: SessionRecord,
        _ header: [UInt8],
        _ payload: [UInt8],
        isRequired: Bool
    ) throws(BrokenRule) {
        guard let head = try? JSONValue.parse(header.span),
            let claims = try? JSONValue.parse(payload.span)
        else { throw BrokenRule(what: "a session's header and claims are JSON") }
        try require(head["alg"]?.string == "RS256", "a session's algorithm is RS256")
        try require(head["typ"]?.string == "JWT", "a session's token is a JWT")
        try require(head["crit"] == nil, "nothing critical is overlooked")
        if record.format.isJWT {
            try require(head["kid"]?.string == "d-1", "the key is the one that was named")
            let notBefore = claims["nbf"]?.double ?? 0
            try require(notBefore * 1000 <= Double(KnownKeys.now) + 1000, "a session has begun")
        }
        let type = claims["stt"]
        try require(type == nil || type?.double == 0, "no other kind of token is a session")
        let user = claims[record.format.isJWT ? "sub" : "userId"]?.string
        try require(user.map { Array($0.utf8) } == record.user, "the user is the token's")
        try require(!isRequired || !record.token.isEmpty, "a JWT where one is required")
        try checkField(record)
    }

    /// Each rule's verdict is what a plain reading of the payload says, now and later.
    private static func checkClaims(
        _ record: SessionRecord,
        _ payload: [UInt8],
        _ carrier: TokenCarrier,
        _ authenticator: inout Authenticator,
        at time: Int64
    ) throws(BrokenRule) {
        guard let whole = try? JSONValue.parse(payload.span) else { return }
        let claims = record.format.isJWT ? whole : whole["userData"] ?? .null
        guard case .session(let session) = carrier.ask(&authenticator, at: time) else { return }
        defer { authenticator.release(session) }
        try require(!session.claimFailures.contains(0), "an empty list asks nothing")
        for (index, rule) in ClaimsOracle.rules.enumerated() {
            let isMet = ClaimsOracle.isMet(rule, by: claims, at: time)
            let failed = session.claimFailures.contains(index + 1)
            try require(failed != isMet, "a rule is met as it is written")
            let answer = carrier.invalidClaims(index + 1, session, authenticator, at: time)
            try ClaimsOracle.check(answer, isMet: isMet)
        }
    }

    /// What is put into the upstream's field is a JWT that has not expired, and one line.
    static func checkField(_ record: SessionRecord) throws(BrokenRule) {
        guard !record.token.isEmpty else {
            return try require(record.field.isEmpty, "no field without a JWT")
        }
        try require(record.field == Array("Bearer ".utf8) + record.token, "scheme and JWT")
        let isVisible = record.field.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        try require(isVisible, "a field is visible ASCII")
        guard let parts = CompactJWS.split(record.token.span),
            let header = decoded(record.token, parts.header),
            let claims = decoded(record.token, parts.payload)
        else { throw BrokenRule(what: "a session's JWT has three parts") }
        try require(header["alg"]?.string == "RS256", "its algorithm is RS256")
        let expiry = claims["exp"]?.double ?? 0
        try require(expiry * 1000 > Double(KnownKeys.now), "it has not expired")
    }

    private static func decoded(_ token: [UInt8], _ part: ByteRange) -> JSONValue? {
        Base64.decodeURL(token.span.bytes(part)).flatMap { try? JSONValue.parse($0.span) }
    }

    /// When its time has come, a session is none, remembered or not.
    private static func checkExpiry(
        _ record: SessionRecord,
        _ payload: [UInt8],
        _ carrier: TokenCarrier,
        _ authenticator: inout Authenticator
    ) throws(BrokenRule) {
        guard let claims = try? JSONValue.parse(payload.span) else { return }
        let expiry =
            record.format.isJWT
            ? (claims["exp"]?.double ?? 0) * 1000 : claims["expiryTime"]?.double ?? 0
        let past = KnownKeys.now + 60_000
        guard expiry + 1000 < Double(past) else { return }
        let late = SessionRecord(carrier.ask(&authenticator, at: past), &authenticator)
        try require(late == nil, "a session ends with its token")
        try require(authenticator.statistics.pinned == 0, "no reference is held")
    }
}

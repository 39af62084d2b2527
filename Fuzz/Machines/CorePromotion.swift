import Bytes
import HTTPCore
import JOSE
import JSON
import Sessions

/// What becomes of sessions when a core answers about their tokens.
enum CorePromotion {
    private static let header =
        #"{"kid":"d-1","typ":"JWT","version":"5","alg":"RS256"}"#
    private static let legacyHeader = #"{"alg":"RS256","typ":"JWT","version":"2"}"#
    private static let hash = #""refreshTokenHash1":"a","parentRefreshTokenHash1":"#

    /// Tokens of both eras: a refresh made the first two, and a core has seen the others.
    private static let carriers: [(carrier: TokenCarrier, isChild: Bool)] = {
        var carriers: [(TokenCarrier, Bool)] = []
        for parent in [#""b""#, "null"] {
            let recent = sign(
                header,
                #"{"iat":1799999900,"exp":1800003600,"sub":"u","tId":"t","rsub":"u","#
                    + #""sessionHandle":"\#(CoreOracle.handle)",\#(hash)\#(parent)}"#
            )
            let legacy = sign(
                legacyHeader,
                #"{"userId":"u","sessionHandle":"\#(CoreOracle.handle)",\#(hash)\#(parent),"#
                    + #""userData":{},"expiryTime":1800003600000,"timeCreated":1799999900000}"#
            )
            carriers.append((TokenCarrier(cookie: recent), parent != "null"))
            carriers.append((TokenCarrier(bearer: legacy), parent != "null"))
        }
        return carriers
    }()

    private static func sign(_ header: String, _ payload: String) -> [UInt8] {
        FuzzSigner.one.sign(Array(header.utf8), Array(payload.utf8)) ?? []
    }

    /// Lets sessions go on with this answer.
    static func use(_ answer: CoreAnswer) throws(BrokenRule) {
        for one in carriers {
            var options = KnownKeys.options
            options.jwtRequired = false
            var authenticator = Authenticator(options: options, cacheBytes: 64 * 1024)
            authenticator.replaceKeys(FuzzSigner.one.keys)
            if one.isChild {
                try promote(one.carrier, answer, &authenticator)
            } else {
                try look(one.carrier, answer, &authenticator)
            }
            try require(authenticator.statistics.pinned == 0, "no reference is held")
        }
    }

    private static func promote(
        _ carrier: TokenCarrier,
        _ answer: CoreAnswer,
        _ authenticator: inout Authenticator
    ) throws(BrokenRule) {
        let unasked = carrier.ask(&authenticator, at: KnownKeys.now)
        guard case .childOfRefresh = unasked else {
            throw BrokenRule(what: "a core decides about a child token")
        }
        let outcome = carrier.ask(&authenticator, at: KnownKeys.now, answer: answer)
        try check(outcome, answer, authenticator)
        guard let record = SessionRecord(outcome, &authenticator) else { return }
        let again = SessionRecord(carrier.ask(&authenticator, at: KnownKeys.now), &authenticator)
        try require(again == record, "what a core said of a token is remembered")
    }

    private static func look(
        _ carrier: TokenCarrier,
        _ answer: CoreAnswer,
        _ authenticator: inout Authenticator
    ) throws(BrokenRule) {
        let found = carrier.ask(&authenticator, at: KnownKeys.now)
        guard case .session(let session) = found else {
            throw BrokenRule(what: "the session is one")
        }
        let entries = authenticator.statistics.entries
        let outcome = authenticator.checked(
            session,
            answer,
            isSeedEra: true,
            wallMilliseconds: KnownKeys.now
        )
        try check(outcome, answer, authenticator)
        _ = SessionRecord(outcome, &authenticator)
        let isSame = authenticator.statistics.entries == entries
        try require(isSame, "what a core found is for one request")
    }

    private static func check(
        _ outcome: Authentication,
        _ answer: CoreAnswer,
        _ authenticator: borrowing Authenticator
    ) throws(BrokenRule) {
        guard case .session(let session) = outcome else {
            return try checkRefusal(outcome, answer)
        }
        guard case .verified(let newToken) = answer else {
            throw BrokenRule(what: "no session without a yes")
        }
        try require(session.hasDelivery == (newToken != nil), "a new token is delivered")
        let handle = authenticator.sessionHandle(session).copied()
        try require(handle.elementsEqual(CoreOracle.handle.utf8), "the session is the same")
        let lines = authenticator.delivery(session).copied()
        guard let newToken else { return try require(lines.isEmpty, "nothing to deliver") }
        try checkToken(newToken)
        try checkLines(lines, newToken, isCookie: session.isCookieBorne)
    }

    private static func checkRefusal(
        _ outcome: Authentication,
        _ answer: CoreAnswer
    ) throws(BrokenRule) {
        guard case .refused(let refusal) = outcome else {
            throw BrokenRule(what: "an answer is an answer")
        }
        switch answer {
        case .ended:
            let isRight = refusal.reason == .revoked && refusal.clearsTokens
            try require(isRight, "an ended session's tokens are cleared")
        case .tryRefresh: try require(refusal.answer == .tryRefreshToken, "a refresh is asked for")
        case .unreachable: try require(refusal.answer == .unavailable, "nobody knows")
        case .verified(let newToken):
            try require(newToken != nil, "a yes is one")
            try require(refusal.answer == .unavailable, "what is no token is no answer")
            let isKnown = newToken == Array(KnownTokens.recent.utf8)
            try require(!isKnown, "a token is one")
        case .information, .handles, .revoked, .keys: break
        }
    }

    /// A token that is given away is of the session, has all parts, and has not expired.
    private static func checkToken(_ token: [UInt8]) throws(BrokenRule) {
        guard let parts = CompactJWS.split(token.span) else {
            throw BrokenRule(what: "a new token has three parts")
        }
        let signature = token.span.bytes(parts.signature)
        let isSigned = Base64.decodeURL(signature) ?? Base64.decodeStandard(signature)
        try require(isSigned != nil, "a new token's signature is one")
        let payload = token.span.bytes(parts.payload)
        let decoded = Base64.decodeURL(payload) ?? Base64.decodeStandard(payload)
        guard let claims = decoded.flatMap({ try? JSONValue.parse($0.span) }) else {
            throw BrokenRule(what: "a new token's claims are JSON")
        }
        try require(claims["sessionHandle"]?.string == CoreOracle.handle, "it is the session's")
        let expiry = claims["exp"]?.double.map { $0 * 1000 } ?? claims["expiryTime"]?.double ?? 0
        try require(expiry > Double(KnownKeys.now), "it has not expired")
    }

    /// What is written into an answer's head are fields, and nothing else.
    private static func checkLines(
        _ lines: [UInt8],
        _ token: [UInt8],
        isCookie: Bool
    ) throws(BrokenRule) {
        let text = String(decoding: lines, as: UTF8.self)
        try require(text.hasSuffix("\r\n"), "a field is a line")
        let fields = text.dropLast(1).split(separator: "\r\n", omittingEmptySubsequences: false)
        try require(fields.count == 2, "a token, and what the front end may know")
        for field in fields {
            let isVisible = field.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
            try require(isVisible, "a field is visible ASCII")
        }
        let name = isCookie ? "Set-Cookie: sAccessToken=" : "st-access-token: "
        guard let first = fields.first, first.hasPrefix(name) else {
            throw BrokenRule(what: "it comes as the old one was sent")
        }
        let value = first.dropFirst(name.count).prefix { $0 != ";" }
        try require(Octets.decoded(value.utf8) == token, "the token is the core's")
        guard fields[1].hasPrefix("front-token: ") else {
            throw BrokenRule(what: "the front end is told")
        }
        let front = Base64.decodeStandard(Array(fields[1].dropFirst(13).utf8).span)
        let content = front.flatMap { try? JSONValue.parse($0.span) }
        try require(content?["uid"]?.string != nil, "of whom")
        try require(content?["up"]?.object != nil, "what the payload is")
    }
}

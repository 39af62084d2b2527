import JOSE

/// One access token, and what it says: known without reading it.
struct ModelToken {
    let bytes: [UInt8]
    /// The JWT that an upstream is given: its own in each token.
    let jwt: [UInt8]
    /// The session's number.
    let session: Int
    let isLegacy: Bool
    let createdAt: Int64
    let expiry: Int64
    let jwtExpiry: Int64
    let signer: ModelSigner
    let isForged: Bool
    let isChild: Bool
    let hasRole: Bool

    /// For who reads of a failure.
    var summary: String {
        "of session \(session), signed by \(signer), child: \(isChild), forged: \(isForged)"
    }

    /// What must come with it from a page.
    var antiCSRF: String? { ModelTokens.antiCSRF(session) }
    /// Unlike any other token's.
    var mark: UInt64 { ModelTokens.mark(bytes, endingAt: bytes.count) }
}

/// Tokens of three sessions: of the first two V5, of the last V2.
struct ModelTokens {
    private(set) var all: [ModelToken] = []
    /// Tokens that clients have from the start.
    let initial: Int
    private var places: [UInt64: Int] = [:]
    private var made: [Made: Int] = [:]

    private struct Made: Hashable {
        let session: Int
        let wall: Int64
    }

    static let sessions = 3

    static func antiCSRF(_ session: Int) -> String? { session == 1 ? nil : "c\(session)" }
    static func handle(_ session: Int) -> [UInt8] { [UInt8(ascii: "h"), 0x30 + UInt8(session)] }

    init() {
        let start = ModelKeys.start
        for session in 0..<Self.sessions {
            let kinds: [(Int64, ModelSigner, Bool, Bool, Bool)] = [
                (3600, .old, false, false, true), (60, .old, false, false, true),
                (3600, .new, false, false, true), (3600, .fixed, false, false, true),
                (3600, .stranger, false, false, true), (3600, .old, true, false, true),
                (3600, .old, false, true, true), (60, .new, false, true, true),
                (3600, .old, true, true, true), (3600, .old, false, true, true),
                (3600, .old, false, false, false),
            ]
            for (life, signer, isForged, isChild, hasRole) in kinds {
                all.append(
                    Self.make(
                        session,
                        number: all.count,
                        createdAt: start - 5000,
                        expiry: start + life * 1000,
                        signer,
                        isForged: isForged,
                        isChild: isChild,
                        hasRole: hasRole
                    )
                )
            }
        }
        initial = all.count
        for index in all.indices { note(index) }
    }

    private mutating func note(_ index: Int) {
        places[all[index].mark] = index
        places[Self.mark(all[index].jwt, endingAt: all[index].jwt.count)] = index
    }

    /// The token that a core makes of a session at this time.
    mutating func make(_ session: Int, at wall: Int64) -> Int {
        let key = Made(session: session, wall: wall)
        if let known = made[key] { return known }
        let token = Self.make(
            session,
            number: 1000 + Int((wall - ModelKeys.start) / 1000) * Self.sessions + session,
            createdAt: wall,
            expiry: wall + 3_600_000,
            .old,
            isForged: false,
            isChild: false,
            hasRole: wall % 60_000 != 0
        )
        made[key] = all.count
        all.append(token)
        note(all.count - 1)
        return all.count - 1
    }

    /// The place of the token, or of the token with the JWT, that ends there.
    func place(in bytes: [UInt8], endingAt end: Int) -> Int? {
        places[Self.mark(bytes, endingAt: end)]
    }

    static func mark(_ bytes: [UInt8], endingAt end: Int) -> UInt64 {
        guard end >= 32, end <= bytes.count else { return 0 }
        var mark: UInt64 = 0
        for index in 0..<8 { mark = mark << 8 | UInt64(bytes[end - 12 + index]) }
        return mark
    }

    private static func make(
        _ session: Int,
        number: Int,
        createdAt: Int64,
        expiry: Int64,
        _ signer: ModelSigner,
        isForged: Bool,
        isChild: Bool,
        hasRole: Bool
    ) -> ModelToken {
        let isLegacy = session == 2
        let common =
            #""sessionHandle":"h\#(session)","refreshTokenHash1":"r""#
            + (isChild ? #","parentRefreshTokenHash1":"p""# : "")
            + (antiCSRF(session).map { #","antiCsrfToken":"\#($0)""# } ?? "")
        // Some are over before their token is.
        let jwtExpiry = isLegacy && number % 2 == 1 ? expiry - 30_000 : expiry
        var inner: [UInt8] = []
        let header: String
        let payload: String
        let role = hasRole ? #","role":"admin""# : ""
        if isLegacy {
            inner = unsigned(number, #"{"exp":\#(jwtExpiry / 1000)}"#)
            header = #"{"alg":"RS256","typ":"JWT","version":"2"}"#
            let text = String(decoding: inner, as: UTF8.self)
            payload =
                #"{\#(common),"userId":"u","userData":{"jwt":"\#(text)"\#(role)},"#
                + #""expiryTime":\#(expiry),"timeCreated":\#(createdAt)}"#
        } else {
            header = #"{"kid":"\#(signer.keyID)","typ":"JWT","version":"5","alg":"RS256"}"#
            payload =
                #"{\#(common),"sub":"u","tId":"t","rsub":"u"\#(role),"n":\#(number),"#
                + #""exp":\#(expiry / 1000),"iat":\#(createdAt / 1000)}"#
        }
        var bytes = ModelKeys.sign(header, payload, by: signer)
        if isForged { bytes[bytes.count - 20] = bytes[bytes.count - 20] == 0x41 ? 0x42 : 0x41 }
        return ModelToken(
            bytes: bytes,
            jwt: isLegacy ? inner : bytes,
            session: session,
            isLegacy: isLegacy,
            createdAt: createdAt,
            expiry: expiry,
            jwtExpiry: jwtExpiry,
            signer: signer,
            isForged: isForged,
            isChild: isChild,
            hasRole: hasRole
        )
    }

    /// The JWT within a V2 token is not the gateway's to verify.
    private static func unsigned(_ number: Int, _ payload: String) -> [UInt8] {
        let digits = String(1_000_000 + number).dropFirst()
        let parts = [#"{"alg":"RS256"}"#, payload, "000\(digits)000"].map {
            Base64.encodeURL(Array($0.utf8).span)
        }
        return parts[0] + [0x2E] + parts[1] + [0x2E] + parts[2]
    }
}

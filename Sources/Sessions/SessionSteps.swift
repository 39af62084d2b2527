internal import Bytes
public import HTTPCore
internal import JSON

/// One step of a session's check, in words: what `explain` shows. The verdict is the gateway's own;
/// steps say how it comes about.
public struct SessionStep: Sendable, Equatable {
    /// What a step came to.
    public enum Result: Sendable, Equatable {
        case passed
        /// Nothing was to be checked.
        case noted
        /// It cannot be told from what is known here.
        case open
        case failed(Reason)
    }

    /// What is looked at, in a word or two.
    public var name: StaticString
    /// What it came to.
    public var result: Result
    /// What was found: no token, cookie value or other secret.
    public var text: String

    /// A step with what was found.
    public init(_ name: StaticString, _ result: Result, _ text: String) {
        self.name = name
        self.result = result
        self.text = text
    }

    /// Whether both are of the same step, with the same outcome and words.
    public static func == (left: SessionStep, right: SessionStep) -> Bool {
        left.name.description == right.name.description && left.result == right.result
            && left.text == right.text
    }
}

extension Authenticator {
    /// Walks through the check of the session that a request carries, with the functions that
    /// `authenticate` is made of, and goes on where that stops for want of a key.
    ///
    /// - Parameters:
    ///   - head: the request's.
    ///   - bytes: what the head was read from.
    ///   - wallMilliseconds: now, since the epoch.
    /// - Returns: the steps in their order, up to the first that fails.
    public mutating func steps(
        head: borrowing RequestHead,
        bytes: Span<UInt8>,
        wallMilliseconds: Int64
    ) -> [SessionStep] {
        var steps: [SessionStep] = []
        guard let found = credential(head, bytes, &steps) else { return steps }
        guard let token = AccessToken.parse(found.span) else {
            let isRefresh = options.acceptsLegacyTokens && Self.hasSessionMarker(head, bytes)
            let text = "no session token" + (isRefresh ? ", but sIdRefreshToken: to refresh" : "")
            let reason = isRefresh ? Reason.expired : .noSession
            steps.append(SessionStep("token", .failed(reason), text))
            return steps
        }
        steps.append(SessionStep("token", .passed, describe(token)))
        if let refusal = refusal(of: token, wallMilliseconds: wallMilliseconds) {
            let what = refusal.reason == .expired ? "lifetime" : "format" as StaticString
            let why = refusal.reason == .expired ? "over, or not begun" : "not accepted here"
            steps.append(SessionStep(what, .failed(refusal.reason), why))
            return steps
        }
        let lifetime = Self.seconds(token.expiry &- wallMilliseconds)
        steps.append(SessionStep("lifetime", .passed, "ends in \(lifetime)"))
        guard judgeSignature(token, found, wallMilliseconds, &steps) else { return steps }
        if let keyID = token.keyID {
            let isAllowed = isAllowed(keyID)
            let kind = KeyID.isDynamic(keyID.span) ? "dynamic" : "static"
            let text = "a \(kind) key, sessions.signing_keys is \(options.signingKeys)"
            let result = isAllowed ? SessionStep.Result.passed : .failed(.wrongKeyKind)
            steps.append(SessionStep("kind of key", result, text))
            guard isAllowed else { return steps }
        }
        judgeJWT(token, found, wallMilliseconds, &steps)
        return steps
    }

    /// The bytes of the credential that counts; nil where none does.
    private func credential(
        _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>,
        _ steps: inout [SessionStep]
    ) -> [UInt8]? {
        if options.legacyIDRefresh == .refuse, Self.hasSessionMarker(head, bytes) {
            let text = "sIdRefreshToken is there, sessions.legacy_id_refresh is refuse"
            steps.append(SessionStep("old session", .failed(.expired), text))
            return nil
        }
        let name = Array(options.accessTokenCookie.utf8)
        let found = Credentials.find(head: head, bytes: bytes, cookieName: name.span)
        if let bearer = bearer(found, bytes, &steps) { return bearer }
        return cookie(found, head, bytes, &steps)
    }

    private func bearer(
        _ found: Credentials,
        _ bytes: Span<UInt8>,
        _ steps: inout [SessionStep]
    ) -> [UInt8]? {
        guard let range = found.bearer else {
            let lines = found.authorizationCount
            let text =
                lines == 0 ? "no Authorization" : "\(lines) Authorization lines, no one bearer"
            steps.append(SessionStep("bearer", .noted, text))
            return nil
        }
        guard options.tokenTransfer != .cookie else {
            let text = "not looked at: sessions.token_transfer is cookie"
            steps.append(SessionStep("bearer", .noted, text))
            return nil
        }
        let token = bytes.bytes(range).copied()
        guard AccessToken.parse(token.span) != nil else {
            steps.append(SessionStep("bearer", .noted, "no session token: counts as none"))
            return nil
        }
        steps.append(SessionStep("bearer", .passed, "a session token: it counts, no cookie does"))
        return token
    }

    private func cookie(
        _ found: Credentials,
        _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>,
        _ steps: inout [SessionStep]
    ) -> [UInt8]? {
        let name = options.accessTokenCookie
        guard options.tokenTransfer != .header else {
            let text = "not looked at: sessions.token_transfer is header"
            steps.append(SessionStep("cookie", .failed(.noSession), text))
            return nil
        }
        guard let range = found.cookie else {
            let isRefresh = options.acceptsLegacyTokens && Self.hasSessionMarker(head, bytes)
            let text = isRefresh ? "no \(name), but sIdRefreshToken: to refresh" : "no \(name)"
            let reason = isRefresh ? Reason.expired : .noSession
            steps.append(SessionStep("cookie", .failed(reason), text))
            return nil
        }
        guard found.cookieCount == 1 else {
            let text = "\(found.cookieCount) cookies \(name): none counts"
            steps.append(SessionStep("cookie", .failed(.duplicateCookie), text))
            return nil
        }
        let raw = bytes.bytes(range)
        if options.legacyIDRefresh == .require, AccessToken.isLegacy(raw),
            !Self.hasSessionMarker(head, bytes)
        {
            let text = "no sIdRefreshToken beside it, sessions.legacy_id_refresh is require"
            steps.append(SessionStep("cookie", .failed(.noSession), text))
            return nil
        }
        steps.append(SessionStep("cookie", .passed, "one \(name)"))
        return CookieValue.decoded(raw)
    }

    private func describe(_ token: AccessToken) -> String {
        let user = String(decoding: token.user, as: UTF8.self)
        let handle = String(decoding: token.sessionHandle, as: UTF8.self)
        var text = "V\(token.format.rawValue), user \(user), session \(handle)"
        if let keyID = token.keyID { text += ", key \(String(decoding: keyID, as: UTF8.self))" }
        return text
    }

    /// - Returns: whether there is more to look at: the signature is good, or cannot be told.
    private mutating func judgeSignature(
        _ token: AccessToken,
        _ bytes: [UInt8],
        _ wall: Int64,
        _ steps: inout [SessionStep]
    ) -> Bool {
        beginTurn()
        let (result, text): (SessionStep.Result, String) =
            switch verify(token, bytes, wallMilliseconds: wall) {
            case .verified: (.passed, "good")
            case .bad: (.failed(.badSignature), "by none of the keys it may be by")
            case .unknownKey: (.failed(.unknownKey), "by a key that is not among those known")
            case .keysUnknown, .budgetSpent: (.open, "no keys to judge it with")
            }
        steps.append(SessionStep("signature", result, text))
        if case .failed = result { return false }
        return true
    }

    private func judgeJWT(
        _ token: AccessToken,
        _ bytes: [UInt8],
        _ wall: Int64,
        _ steps: inout [SessionStep]
    ) {
        switch SessionJWT.select(for: token, bytes: bytes, options: options, wallMilliseconds: wall)
        {
        case .usable(_, let expiry, let isAccessToken):
            let what = isAccessToken ? "the access token itself" : "of the payload"
            let text = "\(what), ends in \(Self.seconds(expiry &- wall))"
            steps.append(SessionStep("jwt", .passed, text))
        case .unusable(let fault):
            let why =
                fault.isTooLong
                ? "longer than 8 KiB" : fault.isExpiredOnly ? "has expired" : "none that is usable"
            guard options.jwtRequired else {
                let text = "\(why): forwarded without, sessions.jwt.required is false"
                steps.append(SessionStep("jwt", .noted, text))
                return
            }
            let refusal = fault.refusal(createdAt: token.createdAt, wallMilliseconds: wall)
            steps.append(SessionStep("jwt", .failed(refusal.reason), why))
        }
    }

    private static func seconds(_ milliseconds: Int64) -> String { "\(milliseconds / 1000) s" }
}

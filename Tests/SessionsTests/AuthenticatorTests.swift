import HTTPCore
import JSON
import Sessions
import Testing

/// Which credential counts, and what is accepted of it.
@Suite struct AuthenticatorTests {
    private static let foreign = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.YQ"

    @Test(arguments: [SessionOptions.TokenTransfer.any, .header, .cookie])
    func locationTable(transfer: SessionOptions.TokenTransfer) {
        var options = TestTokens.options
        options.tokenTransfer = transfer
        let header = TestTokens.v5(["sub": .string("header")])
        let cookie = TestTokens.v5(["sub": .string("cookie")])
        let bearers = ["yes": header, "foreign": Self.foreign, "no": nil]
        for (name, bearer) in bearers {
            for hasCookie in [true, false] {
                var lines: [(String, String)] = []
                if let bearer { lines.append(("authorization", "Bearer \(bearer)")) }
                if hasCookie { lines.append(("cookie", "sAccessToken=\(cookie)")) }
                let takesBearer = transfer != .cookie && name == "yes"
                let takesCookie = transfer != .header && hasCookie && !takesBearer
                var authenticator = TestTokens.authenticator(options)
                let outcome = authenticator.ask(lines)
                if let session = outcome.session {
                    let user = authenticator.userText(session)
                    #expect(user == (takesBearer ? "header" : "cookie"))
                    #expect(session.isCookieBorne == takesCookie)
                    #expect(takesBearer || takesCookie)
                } else {
                    #expect(outcome == .noToken)
                    #expect(!takesBearer && !takesCookie)
                }
            }
        }
    }

    @Test func badBearerDoesNotFallBackToTheCookie() {
        var authenticator = TestTokens.authenticator()
        let expired = TestTokens.v5(["exp": .integer(TestTokens.now / 1000)])
        let outcome = authenticator.ask([
            ("authorization", "Bearer \(expired)"), ("cookie", "sAccessToken=\(TestTokens.v5())"),
        ])
        #expect(outcome == .tryRefresh(.expired))
    }

    @Test func aSeedSessionWithoutItsAccessTokenIsToRefresh() {
        let marker = ("cookie", "a=b; sIdRefreshToken=00000000-0000-0000-0000-000000000000")
        var authenticator = TestTokens.authenticator()
        #expect(authenticator.ask([marker]) == .tryRefresh(.expired))
        #expect(authenticator.ask([("cookie", "sIdRefreshTokens=x")]) == .noToken)
        let garbage = ("cookie", "sAccessToken=garbage")
        #expect(authenticator.ask([garbage]) == .noToken)
        #expect(authenticator.ask([marker, garbage]) == .tryRefresh(.expired))
        let both = ("cookie", "sIdRefreshToken=x; sAccessToken=\(TestTokens.v5())")
        #expect(authenticator.ask([both]).session != nil)
        var recent = TestTokens.options
        recent.acceptsLegacyTokens = false
        var recentOnly = TestTokens.authenticator(recent)
        #expect(recentOnly.ask([marker]) == .noToken)
        #expect(recentOnly.ask([marker, garbage]) == .noToken)
    }

    @Test func twoAuthorizationLinesLeaveTheCookie() {
        var authenticator = TestTokens.authenticator()
        let line = ("authorization", "Bearer \(TestTokens.v5(["sub": .string("header")]))")
        #expect(authenticator.ask([line, line]) == .noToken)
        let outcome = authenticator.ask([
            line, line, ("cookie", "sAccessToken=\(TestTokens.v5(["sub": .string("cookie")]))"),
        ])
        #expect(outcome.session.map { authenticator.userText($0) } == "cookie")
    }

    @Test func duplicateCookiesCountOnlyWhereTheCookieIsUsed() {
        let cookies = ("cookie", "sAccessToken=\(TestTokens.v5()); sAccessToken=other")
        let bearer = ("authorization", "Bearer \(TestTokens.v5())")
        var authenticator = TestTokens.authenticator()
        #expect(authenticator.ask([cookies]) == .tryRefresh(.duplicateCookie))
        #expect(authenticator.ask([bearer, cookies]).session != nil)
        var options = TestTokens.options
        options.tokenTransfer = .header
        var other = TestTokens.authenticator(options)
        #expect(other.ask([cookies]) == .noToken)
        let apart = [("cookie", "sAccessToken=a"), ("cookie", "sAccessToken=b")]
        #expect(authenticator.ask(apart) == .tryRefresh(.duplicateCookie))
    }

    @Test func acceptsOnlyTheConfiguredFormats() {
        var options = TestTokens.options
        options.jwtRequired = false
        options.acceptsLegacyTokens = false
        var authenticator = TestTokens.authenticator(options)
        #expect(authenticator.cookie(TestTokens.v2()) == .tryRefresh(.notASessionToken))
        #expect(authenticator.cookie(TestTokens.v5()).session?.format == .v5)
        options.acceptsLegacyTokens = true
        options.acceptsJWTTokens = false
        authenticator.replaceOptions(options, cacheBytes: 1 << 20)
        #expect(authenticator.cookie(TestTokens.v5()) == .tryRefresh(.notASessionToken))
        #expect(authenticator.cookie(TestTokens.v2()).session?.format == .v2)
        #expect(authenticator.cookie(TestTokens.v2(version: "1")).session?.format == .v1)
    }

    @Test func keyKindsFollowTheOption() {
        let dynamic = TestTokens.v5()
        let fixed = TestTokens.v5(
            header: ["kid": .string(TestTokens.fixedID)],
            key: TestTokens.fixed
        )
        for (kind, takesDynamic, takesFixed) in [
            (SessionOptions.SigningKeys.dynamic, true, false), (.static, false, true),
            (.any, true, true),
        ] {
            var options = TestTokens.options
            options.signingKeys = kind
            var authenticator = TestTokens.authenticator(options)
            let first = authenticator.bearer(dynamic)
            #expect(takesDynamic ? first.session != nil : first == .tryRefresh(.wrongKeyKind))
            let second = authenticator.bearer(fixed)
            #expect(takesFixed ? second.session != nil : second == .tryRefresh(.wrongKeyKind))
        }
    }

    @Test func expiryHasNoSkew() {
        let second = TestTokens.now / 1000
        let token = TestTokens.v5(["exp": .integer(second + 10)])
        var authenticator = TestTokens.authenticator()
        let end = (second + 10) * 1000
        #expect(authenticator.bearer(token, at: end - 1).session != nil)
        #expect(authenticator.bearer(token, at: end) == .tryRefresh(.expired))
        let legacy = TestTokens.v2(
            inner: TestTokens.inner(),
            ["expiryTime": .integer(TestTokens.now + 5)]
        )
        #expect(authenticator.bearer(legacy, at: TestTokens.now + 4).session != nil)
        #expect(authenticator.bearer(legacy, at: TestTokens.now + 5) == .tryRefresh(.expired))
    }

    @Test func notBeforeIsHonoured() {
        let second = TestTokens.now / 1000
        var authenticator = TestTokens.authenticator()
        #expect(authenticator.bearer(TestTokens.v5(["nbf": .integer(second)])).session != nil)
        let later = TestTokens.v5(["nbf": .integer(second + 1)])
        #expect(authenticator.bearer(later) == .tryRefresh(.expired))
        let odd = TestTokens.v5(["nbf": .string("1")])
        #expect(authenticator.bearer(odd) == .tryRefresh(.notASessionToken))
    }

    @Test(
        arguments: [
            ("kid number", ["kid": .integer(5)], [:], "badSignature"),
            ("alg RS512", ["alg": .string("RS512")], [:], "badSignature"),
            ("alg rs256", ["alg": .string("rs256")], [:], "badSignature"),
            ("no alg", ["alg": .removed], [:], "badSignature"),
            ("crit", ["crit": .array([.string("x")])], [:], "badSignature"),
            ("version 5abc", ["version": .string("5abc")], [:], "none"),
            ("version 6", ["version": .string("6")], [:], "none"),
            ("version 2", ["version": .string("2")], [:], "none"),
            ("version 05", ["version": .string("05")], [:], "none"),
            ("version null", ["version": .null], [:], "none"),
            ("stt 1", [:], ["stt": .integer(1)], "none"),
            ("stt false", [:], ["stt": .bool(false)], "none"),
            ("stt \"0\"", [:], ["stt": .string("0")], "none"),
            ("iat string", [:], ["iat": .string("1")], "none"),
            ("exp null", [:], ["exp": .null], "none"),
            ("sub number", [:], ["sub": .integer(1)], "none"),
            ("no tId", [:], ["tId": .removed], "none"),
            ("no rsub", [:], ["rsub": .removed], "none"),
            ("no hash", [:], ["refreshTokenHash1": .removed], "none"),
            ("huge exp", [:], ["exp": .integer(.max)], "none"),
        ] as [(String, JSONObject, JSONObject, String)]
    )
    func structure(name: String, header: JSONObject, claims: JSONObject, reason: String) {
        var authenticator = TestTokens.authenticator()
        let outcome = authenticator.bearer(TestTokens.v5(claims, header: header))
        let expected: Authentication = reason == "none" ? .noToken : .tryRefresh(.badSignature)
        #expect(outcome == expected)
    }

    @Test func v3AndV4NeedLess() {
        var authenticator = TestTokens.authenticator()
        let v3 = TestTokens.v5(
            ["tId": .removed, "rsub": .removed],
            header: ["version": .string("3")]
        )
        #expect(authenticator.bearer(v3).session?.format == .v3)
        let unnamed = TestTokens.v5(["rsub": .removed], header: ["version": .removed])
        #expect(authenticator.bearer(unnamed).session?.format == .v3)
        let v4 = TestTokens.v5(["rsub": .removed], header: ["version": .string("4")])
        #expect(authenticator.bearer(v4).session?.format == .v4)
        let bare = TestTokens.v5(["tId": .removed], header: ["version": .string("4")])
        #expect(authenticator.bearer(bare) == .noToken)
    }

    @Test func duplicateMembersAreNoToken() {
        let parts = TestTokens.v5().split(separator: ".").map(String.init)
        #expect(parts.count == 3)
        var authenticator = TestTokens.authenticator()
        let doubled = "eyJhIjoxLCJhIjoxfQ"
        #expect(authenticator.bearer("\(parts[0]).\(doubled).\(parts[2])") == .noToken)
    }

    @Test func largeTokensAreNone() {
        var authenticator = TestTokens.authenticator()
        let fits = TestTokens.v5(["pad": .string(String(repeating: "x", count: 4000))])
        #expect(authenticator.bearer(fits).session != nil)
        let tooLarge = TestTokens.v5(["pad": .string(String(repeating: "x", count: 12_000))])
        #expect(tooLarge.utf8.count > 16 * 1024)
        #expect(authenticator.bearer(tooLarge) == .noToken)
        #expect(authenticator.bearer(String(repeating: "x", count: 60_000)) == .noToken)
    }

    @Test func budgetIsPerTurn() {
        var authenticator = TestTokens.authenticator()
        authenticator.beginTurn()
        let tokens = (0..<18).map { TestTokens.v5(["n": .integer(Int64($0))]) }
        for token in tokens.prefix(Authenticator.signatureChecksPerTurn) {
            let outcome = authenticator.askInTurn([("authorization", "Bearer \(token)")])
            #expect(outcome.session != nil)
        }
        let line = ("authorization", "Bearer \(tokens[17])")
        #expect(authenticator.askInTurn([line]) == .budgetSpent)
        let known = ("authorization", "Bearer \(tokens[0])")
        #expect(authenticator.askInTurn([known]).session != nil)
        authenticator.beginTurn()
        #expect(authenticator.askInTurn([line]).session != nil)
    }

    @Test func warmTokensAreNotCheckedAgain() throws {
        var authenticator = TestTokens.authenticator()
        let token = TestTokens.v5()
        let first = try #require(authenticator.cookie(token).session)
        let second = try #require(authenticator.cookie(token).session)
        #expect(first == second)
        #expect(authenticator.statistics.hits == 1)
        #expect(authenticator.statistics.pinned == 2)
        // Another kind of credential is another entry.
        #expect(authenticator.bearer(token).session?.isCookieBorne == false)
        authenticator.release(first)
        authenticator.release(second)
        authenticator.release(second)
        #expect(authenticator.statistics.pinned == 1)
    }

    @Test func newOptionsDropVerdictsButNotReferences() throws {
        var authenticator = TestTokens.authenticator()
        let token = TestTokens.v5()
        let session = try #require(authenticator.cookie(token).session)
        var options = TestTokens.options
        options.signingKeys = .static
        authenticator.replaceOptions(options, cacheBytes: 1 << 16)
        #expect(authenticator.tokenText(session) == token)
        #expect(authenticator.cookie(token) == .tryRefresh(.wrongKeyKind))
        authenticator.release(session)
        #expect(authenticator.tokenText(session) == "")
    }
}

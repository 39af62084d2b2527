import HTTPCore
import JSON
import Sessions
import Testing

/// Which JWT is injected, and what answers when none is usable: the default settings unless a test
/// says otherwise.
@Suite struct SessionJWTTests {
    private static let now = TestTokens.now

    private func fields(_ token: String, _ options: SessionOptions = TestTokens.options) -> String?
    {
        var authenticator = TestTokens.authenticator(options)
        let session = authenticator.cookie(encoded(token)).session
        return session.map { authenticator.fieldText($0) }
    }

    private func outcome(_ token: String) -> Authentication {
        var authenticator = TestTokens.authenticator()
        return authenticator.cookie(encoded(token))
    }

    private func encoded(_ token: String) -> String {
        token.replacing("=", with: "%3D").replacing("+", with: "%2B").replacing("/", with: "%2F")
    }

    /// A session made long before, so that a refresh may cure it.
    private static let old: JSONObject = ["timeCreated": .integer(now - 3_000_000)]

    @Test func innerTokenOfALegacySession() {
        let inner = TestTokens.inner()
        #expect(fields(TestTokens.v2(inner: inner)) == "Bearer \(inner)")
    }

    @Test func innerTokenUnderTheNamedProperty() {
        let inner = TestTokens.inner()
        let named: JSONObject = [
            "myToken": .string(inner), "_jwtPName": .string("myToken"), "jwt": .string("x.y.z"),
        ]
        #expect(fields(TestTokens.v2(userData: named)) == "Bearer \(inner)")
        let odd: JSONObject = ["jwt": .string(inner), "_jwtPName": .integer(1)]
        #expect(fields(TestTokens.v2(userData: odd)) == "Bearer \(inner)")
        var options = TestTokens.options
        options.jwtProperty = "other"
        let plain: JSONObject = ["other": .string(inner)]
        #expect(fields(TestTokens.v2(userData: plain), options) == "Bearer \(inner)")
    }

    @Test func newSessionsAreTheirOwnJWT() throws {
        let plain = TestTokens.v5()
        #expect(fields(plain) == "Bearer \(plain)")
        let migrated = TestTokens.v5([
            "jwt": .string(TestTokens.inner(["exp": .integer(1)])), "_jwtPName": .string("jwt"),
        ])
        #expect(fields(migrated) == "Bearer \(migrated)")
        var authenticator = TestTokens.authenticator()
        let session = try #require(authenticator.cookie(plain).session)
        #expect(session.jwtIsAccessToken)
        #expect(authenticator.tokenText(session) == plain)
        let legacy = authenticator.cookie(encoded(TestTokens.v2(inner: TestTokens.inner())))
        #expect(legacy.session?.jwtIsAccessToken == false)
    }

    @Test func sourceCanBeForced() {
        var options = TestTokens.options
        options.jwtSource = .payload
        let inner = TestTokens.inner()
        #expect(fields(TestTokens.v5(["jwt": .string(inner)]), options) == "Bearer \(inner)")
        options.jwtSource = .accessToken
        let plain = TestTokens.v5(["jwt": .string(inner)])
        #expect(fields(plain, options) == "Bearer \(plain)")
        #expect(fields(TestTokens.v2(inner: inner), options) == nil)
    }

    @Test func schemeCanBeLeftOut() {
        var options = TestTokens.options
        options.jwtScheme = ""
        let plain = TestTokens.v5()
        #expect(fields(plain, options) == plain)
        options.jwtScheme = "Token"
        #expect(fields(plain, options) == "Token \(plain)")
    }

    @Test(
        arguments: [
            ("absent", [:]),
            ("a number", ["jwt": .integer(5)]),
            ("two segments", ["jwt": .string("YQ.YQ")]),
            ("four segments", ["jwt": .string("YQ.YQ.YQ.YQ")]),
            ("empty signature", ["jwt": .string(TestTokens.inner().withoutSignature)]),
            ("alg none", ["jwt": .string(TestTokens.inner(header: ["alg": .string("none")]))]),
            ("no exp", ["jwt": .string(TestTokens.inner(["exp": .removed]))]),
            ("exp a string", ["jwt": .string(TestTokens.inner(["exp": .string("4102444800")]))]),
            ("padding", ["jwt": .string(TestTokens.inner() + "=")]),
            ("a line break", ["jwt": .string(TestTokens.inner() + "\r\nx: y")]),
        ] as [(String, JSONObject)]
    )
    func unusable(name: String, userData: JSONObject) {
        let aged = TestTokens.v2(Self.old, userData: userData)
        #expect(outcome(aged) == .tryRefresh(.jwtMissing))
        let young: JSONObject = ["timeCreated": .integer(Self.now - 59_999)]
        #expect(outcome(TestTokens.v2(young, userData: userData)) == .incurable)
        let minute: JSONObject = ["timeCreated": .integer(Self.now - 60_000)]
        #expect(outcome(TestTokens.v2(minute, userData: userData)) == .tryRefresh(.jwtMissing))
        let future: JSONObject = ["timeCreated": .integer(Self.now + 10_000)]
        #expect(outcome(TestTokens.v2(future, userData: userData)) == .incurable)
        var options = TestTokens.options
        options.jwtRequired = false
        #expect(fields(aged, options) == "")
    }

    /// At most 8 KiB are injected; the refusal says that there is one, and why it is not taken.
    @Test func tooLong() {
        let young: JSONObject = ["timeCreated": .integer(Self.now - 59_999)]
        for (count, isTooLong) in [(8192, false), (8193, true)] {
            let userData: JSONObject = ["jwt": .string(String(repeating: "x", count: count))]
            let aged = outcome(TestTokens.v2(Self.old, userData: userData)).refusal
            #expect(
                aged
                    == SessionRefusal(
                        reason: .jwtMissing,
                        answer: .tryRefreshToken,
                        isTooLong: isTooLong
                    )
            )
            let fresh = outcome(TestTokens.v2(young, userData: userData)).refusal
            #expect(
                fresh
                    == SessionRefusal(
                        reason: .jwtMissing,
                        answer: .jwtMissing,
                        isTooLong: isTooLong
                    )
            )
        }
    }

    @Test func expiredInnerTokenIsCuredByARefresh() {
        let second = Self.now / 1000
        let expired = TestTokens.inner(["exp": .integer(second), "iat": .integer(second - 3600)])
        #expect(outcome(TestTokens.v2(inner: expired, Self.old)) == .tryRefresh(.jwtExpired))
        // Promotion: the token is young, the JWT kept its own expiry.
        let young: JSONObject = ["timeCreated": .integer(Self.now - 5000)]
        #expect(outcome(TestTokens.v2(inner: expired, young)) == .tryRefresh(.jwtExpired))
    }

    @Test func tokenDeadFromTheStartIsNot() {
        let created = Self.now - 600_000
        let second = created / 1000
        let claims: JSONObject = ["timeCreated": .integer(created)]
        func judge(exp: Int64, iat: JSONValue) -> Authentication {
            let inner = TestTokens.inner(["exp": .integer(exp), "iat": iat])
            return outcome(TestTokens.v2(inner: inner, claims))
        }
        #expect(judge(exp: second, iat: .removed) == .incurable)
        #expect(judge(exp: second, iat: .integer(second)) == .incurable)
        #expect(judge(exp: second, iat: .integer(second - 60)) == .incurable)
        #expect(judge(exp: second, iat: .integer(second - 61)) == .tryRefresh(.jwtExpired))
        #expect(judge(exp: second + 1, iat: .integer(second)) == .tryRefresh(.jwtExpired))
        #expect(judge(exp: second, iat: .string("x")) == .incurable)
    }

    @Test func cachedVerdictEndsWithTheInnerToken() {
        let second = Self.now / 1000
        let inner = TestTokens.inner(["exp": .integer(second + 5)])
        let token = encoded(TestTokens.v2(inner: inner, Self.old))
        var authenticator = TestTokens.authenticator()
        #expect(authenticator.cookie(token).session != nil)
        #expect(authenticator.cookie(token, at: Self.now + 4999).session != nil)
        let late = authenticator.cookie(token, at: Self.now + 5000)
        #expect(late == .tryRefresh(.jwtExpired))
    }

    @Test func cachedVerdictEndsWithTheMaximumAge() {
        var options = TestTokens.options
        options.tokenCacheMaximumAge = .seconds(10)
        var authenticator = TestTokens.authenticator(options)
        let token = TestTokens.v5()
        #expect(authenticator.cookie(token).session != nil)
        #expect(authenticator.cookie(token, at: Self.now + 9999).session != nil)
        #expect(authenticator.statistics.hits == 1)
        #expect(authenticator.cookie(token, at: Self.now + 10_000).session != nil)
        #expect(authenticator.statistics.hits == 1)
    }
}

extension String {
    fileprivate var withoutSignature: String {
        String(prefix(through: lastIndex(of: ".") ?? startIndex))
    }
}

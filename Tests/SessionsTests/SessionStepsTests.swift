import HTTPCore
import JSON
import Sessions
import Testing

/// The steps of a check in words end where the check itself ends, with the same reason.
@Suite struct SessionStepsTests {
    private static let now = TestTokens.now

    private func steps(
        _ lines: [(String, String)],
        _ options: SessionOptions = TestTokens.options,
        keys: KeySet = TestTokens.keys
    ) -> [SessionStep] {
        var authenticator = TestTokens.authenticator(options, keys: keys)
        let request = TestRequest(lines)
        return authenticator.steps(
            head: request.head,
            bytes: request.bytes.span,
            wallMilliseconds: Self.now
        )
    }

    private func bearer(_ token: String) -> [(String, String)] {
        [("authorization", "Bearer \(token)")]
    }

    private func words(_ steps: [SessionStep]) -> [String] {
        steps.map { "\($0.name) \($0.result)" }
    }

    @Test func allOfAGoodToken() {
        #expect(
            words(steps(bearer(TestTokens.v5()))) == [
                "bearer passed", "token passed", "lifetime passed", "signature passed",
                "kind of key passed", "jwt passed",
            ]
        )
    }

    @Test func withoutKeysTheRestIsStillLookedAt() {
        var options = TestTokens.options
        options.signingKeys = .static
        let found = words(steps(bearer(TestTokens.v5()), options, keys: KeySet()))
        #expect(found.contains("signature open"))
        #expect(found.last == "kind of key failed(HTTPCore.Reason.wrongKeyKind)")
    }

    @Test func theCookieWhereTheBearerIsNone() {
        let lines = [
            ("authorization", "Bearer other"), ("cookie", "sAccessToken=\(TestTokens.v5())"),
        ]
        let found = words(steps(lines))
        #expect(found.prefix(2) == ["bearer noted", "cookie passed"])
        #expect(found.last == "jwt passed")
    }

    @Test func endWithTheReasonOfTheCheck() {
        let cookie = "sAccessToken=\(TestTokens.v5())"
        let cases: [([(String, String)], Reason)] = [
            ([], .noSession),
            (bearer(TestTokens.v5(["exp": .integer(1)])), .expired),
            (bearer(TestTokens.v5(key: TestTokens.stranger)), .badSignature),
            (bearer(TestTokens.v5(header: ["kid": .string("d-1")])), .unknownKey),
            ([("cookie", "\(cookie); \(cookie)")], .duplicateCookie),
            ([("cookie", "sIdRefreshToken=x")], .expired),
            ([("cookie", "sIdRefreshToken=x; sAccessToken=x")], .expired),
            ([("cookie", "sAccessToken=x")], .noSession),
            (bearer(TestTokens.v2()), .jwtMissing),
        ]
        for (lines, reason) in cases {
            guard case .failed(let found)? = steps(lines).last?.result else {
                Issue.record("\(reason) did not fail")
                continue
            }
            #expect(found == reason)
        }
    }

    @Test func sayNoSecret() {
        let token = TestTokens.v5()
        let lines = bearer(token) + [("cookie", "sAccessToken=\(token)")]
        for step in steps(lines) { #expect(!step.text.contains("eyJ")) }
    }
}

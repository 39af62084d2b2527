import HTTPCore
import Sessions
import Testing

/// Tokens made and judged outside this project.
@Suite struct TokenVectorTests {
    private func authenticator(_ keys: KeySet) -> Authenticator {
        var options = TestTokens.options
        options.signingKeys = .any
        options.jwtRequired = false
        // What the core says of a child comes after.
        options.verifiesChildren = false
        return TestTokens.authenticator(options, keys: keys)
    }

    private func check(_ outcome: Authentication, _ expected: String) {
        switch expected {
        case "ok": #expect(outcome.session != nil)
        case "no_token": #expect(outcome == .noToken)
        case "try_refresh": #expect(outcome.refusal?.answer == .tryRefreshToken)
        case "refuse": #expect(outcome.session == nil)
        case "any": break
        default: Issue.record("unknown verdict \(expected)")
        }
    }

    @Test func areAllThere() {
        #expect(Fixtures.vectors.count == 55)
        #expect(Fixtures.verifyCalls.count == 179)
        #expect(Fixtures.vectorKeys.webKeys.count == 2)
    }

    @Test(arguments: Fixtures.vectors)
    func areJudgedAsExpectedInBearer(vector: Fixtures.Vector) {
        var authenticator = authenticator(Fixtures.vectorKeys)
        check(authenticator.bearer(vector.token), vector.expected)
        // From the cache where it was accepted.
        check(authenticator.bearer(vector.token), vector.expected)
    }

    @Test(arguments: Fixtures.vectors)
    func areJudgedAsExpectedInCookie(vector: Fixtures.Vector) {
        var authenticator = authenticator(Fixtures.vectorKeys)
        check(authenticator.cookie(vector.token), vector.expected)
        check(authenticator.cookie("\"\(vector.token)\""), vector.expected)
        check(authenticator.cookie(percentEncoded(vector.token)), vector.expected)
        check(authenticator.cookie("\"\(percentEncoded(vector.token))\""), vector.expected)
    }

    @Test(arguments: Fixtures.verifyCalls)
    func agreesWithTheCore(call: Fixtures.VerifyCall) {
        var authenticator = authenticator(call.keys)
        let outcome = authenticator.cookie(
            percentEncoded(call.token),
            at: call.wallMilliseconds
        )
        if let session = outcome.session, let userID = call.userID, let handle = call.handle {
            #expect(authenticator.userText(session) == userID)
            #expect(authenticator.handleText(session) == handle)
        }
        switch (call.status, call.message) {
        case ("OK", _), ("UNAUTHORISED", _), (_, "anti-csrf check failed"):
            // Revocation and anti-CSRF are not the signature's matter.
            if signedByAnUnlistedKey(call) {
                #expect(outcome.refusal?.reason == .unknownKey)
            } else {
                #expect(outcome.session != nil, "\(outcome)")
            }
        case (_, "Access token expired"):
            #expect(outcome == .tryRefresh(.expired))
        case (_, let message) where message.hasSuffix("JWT verification failed"):
            #expect(outcome.refusal?.answer == .tryRefreshToken)
        default:
            #expect(outcome == .noToken, "\(call.message)")
        }
    }

    /// Recordings of tests with keys of their own hold no key set, or one taken before the key.
    private func signedByAnUnlistedKey(_ call: Fixtures.VerifyCall) -> Bool {
        call.keys.webKeys.isEmpty && !call.token.hasPrefix("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIs")
    }

    private func percentEncoded(_ token: String) -> String {
        token.replacing("%", with: "%25").replacing("=", with: "%3D").replacing("+", with: "%2B")
            .replacing("/", with: "%2f")
    }
}

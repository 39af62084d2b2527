import HTTPCore
import JSON
import Sessions
import Testing

/// What is known of the keys, and what that makes of a token: interface.md, "The two kinds of
/// keys".
@Suite struct KeyStateTests {
    private static let now = TestTokens.now
    private static let legacy = TestTokens.v2(inner: TestTokens.inner())

    private func judge(
        _ token: String,
        _ keys: KeySet,
        mayAsk: Bool = false,
        failed: Bool = false,
        at wall: Int64 = now
    ) -> Authentication {
        var authenticator = TestTokens.authenticator(keys: keys)
        let line = ("authorization", "Bearer \(token)")
        return authenticator.ask([line], at: wall, mayAsk: mayAsk, lastFetchFailed: failed)
    }

    @Test func nothingFetchedIsNotKnowing() {
        let token = TestTokens.v5()
        #expect(judge(token, KeySet(), mayAsk: true) == .keysNeeded(.unknownKeyID))
        #expect(judge(token, KeySet()) == .unavailable)
        #expect(judge(Self.legacy, KeySet(), mayAsk: true) == .keysNeeded(.newerLegacyKey))
        #expect(judge(Self.legacy, KeySet(), failed: true) == .unavailable)
        // What is refused without a key needs none.
        let expired = TestTokens.v5(["exp": .integer(1)])
        #expect(judge(expired, KeySet(), mayAsk: true) == .tryRefresh(.expired))
    }

    @Test func unknownKeyIDIsAskedForOnce() {
        let token = TestTokens.v5(header: ["kid": .string("d-1799999999999")])
        #expect(judge(token, TestTokens.keys, mayAsk: true) == .keysNeeded(.unknownKeyID))
        #expect(judge(token, TestTokens.keys) == .tryRefresh(.unknownKey))
        #expect(judge(token, TestTokens.keys, failed: true) == .unavailable)
    }

    @Test func absentJWKSetIsAnAnswer() {
        var keys = TestTokens.keys
        keys.webKeys = []
        keys.webKnowledge = .absent
        #expect(judge(TestTokens.v5(), keys) == .tryRefresh(.unknownKey))
        #expect(judge(Self.legacy, keys).session != nil)
    }

    @Test func badSignatureAsksNobody() {
        let token = TestTokens.v5(key: TestTokens.stranger)
        #expect(judge(token, TestTokens.keys, mayAsk: true) == .tryRefresh(.badSignature))
    }

    @Test func legacyTokensTryTheJWKSetToo() {
        var keys = TestTokens.keys
        keys.legacyKeys = []
        keys.legacyKnowledge = .absent
        #expect(judge(Self.legacy, keys).session != nil)
        // Not known is not absent, but what verifies is verified.
        keys.legacyKnowledge = .unknown
        #expect(judge(Self.legacy, keys).session != nil)
        let strange = TestTokens.v2(key: TestTokens.stranger)
        #expect(judge(strange, keys) == .unavailable)
        keys.legacyKnowledge = .absent
        keys.webKnowledge = .unknown
        #expect(judge(strange, keys) == .unavailable)
        #expect(judge(strange, keys, mayAsk: true) == .keysNeeded(.newerLegacyKey))
    }

    @Test func onlyANewerLegacyTokenIsAskedFor() {
        let newest = TestTokens.keys.newestKeyCreated
        #expect(newest == 1_799_990_000_000)
        func token(_ created: Int64) -> String {
            TestTokens.v2(["timeCreated": .integer(created)], key: TestTokens.stranger)
        }
        let older = judge(token(newest - 1), TestTokens.keys, mayAsk: true)
        #expect(older == .tryRefresh(.badSignature))
        let newer = judge(token(newest), TestTokens.keys, mayAsk: true)
        #expect(newer == .keysNeeded(.newerLegacyKey))
        #expect(judge(token(newest), TestTokens.keys) == .tryRefresh(.unknownKey))
        #expect(judge(token(newest), TestTokens.keys, failed: true) == .unavailable)
    }

    @Test func legacyKeysEnd() {
        var keys = TestTokens.keys
        keys.webKeys = []
        keys.legacyKeys = [
            TestTokens.dynamic.legacyKey(createdAt: Self.now - 1000, expiry: Self.now + 10)
        ]
        var authenticator = TestTokens.authenticator(keys: keys)
        #expect(authenticator.bearer(Self.legacy, at: Self.now + 9).session != nil)
        let late = authenticator.bearer(Self.legacy, at: Self.now + 10)
        #expect(late == .tryRefresh(.badSignature))
    }

    @Test func staleHandshakeLeavesLegacyTokensToTheJWKSet() {
        let later = Self.now + 86_400_000
        var keys = TestTokens.keys
        keys.legacyKeys = [TestTokens.dynamic.legacyKey(createdAt: 0, expiry: later + 1000)]
        keys.webConfirmedAt = later
        let exp: JSONObject = ["exp": .integer(later / 1000 + 100)]
        let token = TestTokens.v2(
            inner: TestTokens.inner(exp),
            ["expiryTime": .integer(later + 1000)]
        )
        #expect(judge(token, keys, at: later).session != nil)
        keys.webConfirmedAt = Self.now
        #expect(judge(token, keys, at: later) == .unavailable)
    }

    @Test func severalLegacyKeysAreTried() {
        var keys = TestTokens.keys
        keys.webKeys = []
        let expiry = Self.now + 1_000_000
        keys.legacyKeys = [
            TestTokens.stranger.legacyKey(createdAt: Self.now - 1000, expiry: expiry),
            TestTokens.fixed.legacyKey(createdAt: Self.now - 2000, expiry: expiry),
            TestTokens.dynamic.legacyKey(createdAt: Self.now - 3000, expiry: expiry),
        ]
        #expect(judge(Self.legacy, keys).session != nil)
    }

    @Test func staleKeysAreNotBelieved() {
        let day: Int64 = 24 * 3600 * 1000
        let later = Self.now + day
        let long: JSONObject = ["exp": .integer(later / 1000 + 100)]
        let token = TestTokens.v5(long)
        #expect(judge(token, TestTokens.keys, at: later - 1).session != nil)
        #expect(judge(token, TestTokens.keys, at: later) == .unavailable)
        var authenticator = TestTokens.authenticator()
        #expect(authenticator.bearer(token, at: later - 1).session != nil)
        #expect(authenticator.bearer(token, at: later) == .unavailable)
        let unknown = TestTokens.v5(long, header: ["kid": .string("d-9")])
        let asked = judge(unknown, TestTokens.keys, mayAsk: true, at: later)
        #expect(asked == .keysNeeded(.unknownKeyID))
        // The other kind is apart.
        var keys = TestTokens.keys
        keys.webConfirmedAt = later
        #expect(judge(token, keys, at: later).session != nil)
    }

    @Test func withdrawnKeysTakeTheirVerdictsAlong() throws {
        var options = TestTokens.options
        options.signingKeys = .any
        var authenticator = TestTokens.authenticator(options)
        let dynamic = TestTokens.v5()
        let fixed = TestTokens.v5(
            header: ["kid": .string(TestTokens.fixedID)],
            key: TestTokens.fixed
        )
        let session = try #require(authenticator.bearer(dynamic).session)
        #expect(authenticator.bearer(fixed).session != nil)
        var keys = TestTokens.keys
        keys.sequence = 2
        keys.webKeys.removeFirst()
        authenticator.replaceKeys(keys)
        #expect(authenticator.statistics.entries == 1)
        #expect(authenticator.bearer(dynamic) == .tryRefresh(.unknownKey))
        #expect(authenticator.bearer(fixed).session != nil)
        #expect(authenticator.statistics.hits == 1)
        // The request under way keeps what it holds.
        #expect(authenticator.tokenText(session) == dynamic)
    }

    @Test func confirmedKeysKeepTheirVerdicts() {
        var authenticator = TestTokens.authenticator()
        let token = TestTokens.v5()
        #expect(authenticator.bearer(token).session != nil)
        var keys = TestTokens.keys
        keys.sequence = 2
        keys.webKeys.insert(TestTokens.stranger.webKey("d-1799999000000"), at: 0)
        authenticator.replaceKeys(keys)
        #expect(authenticator.bearer(token).session != nil)
        #expect(authenticator.statistics.hits == 1)
        // The same ID with other numbers is another key.
        keys.webKeys = [TestTokens.stranger.webKey(TestTokens.dynamicID)]
        authenticator.replaceKeys(keys)
        #expect(authenticator.bearer(token) == .tryRefresh(.badSignature))
    }

    @Test func manyReplacementsLeakNoKey() {
        var authenticator = TestTokens.authenticator()
        var keys = TestTokens.keys
        for round in 0..<400 {
            let key = round.isMultiple(of: 2) ? TestTokens.stranger : TestTokens.dynamic
            keys.webKeys = [
                key.webKey("d-\(round)"), TestTokens.dynamic.webKey(TestTokens.dynamicID),
            ]
            keys.legacyKeys = [key.legacyKey(createdAt: Int64(round), expiry: .max)]
            authenticator.replaceKeys(keys)
        }
        #expect(authenticator.bearer(TestTokens.v5()).session != nil)
        #expect(authenticator.bearer(Self.legacy).session != nil)
    }

    @Test func usableKeys() {
        #expect(!KeySet().hasUsableKeys(wallMilliseconds: Self.now))
        #expect(TestTokens.keys.hasUsableKeys(wallMilliseconds: Self.now))
        var keys = TestTokens.keys
        keys.webKeys = []
        #expect(keys.hasUsableKeys(wallMilliseconds: Self.now))
        #expect(!keys.hasUsableKeys(wallMilliseconds: Self.now + 86_400_000))
    }
}

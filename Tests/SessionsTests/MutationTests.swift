import HTTPCore
import JSON
import Sessions
import Testing

/// Random damage: nothing that was not signed passes, and nothing traps.
@Suite struct MutationTests {
    private static let v2 = TestTokens.v2(inner: TestTokens.inner())
    private static let v5 = TestTokens.v5()

    private func mutated(_ token: String, _ random: inout SystemRandomNumberGenerator) -> String {
        var bytes = Array(token.utf8)
        let alphabet = Array("ABab01+/-_=.% \"{}\u{7F}".utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            let other = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            switch Int.random(in: 0...4, using: &random) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0...6, using: &random)
            case 1: bytes[index] = other
            case 2: bytes.insert(other, at: index)
            case 3: bytes.remove(at: index)
            default: bytes.removeSubrange(index..<min(index + 40, bytes.count))
            }
            if bytes.isEmpty { bytes = [other] }
        }
        // Line breaks cannot be in a field's value.
        bytes.removeAll { $0 < 0x20 }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [MutationTests.v2, MutationTests.v5])
    func damagedTokensDoNotPass(token: String) {
        var random = SystemRandomNumberGenerator()
        var authenticator = TestTokens.authenticator(cacheBytes: 16 * 1024)
        for _ in 0..<4000 {
            let damaged = mutated(token, &random)
            guard damaged.filter({ $0 != " " }) != token else { continue }
            let outcome = authenticator.bearer(damaged)
            #expect(outcome.session == nil, "\(damaged)")
        }
        #expect(authenticator.statistics.entries == 0)
        #expect(authenticator.bearer(token).session != nil)
    }

    @Test(arguments: [MutationTests.v2, MutationTests.v5])
    func everyTruncationFails(token: String) {
        var authenticator = TestTokens.authenticator()
        for count in 0..<token.utf8.count {
            #expect(authenticator.bearer(String(token.prefix(count))).session == nil)
        }
    }

    @Test func damagedCookieLinesDoNotTrap() {
        var random = SystemRandomNumberGenerator()
        var authenticator = TestTokens.authenticator()
        let line = "a=b; sAccessToken=\"\(Self.v5)\"; theme=\"x y\"; sAccessToken=%"
        for _ in 0..<4000 {
            let damaged = mutated(line, &random)
            let outcome = authenticator.ask([("cookie", damaged)])
            if let session = outcome.session {
                let token = authenticator.tokenText(session)
                #expect(token == Self.v5)
                authenticator.release(session)
            }
        }
        #expect(authenticator.statistics.pinned == 0)
    }

    /// Signed tokens whose claims are of any kind and size.
    @Test func oddClaimsDoNotTrap() throws {
        let texts = [
            "0", "-0", "1e308", "-1e308", "1e-400", "1e99999", "-1", "9223372036854775807",
            "-9223372036854775808", "9007199254740993", "1800000000.5", "1.8e9", "1.8e12", "null",
            "true", "\"x\"", "\"\"", "[]", "{}", "[[[[[[]]]]]]", "\"\\u0000\"",
        ]
        let values = try texts.map { text in try JSONValue.parse(Array(text.utf8).span) }
        let names = [
            "exp", "iat", "nbf", "stt", "sub", "tId", "rsub", "sessionHandle", "jwt", "_jwtPName",
            "refreshTokenHash1", "expiryTime", "timeCreated", "userId", "userData",
        ]
        var random = SystemRandomNumberGenerator()
        var authenticator = TestTokens.authenticator()
        for round in 0..<600 {
            var claims: JSONObject = [:]
            for _ in 0..<3 {
                let name = names[Int.random(in: 0..<names.count, using: &random)]
                claims[name] = values[Int.random(in: 0..<values.count, using: &random)]
            }
            let token = round.isMultiple(of: 2) ? TestTokens.v5(claims) : TestTokens.v2(claims)
            if let session = authenticator.bearer(token).session {
                authenticator.release(session)
            }
            let inner = TestTokens.inner(claims)
            if let session = authenticator.bearer(TestTokens.v2(inner: inner)).session {
                authenticator.release(session)
            }
        }
        #expect(authenticator.statistics.pinned == 0)
    }

    @Test func damagedCoreAnswersDoNotTrap() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1500 {
            var driver = FetcherDriver()
            _ = driver.tick()
            _ = driver.answered(1, 200, mutated(CoreBodies.webKeys("d-1", "s-2"), &random))
            _ = driver.answered(2, 200, mutated(CoreBodies.versions, &random))
            if driver.sent.count > 2 {
                _ = driver.answered(3, 200, mutated(CoreBodies.oneLegacyKey, &random))
            }
            #expect(driver.fetcher.keys.webKeys.count <= 2)
            #expect(driver.fetcher.keys.legacyKeys.count <= 1)
        }
    }
}

import JOSE
import Sessions
import Testing

/// Several core locations: in order for what is due, all of them for what is missing.
@Suite struct SeveralCoresTests {
    private static let jwks = "/.well-known/jwks.json"

    private func driver(_ locations: Int) -> FetcherDriver {
        FetcherDriver(locations: locations) { $0.acceptsLegacyTokens = false }
    }

    /// The first fetch done: sequence 1, request 1 used.
    private func started(_ locations: Int) -> FetcherDriver {
        var driver = driver(locations)
        _ = driver.tick()
        _ = driver.answered(1, 200, CoreBodies.webKeys("d-1"))
        driver.clock = 10_000
        return driver
    }

    @Test func areAskedInOrderUntilOneAnswers() {
        var driver = driver(3)
        #expect(driver.tick() == ["1: get 0\(Self.jwks)"])
        #expect(driver.failed(1) == ["2: get 1/base1\(Self.jwks)"])
        #expect(driver.answered(2, 500) == ["3: get 2/base2\(Self.jwks)"])
        let last = driver.answered(3, 200, CoreBodies.webKeys("d-1"))
        #expect(last == ["publish 1: web known 1, legacy unknown 0"])
    }

    @Test func allFailing() {
        var driver = driver(2)
        _ = driver.tick()
        _ = driver.failed(1)
        #expect(driver.failed(2) == [])
        #expect(driver.dueIn == 250)
        driver.clock = 250
        #expect(driver.tick() == ["3: get 0\(Self.jwks)"])
    }

    @Test func oneThatHasNoneIsAnAnswer() {
        var driver = driver(2)
        _ = driver.tick()
        let answer = driver.answered(1, 404)
        #expect(answer == ["publish 1: web absent 0, legacy unknown 0"])
    }

    @Test func everyCoreIsAskedForAnUnknownKey() {
        var driver = started(2)
        let asked = driver.wanted(.unknownKeyID)
        #expect(asked == ["2: get 0\(Self.jwks)", "3: get 1/base1\(Self.jwks)"])
        // Nothing new from the first: the other may know it.
        #expect(driver.answered(2, 200, CoreBodies.webKeys("d-1")) == [])
        #expect(
            driver.answered(3, 200, CoreBodies.webKeys("d-2")) == [
                "publish 2: web known 2, legacy unknown 0", "answer 0: unknownKeyID 2 ok",
            ]
        )
    }

    /// What the first core said a moment ago says nothing of the other's keys.
    @Test func oneCoresAnswerCoolsNothing() {
        var driver = driver(2)
        _ = driver.tick()
        _ = driver.answered(1, 200, CoreBodies.webKeys("d-1"))
        driver.clock = 1
        let asked = driver.wanted(.unknownKeyID)
        #expect(asked == ["2: get 0\(Self.jwks)", "3: get 1/base1\(Self.jwks)"])
        _ = driver.answered(2, 200, CoreBodies.webKeys("d-1"))
        _ = driver.answered(3, 200, CoreBodies.webKeys("d-2"))
        driver.clock = 2
        #expect(driver.wanted(.unknownKeyID) == [])
    }

    /// Nor does the fetch that was due ask the first one alone while a question waits for it.
    @Test func fetchThatIsWaitedForAsksEveryCore() {
        var driver = started(2)
        _ = driver.wanted(.unknownKeyID)
        _ = driver.answered(2, 200, CoreBodies.webKeys("d-1"))
        _ = driver.answered(3, 200, CoreBodies.webKeys("d-1"))
        driver.clock += 100
        #expect(driver.wanted(.unknownKeyID) == [])
        driver.clock += 400
        #expect(driver.tick() == ["4: get 0\(Self.jwks)", "5: get 1/base1\(Self.jwks)"])
    }

    @Test func newKeysServeBeforeTheOthersAnswer() {
        var driver = started(2)
        _ = driver.wanted(.unknownKeyID)
        #expect(
            driver.answered(3, 200, CoreBodies.webKeys("d-2")) == [
                "publish 2: web known 2, legacy unknown 0", "answer 0: unknownKeyID 2 ok",
            ]
        )
        // At the end what no core named is withdrawn.
        #expect(driver.failed(2) == ["publish 3: web known 1, legacy unknown 0"])
        #expect(driver.fetcher.keys.webKeys.map(\.keyID) == [Array("d-2".utf8)])
    }

    @Test func oneCoreDownLeavesTheOthersAnswer() {
        var driver = started(2)
        _ = driver.wanted(.unknownKeyID)
        #expect(driver.failed(2) == [])
        #expect(
            driver.answered(3, 200, CoreBodies.webKeys("d-1")) == [
                "publish 2: web known 1, legacy unknown 0", "answer 0: unknownKeyID 2 ok",
            ]
        )
    }

    @Test func questionDuringADueFetchAsksTheOthersToo() {
        var driver = driver(2)
        #expect(driver.tick() == ["1: get 0\(Self.jwks)"])
        #expect(driver.wanted(.unknownKeyID) == ["2: get 1/base1\(Self.jwks)"])
        #expect(driver.answered(1, 500) == [])
        #expect(
            driver.answered(2, 200, CoreBodies.webKeys("d-1")) == [
                "publish 1: web known 1, legacy unknown 0", "answer 0: unknownKeyID 1 ok",
            ]
        )
    }

    @Test func oneIDWithTwoKeysIsNone() {
        var driver = started(2)
        _ = driver.wanted(.unknownKeyID)
        _ = driver.answered(2, 200, CoreBodies.webKeys("d-1", "d-5"))
        let numbers = TestTokens.stranger.webKey("d-5")
        let body = CoreBodies.keys([numbers, TestTokens.dynamic.webKey("d-1")])
        _ = driver.answered(3, 200, body)
        #expect(driver.fetcher.keys.webKeys.map(\.keyID) == [Array("d-1".utf8)])
    }

    @Test func versionsAreAgreedWithEachCore() {
        var driver = FetcherDriver(locations: 2)
        _ = driver.tick()
        #expect(driver.failed(2) == ["3: get 1/base1/apiversion"])
        let next = driver.answered(3, 200, CoreBodies.versions)
        #expect(next == ["4: post 1/base1/recipe/handshake"])
        let last = driver.answered(4, 200, CoreBodies.oneLegacyKey)
        #expect(last == ["publish 1: web unknown 0, legacy known 1"])
    }
}

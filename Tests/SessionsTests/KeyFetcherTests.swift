import HTTPCore
import JOSE
import Sessions
import Testing

/// Events in, actions out: `1: get 0/path` is the request 1, sent to the core 0.
@Suite struct KeyFetcherTests {
    private static let jwks = "/.well-known/jwks.json"

    /// A driver whose both kinds are known: sequence 2, requests 1 to 3 used.
    private func started(
        locations: Int = 1,
        _ change: (inout SessionOptions) -> Void = { _ in }
    ) -> FetcherDriver {
        var driver = FetcherDriver(locations: locations, change)
        _ = driver.tick()
        _ = driver.answered(1, 200, CoreBodies.webKeys("d-1"))
        _ = driver.answered(2, 200, CoreBodies.versions)
        _ = driver.answered(3, 200, CoreBodies.oneLegacyKey)
        return driver
    }

    private func onlyJWT(_ options: inout SessionOptions) { options.acceptsLegacyTokens = false }

    @Test func questionsThatWaitAreBounded() {
        var driver = started(onlyJWT)
        driver.clock += 3_600_000
        for worker in 0..<4096 {
            let actions = driver.wanted(.unknownKeyID, worker: worker)
            #expect(actions.count == (worker == 0 ? 1 : 0))
        }
        // One more is told at once that no key came.
        #expect(driver.wanted(.unknownKeyID, worker: 4096).count == 1)
        #expect(driver.wanted(.unknownKeyID, worker: 7).isEmpty)
    }

    @Test func fetchesBothKindsAtTheStart() {
        var driver = FetcherDriver { $0.core.apiKey = "secret" }
        #expect(driver.dueIn == 0)
        #expect(driver.tick() == ["1: get 0\(Self.jwks)", "2: get 0/apiversion"])
        #expect(driver.dueIn == nil)
        #expect(driver.tick() == [])
        #expect(driver.answered(2, 200, CoreBodies.versions) == ["3: post 0/recipe/handshake"])
        let web = driver.answered(1, 200, CoreBodies.webKeys("d-1", "s-2"))
        // Both have the same numbers: told apart by their IDs.
        #expect(web == ["publish 1: web known 2, legacy unknown 0"])
        let legacy = driver.answered(3, 200, CoreBodies.oneLegacyKey)
        #expect(legacy == ["publish 2: web known 2, legacy known 1"])
        #expect(driver.fetcher.keys.webConfirmedAt == FetcherDriver.start)
        #expect(driver.fetcher.keys.legacyConfirmedAt == FetcherDriver.start)
        #expect(driver.fetcher.fetchesSucceeded == 2)

        #expect(driver.sent[0].headers.isEmpty)
        #expect(driver.sent[1].headers.map(\.name) == ["api-key"])
        let headers = driver.sent[2].headers.map { "\($0.name): \($0.value)" }
        #expect(headers.contains("cdi-version: 2.20"))
        #expect(headers.contains("api-key: secret"))
        #expect(driver.sent[2].body == Array("{}".utf8))
    }

    @Test func fetchesOnlyWhatIsAccepted() {
        var driver = FetcherDriver(onlyJWT)
        #expect(driver.tick() == ["1: get 0\(Self.jwks)"])
        // Legacy tokens may be signed with the JWK set's keys.
        var legacy = FetcherDriver { $0.acceptsJWTTokens = false }
        #expect(legacy.tick().count == 2)
    }

    @Test func fetchesAgainAtHalfTheMaximumAge() {
        var driver = started { $0.keysMaximumAge = .seconds(100) }
        #expect(driver.dueIn == 50_000)
        driver.clock = 49_999
        #expect(driver.tick() == [])
        driver.clock = 50_000
        // The version is still agreed.
        #expect(driver.tick() == ["4: get 0\(Self.jwks)", "5: post 0/recipe/handshake"])
        let web = driver.answered(4, 200, CoreBodies.webKeys("d-2"))
        #expect(web == ["publish 3: web known 1, legacy known 1"])
        #expect(driver.fetcher.keys.webKeys.map(\.keyID) == [Array("d-2".utf8)])
        #expect(driver.fetcher.keys.webConfirmedAt == FetcherDriver.start + 50_000)
    }

    @Test func startIsRetriedWithBackoff() {
        var driver = FetcherDriver(onlyJWT)
        var waits: [Int64] = []
        for id in UInt64(1)...7 {
            #expect(driver.tick() == ["\(id): get 0\(Self.jwks)"])
            #expect(driver.failed(id) == [])
            waits.append(driver.dueIn ?? -1)
            driver.clock += UInt64(driver.dueIn ?? 0)
        }
        #expect(waits == [250, 500, 1000, 2000, 4000, 5000, 5000])
        #expect(driver.fetcher.lastFailure == .unreachable)
        #expect(driver.fetcher.fetchesFailed == 7)
        #expect(driver.tick() == ["8: get 0\(Self.jwks)"])
        let answer = driver.answered(8, 200, CoreBodies.webKeys("d-1"))
        #expect(answer == ["publish 1: web known 1, legacy unknown 0"])
    }

    @Test(
        arguments: [
            (200, "", CoreFailure.malformed),
            (200, "{\"keys\":5}", .malformed),
            (200, "{\"keys\":[]}", .noKeys),
            (200, "{\"keys\":[{\"kty\":\"EC\"}]}", .noKeys),
            (200, String(repeating: " ", count: 70_000), .tooLarge),
            (500, "Internal Error\n", .status(500)),
            (401, "Invalid API key\n", .status(401)),
            (302, "", .status(302)),
        ] as [(UInt16, String, CoreFailure)]
    )
    func brokenSetReplacesNothing(status: UInt16, body: String, failure: CoreFailure) {
        var driver = started { $0.keysMaximumAge = .seconds(100) }
        driver.clock = 50_000
        _ = driver.tick()
        #expect(driver.answered(4, status, body) == [])
        #expect(driver.fetcher.lastFailure == failure)
        #expect(driver.fetcher.keys.webKeys.count == 1)
        #expect(driver.fetcher.keys.webConfirmedAt == FetcherDriver.start)
        #expect(driver.dueIn == 1000)
    }

    @Test func strayNotFoundTakesNoKeysAway() {
        var driver = started { $0.keysMaximumAge = .seconds(100) }
        driver.clock = 50_000
        _ = driver.tick()
        #expect(driver.answered(4, 404, "Not found\n") == [])
        #expect(driver.fetcher.keys.webKnowledge == .known)
        // A day later it is believed.
        driver.clock = 24 * 3600 * 1000
        _ = driver.tick()
        let late = driver.answered(6, 404, "Not found\n")
        #expect(late == ["publish 3: web absent 0, legacy known 1"])
    }

    @Test func coreWithoutAKindHasNoneOfIt() {
        var driver = FetcherDriver()
        _ = driver.tick()
        let web = driver.answered(1, 404, "Not found\n")
        #expect(web == ["publish 1: web absent 0, legacy unknown 0"])
        let legacy = driver.answered(2, 200, #"{"versions":["2.21","3.0","5.2"]}"#)
        #expect(legacy == ["publish 2: web absent 0, legacy absent 0"])

        var other = FetcherDriver()
        _ = other.tick()
        _ = other.answered(2, 200, CoreBodies.versions)
        let handshake = other.answered(3, 404, "Not found\n")
        #expect(handshake == ["publish 1: web unknown 0, legacy absent 0"])
    }

    @Test(
        arguments: [
            (200, "[]", CoreFailure.malformed),
            (200, "{}", .malformed),
            (404, "", .status(404)),
            (401, "Invalid API key\n", .status(401)),
        ] as [(UInt16, String, CoreFailure)]
    )
    func versionMustBeAgreed(status: UInt16, body: String, failure: CoreFailure) {
        var driver = FetcherDriver()
        _ = driver.tick()
        #expect(driver.answered(2, status, body) == [])
        #expect(driver.fetcher.lastFailure == failure)
        #expect(driver.fetcher.keys.legacyKnowledge == .unknown)
    }

    @Test func versionIsAskedAgainAfterAFailure() {
        var driver = started { $0.keysMaximumAge = .seconds(100) }
        driver.clock = 50_000
        #expect(driver.tick().last == "5: post 0/recipe/handshake")
        #expect(driver.answered(5, 400, "cdi-version 2.20 not supported\n") == [])
        driver.clock += 1000
        #expect(driver.tick() == ["6: get 0/apiversion"])
    }

    @Test func singleKeyOfOldCores() {
        var driver = FetcherDriver()
        _ = driver.tick()
        _ = driver.answered(2, 200, #"{"versions":["2.7","2.8"]}"#)
        #expect(driver.sent.last?.headers.first?.value == "2.8")
        let answer = driver.answered(3, 200, CoreBodies.singleKey)
        #expect(answer == ["publish 1: web unknown 0, legacy known 1"])
        #expect(driver.fetcher.keys.legacyKeys.first?.createdAt == 0)
    }

    @Test func endedLegacyKeysAreLeftOut() {
        var driver = FetcherDriver()
        _ = driver.tick()
        _ = driver.answered(2, 200, CoreBodies.versions)
        driver.clock = 10_000
        let body = CoreBodies.handshake([
            (TestTokens.dynamic, seconds: 10), (TestTokens.fixed, seconds: 11),
        ])
        #expect(driver.answered(3, 200, body) == ["publish 1: web unknown 0, legacy known 1"])
        var other = FetcherDriver()
        _ = other.tick()
        _ = other.answered(2, 200, CoreBodies.versions)
        #expect(
            other.answered(3, 200, CoreBodies.handshake([(TestTokens.fixed, seconds: 0)])) == []
        )
        #expect(other.fetcher.lastFailure == .noKeys)
        #expect(other.answered(3, 200, CoreBodies.oneLegacyKey) == [])
    }

    @Test func oneFetchServesEveryWorker() {
        var driver = started()
        driver.clock = 10_000
        #expect(driver.wanted(.unknownKeyID, worker: 0) == ["4: get 0\(Self.jwks)"])
        #expect(driver.wanted(.unknownKeyID, worker: 1) == [])
        #expect(driver.wanted(.unknownKeyID, worker: 1) == [])
        #expect(
            driver.answered(4, 200, CoreBodies.webKeys("d-1", "d-2")) == [
                "publish 3: web known 2, legacy known 1", "answer 0: unknownKeyID 3 ok",
                "answer 1: unknownKeyID 3 ok",
            ]
        )
    }

    @Test func questionInTheCooldownWaitsForTheNextFetch() {
        var driver = started()
        driver.clock = 499
        #expect(driver.wanted(.unknownKeyID) == [])
        #expect(driver.wanted(.unknownKeyID, worker: 1) == [])
        #expect(driver.dueIn == 1)
        driver.clock = 500
        #expect(driver.tick() == ["4: get 0\(Self.jwks)"])
        #expect(
            driver.answered(4, 200, CoreBodies.webKeys("d-1")) == [
                "publish 3: web known 1, legacy known 1", "answer 0: unknownKeyID 3 ok",
                "answer 1: unknownKeyID 3 ok",
            ]
        )
    }

    @Test func questionThatWaitsIsNotAnsweredByTheOtherKind() {
        var driver = started { $0.keysMaximumAge = .seconds(1) }
        driver.clock = 500
        #expect(driver.tick() == ["4: get 0\(Self.jwks)", "5: post 0/recipe/handshake"])
        #expect(driver.answered(4, 200, CoreBodies.webKeys("d-1")).count == 1)
        driver.clock = 600
        #expect(driver.wanted(.unknownKeyID) == [])
        driver.clock = 700
        let legacy = driver.answered(5, 200, CoreBodies.oneLegacyKey)
        #expect(legacy == ["publish 4: web known 1, legacy known 1"])
        #expect(driver.dueIn == 300)
    }

    @Test func failureAndALongCooldownAreAnsweredAtOnce() {
        var driver = started()
        driver.clock = 500
        #expect(driver.wanted(.unknownKeyID) == ["4: get 0\(Self.jwks)"])
        #expect(driver.failed(4) == ["answer 0: unknownKeyID 2 failed"])
        driver.clock = 999
        #expect(driver.wanted(.unknownKeyID, worker: 3) == ["answer 3: unknownKeyID 2 failed"])
        driver.clock = 1000
        #expect(driver.wanted(.unknownKeyID) == ["5: get 0\(Self.jwks)"])

        var long = started { $0.unknownKeyCooldown = .seconds(2) }
        long.clock = 999
        #expect(long.wanted(.unknownKeyID) == ["answer 0: unknownKeyID 2 ok"])
        long.clock = 1000
        #expect(long.wanted(.unknownKeyID) == [])
    }

    /// As many questions as there may be, for ten seconds: a fetch begins every half second.
    @Test func floodCostsTwoFetchesASecond() {
        var driver = started(onlyJWT)
        let before = driver.sent.count
        for clock in UInt64(1)...10_000 {
            driver.clock = clock
            var lines = driver.wanted(.unknownKeyID) + driver.tick()
            while let line = lines.popLast() {
                guard line.hasSuffix(Self.jwks), let id = UInt64(line.prefix { $0 != ":" }) else {
                    continue
                }
                lines += driver.answered(id, 200, CoreBodies.webKeys("d-1"))
            }
        }
        #expect(driver.sent.count - before == 20)
    }

    @Test func workerThatHasNotSeenTheNewestSetIsAnsweredAtOnce() {
        var driver = started()
        driver.clock = 10_000
        #expect(driver.wanted(.unknownKeyID, seen: 0) == ["answer 0: unknownKeyID 2 ok"])
        // The set 2 brought handshake keys only.
        #expect(driver.wanted(.newerLegacyKey, seen: 1) == ["answer 0: newerLegacyKey 2 ok"])
        #expect(driver.wanted(.unknownKeyID, seen: 1) == ["4: get 0\(Self.jwks)"])
    }

    @Test func requestsWaitForTheFirstFetch() {
        var driver = FetcherDriver()
        _ = driver.tick()
        #expect(driver.wanted(.unknownKeyID) == [])
        #expect(driver.wanted(.newerLegacyKey) == [])
        // The JWK set decides nothing about legacy tokens while the handshake is awaited.
        #expect(
            driver.answered(1, 200, CoreBodies.webKeys("d-1")) == [
                "publish 1: web known 1, legacy unknown 0", "answer 0: unknownKeyID 1 ok",
            ]
        )
        #expect(driver.wanted(.newerLegacyKey, worker: 1, seen: 0) == [])
        #expect(
            driver.failed(2) == [
                "answer 0: newerLegacyKey 1 failed", "answer 1: newerLegacyKey 1 failed",
            ]
        )
    }

    @Test func newerLegacyTokenAsksForBothKinds() {
        var driver = started()
        driver.clock = 10_000
        let actions = driver.wanted(.newerLegacyKey)
        #expect(actions == ["4: get 0\(Self.jwks)", "5: post 0/recipe/handshake"])
        // The handshake decides; the JWK set may follow.
        #expect(
            driver.answered(5, 200, CoreBodies.oneLegacyKey) == [
                "publish 3: web known 1, legacy known 1", "answer 0: newerLegacyKey 3 ok",
            ]
        )
        #expect(driver.answered(4, 200, CoreBodies.webKeys("d-1")).count == 1)
    }

    @Test func withoutAHandshakeTheJWKSetDecides() {
        var driver = FetcherDriver()
        _ = driver.tick()
        _ = driver.answered(1, 200, CoreBodies.webKeys("d-1"))
        _ = driver.answered(2, 200, #"{"versions":["5.2"]}"#)
        driver.clock = 10_000
        #expect(driver.wanted(.newerLegacyKey) == ["3: get 0\(Self.jwks)", "4: get 0/apiversion"])
        #expect(driver.answered(4, 200, #"{"versions":["5.2"]}"#).count == 1)
        #expect(driver.failed(3) == ["answer 0: newerLegacyKey 3 failed"])
    }

    @Test func lateAndRepeatedAnswersMeanNothing() {
        var driver = started()
        #expect(driver.answered(1, 200, CoreBodies.webKeys("d-9")) == [])
        #expect(driver.failed(2) == [])
        #expect(driver.answered(99, 200, "") == [])
        #expect(driver.fetcher.keys.sequence == 2)
    }

    @Test func newOptionsOfTheSameCoreKeepTheKeys() {
        var driver = started()
        let options = FetcherDriver.options { $0.unknownKeyCooldown = .seconds(1) }
        #expect(driver.replace(options) == [])
        driver.clock = 999
        #expect(driver.wanted(.unknownKeyID) == [])
        #expect(driver.dueIn == 1)
    }

    @Test func anotherCoreIsAnotherAuthority() {
        var driver = started()
        driver.clock = 10_000
        #expect(driver.wanted(.unknownKeyID) == ["4: get 0\(Self.jwks)"])
        let options = FetcherDriver.options {
            $0.core.locations[0].port = 4000
            self.onlyJWT(&$0)
        }
        #expect(
            driver.replace(options) == [
                "publish 3: web unknown 0, legacy unknown 0", "5: get 0\(Self.jwks)",
            ]
        )
        #expect(driver.answered(4, 200, CoreBodies.webKeys("d-1")) == [])
        #expect(
            driver.answered(5, 200, CoreBodies.webKeys("d-7")) == [
                "publish 4: web known 1, legacy unknown 0", "answer 0: unknownKeyID 4 ok",
            ]
        )
    }
}

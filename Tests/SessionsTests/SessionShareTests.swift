import Bytes
import Testing

@testable import Sessions

/// Which sessions of the verified-token cache are told as those in use.
@Suite struct SessionShareTests {
    private static let now: Int64 = 1_000_000

    private func cache(_ sessions: Range<Int>) -> VerifiedTokenCache {
        var cache = VerifiedTokenCache(bytes: 256 * 1024 * 1024)
        for number in sessions { use(&cache, number) }
        return cache
    }

    /// A request with the session's token: verified the first time, found later.
    private func use(_ cache: inout VerifiedTokenCache, _ number: Int) {
        let token = Array("token \(number)".utf8)
        let wall = Self.now
        if let index = cache.find(token.span, kind: .cookie, wallMilliseconds: wall) {
            cache.release(cache.reference(index, wallMilliseconds: wall))
            return
        }
        let session = VerifiedSession(
            format: .v5,
            field: Array("Bearer".utf8),
            tokenOffset: 0,
            jwtIsAccessToken: true,
            user: [],
            sessionHandle: Array("\(number)".utf8),
            keyIdentity: 1,
            expiry: wall + 1000
        )
        let index = cache.insert(
            session,
            credential: token.span,
            kind: .cookie,
            wallMilliseconds: wall
        )
        cache.release(cache.reference(index, wallMilliseconds: wall))
    }

    private func told(_ cache: inout VerifiedTokenCache, _ round: Int, _ index: Int) -> [Int] {
        var handles: [[UInt8]] = []
        cache.takeInUse(SessionShare(round: round, index: index), into: &handles)
        return handles.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    private func told(_ cache: inout VerifiedTokenCache, round: Int) -> [Int] {
        (0..<SessionShare.count).flatMap { told(&cache, round, $0) }
    }

    @Test(arguments: [0, 1, 5, 63, 64, 65, 1000])
    func aRoundTellsOfEachOnce(count: Int) {
        var cache = cache(0..<count)
        #expect(told(&cache, round: 0).sorted() == Array(0..<count))
        #expect(told(&cache, round: 1).isEmpty)
    }

    @Test func onlyThoseInUseAreTold() {
        var cache = cache(0..<100)
        _ = told(&cache, round: 0)
        for number in [7, 93, 7] { use(&cache, number) }
        #expect(told(&cache, round: 1).sorted() == [7, 93])
    }

    @Test func aSessionHasItsPlaceInEveryRound() {
        var cache = cache(0..<100)
        let first = (0..<SessionShare.count).map { told(&cache, 0, $0) }
        for number in 0..<100 { use(&cache, number) }
        let second = (0..<SessionShare.count).map { told(&cache, 1, $0) }
        #expect(first == second && first.allSatisfy { $0.count <= 2 })
    }

    @Test func whatLeftTheCacheIsNotTold() {
        var cache = cache(0..<10)
        cache.keepOnly(keys: [])
        #expect(told(&cache, round: 0).isEmpty)
    }

    /// A cache that is too small for all requests hides no session from the core.
    @Test(arguments: [0, 1])
    func whatMadeRoomIsToldUpToALimit(past: Int) {
        let entries = 64
        var cache = VerifiedTokenCache(bytes: entries * 1024)
        let count = entries + SessionShare.maximumEvicted + past
        for number in 0..<count { use(&cache, number) }
        #expect(cache.statistics.evictions == UInt64(count - entries))
        let told = told(&cache, round: 0)
        #expect(told.count == count - past && Set(told).count == told.count)
        #expect(self.told(&cache, round: 1).isEmpty)
    }

    /// One past the limit stays for a later round, which begins elsewhere.
    @Test func aShareIsBounded() {
        let most = SessionShare.maximumHandles
        let all = (most + 1) * SessionShare.count
        var cache = cache(0..<all)
        let first = told(&cache, 0, 0)
        #expect(first.count == most)
        for number in first { use(&cache, number) }
        let second = told(&cache, 1, 0)
        #expect(second.count == most && Set(first + second).count == most + 1)
    }
}

import Bytes
import Cryptography
import HTTPCore
import Testing

@testable import Sessions

@Suite struct VerifiedTokenCacheTests {
    private static let now: Int64 = 1_000_000

    private func session(
        _ field: String = "Bearer token",
        key: UInt32 = 1,
        expiry: Int64 = now + 1000
    ) -> VerifiedSession {
        VerifiedSession(
            format: .v5,
            field: Array(field.utf8),
            tokenOffset: min(7, field.utf8.count),
            jwtIsAccessToken: true,
            user: Array("user".utf8),
            sessionHandle: Array("handle".utf8),
            keyIdentity: key,
            expiry: expiry
        )
    }

    private func find(
        _ cache: inout VerifiedTokenCache,
        _ credential: String,
        kind: CredentialKind = .bearer,
        at wall: Int64 = now
    ) -> SessionReference? {
        let bytes = Array(credential.utf8)
        let index = cache.find(bytes.span, kind: kind, wallMilliseconds: wall)
        return index.map { cache.reference($0, wallMilliseconds: wall) }
    }

    @discardableResult
    private func insert(
        _ cache: inout VerifiedTokenCache,
        _ credential: String,
        kind: CredentialKind = .bearer,
        _ session: VerifiedSession
    ) -> SessionReference {
        let bytes = Array(credential.utf8)
        let index = cache.insert(
            session,
            credential: bytes.span,
            kind: kind,
            wallMilliseconds: Self.now
        )
        return cache.reference(index, wallMilliseconds: Self.now)
    }

    private func text(
        _ cache: borrowing VerifiedTokenCache,
        _ part: CacheSlot.Part,
        _ reference: SessionReference
    ) -> String {
        cache.bytes(part, of: reference).text
    }

    @Test func givesBackWhatWasPutIn() {
        var cache = VerifiedTokenCache(bytes: 64 * 1024)
        let reference = insert(&cache, "\"quoted\"", kind: .cookie, session("Bearer the.jwt"))
        #expect(text(cache, .field, reference) == "Bearer the.jwt")
        #expect(text(cache, .token, reference) == "the.jwt")
        #expect(text(cache, .user, reference) == "user")
        #expect(text(cache, .sessionHandle, reference) == "handle")
        #expect(reference.isCookieBorne)
        #expect(find(&cache, "\"quoted\"", kind: .cookie) == reference)
        #expect(find(&cache, "\"quoted\"") == nil)
        #expect(find(&cache, "\"quotes\"", kind: .cookie) == nil)
        #expect(cache.statistics.hits == 1)
        #expect(cache.statistics.misses == 2)
    }

    @Test func claimsEndOneAfterTheOther() {
        var cache = VerifiedTokenCache(bytes: 64 * 1024)
        #expect(insert(&cache, "unjudged", session()).claimFailures == .all)
        var judged = session(expiry: Self.now + 10_000)
        judged.antiCSRFToken = Array("anti-csrf".utf8)
        judged.claims.failures = ClaimFailures(bits: ~0b0111)
        judged.claims.ends = [.max, Self.now + 5000, Self.now + 4000, .min]
        insert(&cache, "judged", judged)
        for (after, met) in [(0, [0, 1, 2]), (4000, [0, 1, 2]), (4001, [0, 1]), (5001, [0])] {
            let reference = find(&cache, "judged", at: Self.now + Int64(after))
            let failures = reference?.claimFailures ?? .none
            #expect((0..<32).filter { !failures.contains($0) } == met)
            #expect(reference.map { text(cache, .antiCSRFToken, $0) } == "anti-csrf")
        }
    }

    @Test func storesATokenThatIsItsOwnJWTOnce() {
        let token = String(repeating: "t", count: 900)
        var shared = VerifiedTokenCache(bytes: 64 * 1024)
        let reference = insert(&shared, token, session("Bearer \(token)"))
        #expect(shared.statistics.bytes < 1000)
        #expect(text(shared, .user, reference) == "user")
        #expect(text(shared, .token, reference) == token)
        #expect(find(&shared, token) == reference)
        var apart = VerifiedTokenCache(bytes: 64 * 1024)
        insert(&apart, token, session("Bearer other"))
        #expect(find(&apart, token) != nil)
    }

    @Test func emptyFieldsAndCredentials() {
        var cache = VerifiedTokenCache(bytes: 64 * 1024)
        let reference = insert(&cache, "", session(""))
        #expect(text(cache, .field, reference) == "")
        #expect(text(cache, .token, reference) == "")
        #expect(text(cache, .sessionHandle, reference) == "handle")
        #expect(find(&cache, "") == reference)
    }

    @Test func entriesExpire() {
        var cache = VerifiedTokenCache(bytes: 64 * 1024)
        let reference = insert(&cache, "a", session(expiry: Self.now + 10))
        #expect(find(&cache, "a", at: Self.now + 9) == reference)
        #expect(find(&cache, "a", at: Self.now + 10) == nil)
        #expect(cache.statistics.entries == 0)
        // Still held twice.
        #expect(text(cache, .user, reference) == "user")
        cache.release(reference)
        #expect(text(cache, .user, reference) == "user")
        cache.release(reference)
        #expect(text(cache, .user, reference) == "")
        #expect(cache.statistics.pinned == 0)
    }

    @Test func clockSetBackIsNotTrusted() {
        var cache = VerifiedTokenCache(bytes: 64 * 1024)
        insert(&cache, "a", session())
        #expect(find(&cache, "a", at: Self.now - 1000) != nil)
        #expect(find(&cache, "a", at: Self.now - 1001) == nil)
    }

    @Test func staysWithinItsBytes() {
        let bytes = 64 * 1024
        var cache = VerifiedTokenCache(bytes: bytes)
        for index in 0..<2000 {
            let token = "\(index)-" + String(repeating: "t", count: index % 1500)
            cache.release(insert(&cache, token, session("Bearer \(token)")))
            #expect(cache.statistics.bytes <= bytes)
            #expect(cache.statistics.entries <= 64)
        }
        #expect(cache.statistics.evictions > 1000)
        #expect(cache.statistics.pinned == 0)
    }

    @Test func spareWhatIsUsed() {
        var cache = VerifiedTokenCache(bytes: 16 * 1024)
        cache.release(insert(&cache, "popular", session()))
        for index in 0..<500 {
            cache.release(insert(&cache, "\(index)", session()))
            let found = find(&cache, "popular")
            #expect(found != nil, "after \(index)")
            if let found { cache.release(found) }
        }
    }

    @Test func pinnedEntriesAreNotEvicted() {
        var cache = VerifiedTokenCache(bytes: 16 * 1024)
        let pinned = (0..<16).map { insert(&cache, "pinned \($0)", session("Bearer \($0)")) }
        // No place is free: the session is there for its request only.
        let extra = insert(&cache, "extra", session("Bearer extra"))
        #expect(text(cache, .field, extra) == "Bearer extra")
        #expect(find(&cache, "extra") == nil)
        cache.release(extra)
        #expect(text(cache, .field, extra) == "")
        for (index, reference) in pinned.enumerated() {
            #expect(text(cache, .field, reference) == "Bearer \(index)")
            cache.release(reference)
        }
        cache.release(insert(&cache, "next", session()))
        #expect(find(&cache, "next") != nil)
        #expect(cache.statistics.evictions == 1)
    }

    @Test(arguments: [0, 1, 1023, -5])
    func tinyCachesHoldNothingButServe(bytes: Int) {
        var cache = VerifiedTokenCache(bytes: bytes)
        let reference = insert(&cache, "a", session())
        #expect(text(cache, .user, reference) == "user")
        #expect(find(&cache, "a") == nil)
        cache.release(reference)
        cache.release(reference)
        #expect(cache.statistics.pinned == 0)
        #expect(cache.statistics.bytes == 0)
    }

    @Test func entryLargerThanTheCacheServesItsRequest() {
        var cache = VerifiedTokenCache(bytes: 8 * 1024)
        let token = String(repeating: "t", count: 16_000)
        let reference = insert(&cache, token, session("Bearer \(token)"))
        #expect(text(cache, .token, reference) == token)
        #expect(find(&cache, token) == nil)
    }

    @Test func keepsOnlyTheKeysThatStay() {
        var cache = VerifiedTokenCache(bytes: 64 * 1024)
        for key in 1...9 {
            cache.release(insert(&cache, "\(key)", session(key: UInt32(key))))
        }
        cache.keepOnly(keys: [2, 5])
        #expect(cache.statistics.entries == 2)
        #expect(find(&cache, "1") == nil)
        #expect(find(&cache, "2") != nil)
        #expect(find(&cache, "5") != nil)
    }

    @Test func credentialsOfOneHashPushOutOnlyEachOther() {
        var cache = VerifiedTokenCache(bytes: 1 << 20)
        cache.release(insert(&cache, "innocent", session()))
        let tail = String(repeating: "s", count: 64)
        for index in 100..<400 {
            cache.release(insert(&cache, "\(index)\(tail)", session()))
        }
        #expect(find(&cache, "innocent") != nil)
        #expect(cache.statistics.entries <= 10)
        #expect(find(&cache, "399\(tail)") != nil)
    }

    @Test func staleReferencesReadNothing() {
        var cache = VerifiedTokenCache(bytes: 64 * 1024)
        var reference = insert(&cache, "a", session())
        cache.release(reference)
        #expect(text(cache, .user, reference) == "")
        reference.slot = 4_000_000
        #expect(text(cache, .user, reference) == "")
        cache.release(reference)
    }

    /// Against a dictionary: what is found is what was put in.
    @Test func behavesLikeADictionary() {
        var cache = VerifiedTokenCache(bytes: 32 * 1024)
        var random = SystemRandomNumberGenerator()
        var held: [(SessionReference, String)] = []
        for _ in 0..<20_000 {
            let name = "\(UInt8.random(in: 0...120, using: &random))"
            let field = "Bearer value of \(name)"
            switch UInt8.random(in: 0...9, using: &random) {
            case 0...4:
                if let found = find(&cache, name) {
                    #expect(text(cache, .field, found) == field)
                    held.append((found, field))
                } else {
                    held.append((insert(&cache, name, session(field)), field))
                }
            case 5:
                cache.keepOnly(keys: [UInt32(UInt8.random(in: 0...1, using: &random))])
            default:
                guard let index = held.indices.randomElement(using: &random) else { continue }
                let (reference, expected) = held.remove(at: index)
                #expect(text(cache, .field, reference) == expected)
                cache.release(reference)
            }
            #expect(cache.statistics.pinned == held.count)
        }
    }
}

import Bytes
import Cryptography
import HTTPCore
import JSON
import Testing

@testable import Sessions

/// What becomes of verified sessions that are dropped.
@Suite struct SessionStandingTests {
    private static let revoked = Authentication.refused(
        SessionRefusal(reason: .revoked, answer: .unauthorised)
    )

    private func table() -> RevokedSessions {
        RevokedSessions(
            entries: 4,
            keep: .seconds(3600),
            key: KeyedHash128.Key(low: 1, high: 2)
        )
    }

    private func drop(_ handle: String, in table: inout RevokedSessions) {
        let fingerprint = table.fingerprint(Array(handle.utf8).span)
        table.drop(RevokedSession(fingerprint: fingerprint, instant: TestTokens.now))
    }

    @Test func anAcceptedSessionIsRefusedOnceDropped() {
        var authenticator = TestTokens.authenticator()
        var table = table()
        let token = TestTokens.v5()
        let found = authenticator.bearer(token)
        expect(authenticator.check(found, against: table), found)
        #expect(found.session != nil)
        if let session = found.session { authenticator.release(session) }
        drop("handle-1", in: &table)
        let again = authenticator.bearer(token)
        #expect(again.session != nil)
        expect(authenticator.check(again, against: table), Self.revoked)
        #expect(authenticator.statistics.entries == 0 && authenticator.statistics.pinned == 0)
        // A token that was never seen before is refused too.
        let new = authenticator.cookie(TestTokens.v5(["iat": .integer(TestTokens.now / 1000)]))
        expect(authenticator.check(new, against: table), Self.revoked)
    }

    @Test func theSessionsOfOthersStand() {
        var authenticator = TestTokens.authenticator()
        var table = table()
        drop("handle-2", in: &table)
        let found = authenticator.bearer(TestTokens.v5())
        expect(authenticator.check(found, against: table), found)
        let legacy = authenticator.bearer(TestTokens.v2(inner: TestTokens.inner()))
        expect(authenticator.check(legacy, against: table), Self.revoked)
    }

    @Test func whatIsNoSessionPasses() {
        var authenticator = TestTokens.authenticator()
        var table = table()
        drop("handle-1", in: &table)
        for found in [Authentication.noToken, .tryRefresh(.expired), .budgetSpent] {
            expect(authenticator.check(found, against: table), found)
        }
    }

    @Test func tokensBeforeTheMarkAreAskedOfTheCore() {
        var authenticator = TestTokens.authenticator()
        var table = table()
        // The token was made 100 s before.
        table.moveMark(to: TestTokens.now - 100_000)
        let token = TestTokens.v5()
        let found = authenticator.bearer(token)
        expect(authenticator.check(found, against: table), found)
        table.moveMark(to: TestTokens.now - 99_999)
        guard let session = found.session else { return }
        expect(authenticator.check(found, against: table), .revocationUnknown(session))
        authenticator.confirm(session, mark: table.mark)
        expect(authenticator.check(found, against: table), found)
        authenticator.release(session)
        // The yes is of that token, for every request, until the mark moves.
        let again = authenticator.bearer(token)
        expect(authenticator.check(again, against: table), again)
        let other = authenticator.bearer(TestTokens.v5(["sub": .string("user-2")]))
        #expect(other.session != nil)
        expectNot(authenticator.check(other, against: table), other)
        table.moveMark(to: TestTokens.now)
        expectNot(authenticator.check(again, against: table), again)
    }

    @Test func aYesToAnEarlierQuestionIsNone() {
        var authenticator = TestTokens.authenticator()
        var table = table()
        table.moveMark(to: TestTokens.now)
        let mark = table.mark
        let found = authenticator.bearer(TestTokens.v5())
        guard let session = found.session else { return }
        table.moveMark(to: TestTokens.now + 1)
        authenticator.confirm(session, mark: mark)
        expect(authenticator.check(found, against: table), .revocationUnknown(session))
    }

    @Test func aConfirmedSessionThatIsDroppedIsRefused() {
        var authenticator = TestTokens.authenticator()
        var table = table()
        table.moveMark(to: TestTokens.now)
        let found = authenticator.bearer(TestTokens.v5())
        guard let session = found.session else { return }
        authenticator.confirm(session, mark: table.mark)
        drop("handle-1", in: &table)
        expect(authenticator.check(found, against: table), Self.revoked)
    }

    /// Outside the macro, which would copy the table.
    private func expect(
        _ found: Authentication,
        _ expected: Authentication,
        at place: SourceLocation = #_sourceLocation
    ) {
        #expect(found == expected, sourceLocation: place)
    }

    private func expectNot(
        _ found: Authentication,
        _ other: Authentication,
        at place: SourceLocation = #_sourceLocation
    ) {
        #expect(found != other, sourceLocation: place)
    }

    private func ended(
        _ lines: [(String, String)],
        _ options: SessionOptions = TestTokens.options,
        keys: KeySet = TestTokens.keys
    ) -> EndedSession {
        var authenticator = TestTokens.authenticator(options, keys: keys)
        let request = TestRequest(lines)
        var watched = WatchedCredentials()
        authenticator.keep(into: &watched, head: request.head, bytes: request.bytes.span)
        return authenticator.endedSession(watched, wallMilliseconds: TestTokens.now)
    }

    private static let first = EndedSession.handle(Array("handle-1".utf8))
    private static let second = EndedSession.handle(Array("handle-2".utf8))

    @Test func theSessionThatEndsIsThatOfTheRequest() {
        let bearer = ("authorization", "Bearer " + TestTokens.v5())
        let cookie = ("cookie", "sAccessToken=" + TestTokens.v2())
        #expect(ended([bearer]) == Self.first && ended([cookie]) == Self.second)
        #expect(ended([bearer, cookie]) == Self.first)
        #expect(ended([("authorization", "Bearer a.b.c"), cookie]) == Self.second)
        #expect(ended([]) == .none && ended([cookie, cookie]) == .none)
        var options = TestTokens.options
        options.tokenTransfer = .cookie
        #expect(ended([bearer, cookie], options) == Self.second)
        options.tokenTransfer = .header
        #expect(ended([cookie], options) == .none)
    }

    @Test func onlyAGenuineTokenEndsASession() {
        let forged = TestTokens.v5(key: TestTokens.stranger)
        let cookie = ("cookie", "sAccessToken=" + TestTokens.v2())
        #expect(ended([("authorization", "Bearer " + forged), cookie]) == .none)
        #expect(ended([("cookie", "sAccessToken=" + forged)]) == .none)
        let old = TestTokens.v5(["exp": .integer(TestTokens.now / 1000 - 1)])
        #expect(ended([("authorization", "Bearer " + old)]) == Self.first)
        let other = TestTokens.v5(header: ["kid": .string("d-1799990000001")])
        #expect(
            ended([("authorization", "Bearer " + other)]) == .keysNeeded(.unknownKeyID)
        )
        #expect(ended([("authorization", "Bearer " + old)], keys: KeySet()) != Self.first)
    }

    @Test func credentialsThatAreTooLongAreNotKept() {
        let most = String(repeating: "x", count: WatchedCredentials.maximumBytes)
        for (value, isKept) in [(most, true), (most + "x", false)] {
            let authenticator = TestTokens.authenticator()
            let request = TestRequest([("cookie", "sAccessToken=" + value)])
            var watched = WatchedCredentials()
            authenticator.keep(into: &watched, head: request.head, bytes: request.bytes.span)
            #expect(watched.isEmpty != isKept)
            watched.reset()
            #expect(watched.isEmpty)
        }
    }
}

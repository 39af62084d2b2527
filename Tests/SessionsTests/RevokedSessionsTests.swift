import Bytes
import Cryptography
import TestSupport
import Testing

@testable import Sessions

/// The table as one would write it without a thought of speed.
private struct NaiveTable {
    struct Entry {
        var fingerprint: SessionFingerprint
        var instant: Int64
        var isRenewed = false
    }

    var entries: [Entry] = []
    var limit: Int
    var keep: Int64
    var mark = Int64.min

    mutating func drop(_ session: RevokedSession) -> Bool {
        let instant = (session.instant + 999) / 1000 * 1000
        if let index = entries.firstIndex(where: { $0.fingerprint == session.fingerprint }) {
            if instant > entries[index].instant {
                entries[index].instant = instant
                entries[index].isRenewed = true
            }
            return false
        }
        if entries.count >= limit {
            while entries[0].isRenewed { renewFirst() }
            removeFirst()
        }
        entries.append(Entry(fingerprint: session.fingerprint, instant: instant))
        return true
    }

    mutating func expire(_ now: Int64) {
        while let first = entries.first {
            if first.instant + keep <= now {
                removeFirst()
            } else if first.isRenewed {
                renewFirst()
            } else {
                return
            }
        }
    }

    private mutating func renewFirst() {
        var first = entries.removeFirst()
        first.isRenewed = false
        entries.append(first)
    }

    private mutating func removeFirst() {
        mark = max(mark, entries.removeFirst().instant + 60_000)
    }
}

@Suite struct RevokedSessionsTests {
    private static let key = KeyedHash128.Key(low: 1, high: 2)
    private static let now: Int64 = 1_800_000_000_000

    private func table(entries: Int = 4, keep: Duration = .seconds(100)) -> RevokedSessions {
        RevokedSessions(entries: entries, keep: keep, key: Self.key)
    }

    private func session(_ number: UInt64, at instant: Int64 = now) -> RevokedSession {
        // Two of a bucket have the same low bits.
        RevokedSession(
            fingerprint: SessionFingerprint(low: number << 60 | number >> 4, high: number),
            instant: instant
        )
    }

    /// Outside the macro, which would copy the table.
    private func expect(
        _ found: Bool,
        _ expected: Bool,
        _ what: String = "",
        at place: SourceLocation = #_sourceLocation
    ) {
        #expect(found == expected, "\(what)", sourceLocation: place)
    }

    @Test func whatIsDroppedIsFound() {
        var table = table()
        #expect(table.epoch == 0 && table.mark == .min && table.nextExpiry == .max)
        let handle = table.fingerprint(Array("handle".utf8).span)
        let other = table.fingerprint(Array("Handle".utf8).span)
        expect(table.contains(handle), false)
        let isNew = table.drop(RevokedSession(fingerprint: handle, instant: Self.now))
        expect(table.contains(handle), true)
        expect(table.contains(other), false)
        let isNewAgain = table.drop(RevokedSession(fingerprint: handle, instant: Self.now))
        #expect(isNew && !isNewAgain && table.count == 1 && table.epoch == 1)
    }

    @Test func aHandleHasAnotherFingerprintUnderAnotherKey() {
        let handle = Array("handle".utf8)
        let one = RevokedSessions(entries: 1, keep: .seconds(1), key: .random)
            .fingerprint(handle.span)
        let other = RevokedSessions(entries: 1, keep: .seconds(1), key: .random)
            .fingerprint(handle.span)
        #expect(one != other)
    }

    @Test func theOldestMakesRoomAndMovesTheMark() {
        var table = table(entries: 2)
        table.drop(session(1, at: Self.now))
        table.drop(session(2, at: Self.now + 1))
        #expect(table.mark == .min && table.epoch == 2)
        table.drop(session(3, at: Self.now + 2))
        expect(table.contains(session(1).fingerprint), false)
        expect(table.contains(session(2).fingerprint), true)
        #expect(table.mark == Self.now + 60_000 && table.count == 2 && table.epoch == 4)
    }

    @Test func aSessionDroppedAgainIsNotPushedOutBeforeItsTime() {
        var table = table(entries: 2)
        table.drop(session(1, at: Self.now))
        table.drop(session(2, at: Self.now + 1000))
        table.drop(session(1, at: Self.now + 5000))
        table.drop(session(3, at: Self.now + 6000))
        expect(table.contains(session(1).fingerprint), true)
        expect(table.contains(session(2).fingerprint), false)
        #expect(table.mark == Self.now + 61_000)
    }

    @Test func entriesLeaveByAge() {
        var table = table(keep: .seconds(10))
        table.drop(session(1, at: Self.now + 1))
        #expect(table.nextExpiry == Self.now + 11_000)
        table.expire(wallMilliseconds: Self.now + 10_999)
        #expect(table.count == 1)
        table.expire(wallMilliseconds: Self.now + 11_000)
        #expect(table.count == 0 && table.mark == Self.now + 61_000)
    }

    @Test func aNumberOfEntriesLeavesInOneCall() {
        var table = table(entries: 2000, keep: .seconds(1))
        for number in 0...UInt64(RevokedSessions.expiriesPerCall) { table.drop(session(number)) }
        table.expire(wallMilliseconds: Self.now + 5000)
        #expect(table.count == 1)
        table.expire(wallMilliseconds: Self.now + 5000)
        #expect(table.count == 0)
    }

    @Test func aMarkOnlyMovesOn() {
        var table = table()
        table.moveMark(to: 5)
        table.moveMark(to: 4)
        #expect(table.mark == 5 && table.epoch == 1)
    }

    @Test func aSmallerTableKeepsTheLatest() {
        var table = table()
        for number in UInt64(1)...4 { table.drop(session(number, at: Self.now + Int64(number))) }
        table.replaceLimits(entries: 2, keep: .seconds(100))
        #expect(table.sessions.map(\.fingerprint) == [session(3), session(4)].map(\.fingerprint))
        #expect(table.mark == Self.now + 61_000)
        table.replaceLimits(entries: 3, keep: .seconds(100))
        table.drop(session(5, at: Self.now))
        #expect(table.count == 3)
    }

    @Test func timesBeyondAllReasonDoNoHarm() {
        var table = table(entries: 1, keep: .seconds(Int64.max))
        table.drop(session(1, at: .max))
        table.drop(session(2, at: .min))
        table.drop(session(3, at: .max))
        table.expire(wallMilliseconds: .max)
        #expect(table.count <= 1)
    }

    @Test(arguments: [1, 2, 3, 7, 64]) func agreesWithANaiveTable(_ limit: Int) {
        var random = SeededGenerator(seed: UInt64(limit))
        var table = table(entries: limit, keep: .seconds(20))
        var naive = NaiveTable(limit: limit, keep: 20_000)
        var now = Self.now
        for step in 0..<20_000 {
            now += Int64.random(in: 0...3000, using: &random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                table.expire(wallMilliseconds: now)
                naive.expire(now)
            } else {
                let number = UInt64.random(in: 0..<UInt64(3 * limit), using: &random)
                let dropped = session(number, at: now - Int64.random(in: 0...2000, using: &random))
                let isNew = table.drop(dropped)
                #expect(naive.drop(dropped) == isNew, "step \(step)")
            }
            let asked = session(UInt64.random(in: 0..<UInt64(3 * limit), using: &random))
            let isKnown = naive.entries.contains { $0.fingerprint == asked.fingerprint }
            expect(table.contains(asked.fingerprint), isKnown, "step \(step)")
            #expect(table.mark == naive.mark && table.count == naive.entries.count, "step \(step)")
        }
        #expect(table.sessions.map(\.fingerprint) == naive.entries.map(\.fingerprint))
        #expect(table.sessions.map(\.instant) == naive.entries.map(\.instant))
    }
}

@Suite struct RevocationNewsTests {
    private func session(_ number: Int) -> RevokedSession {
        RevokedSession(
            fingerprint: SessionFingerprint(low: UInt64(number), high: 0),
            instant: Int64(number)
        )
    }

    @Test func whatFindsNoRoomMovesTheMark() {
        var news = RevocationNews()
        #expect(news.isEmpty)
        for number in 0..<RevocationNews.maximumSessions { news.add(session(number)) }
        #expect(news.mark == .min && !news.isEmpty)
        news.add(session(RevocationNews.maximumSessions))
        #expect(news.sessions.count == RevocationNews.maximumSessions)
        #expect(news.mark == Int64(RevocationNews.maximumSessions) + RevokedSessions.markMargin)
    }

    @Test func newsAreAddedToNews() {
        var news = RevocationNews([session(1)], number: 7)
        news.add(RevocationNews([session(2)], mark: 5, number: 3))
        #expect(news.sessions == [session(1), session(2)] && news.mark == 5 && news.number == 7)
    }
}

import EventLoop
import Sessions
import Testing

@testable import Control

/// What is asked about sessions in use, and when; the clock is the test's.
@Suite struct SessionPollTests {
    private static let interval = Duration.seconds(64)

    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func poll() -> SessionPoll {
        var poll = SessionPoll()
        poll.replaceInterval(Self.interval, now: start)
        return poll
    }

    private func add(_ poll: inout SessionPoll, _ numbers: some Sequence<Int>) {
        for number in numbers {
            let fingerprint = SessionFingerprint(low: UInt64(number), high: 1)
            poll.add(Array("\(number)".utf8), fingerprint)
        }
    }

    /// All that is asked about when every answer comes at once.
    private func asked(_ poll: inout SessionPoll) -> [Int] {
        var asked: [Int] = []
        while let handle = poll.nextQuestion() {
            asked.append(Int(String(decoding: handle, as: UTF8.self)) ?? -1)
            poll.answered()
        }
        return asked.sorted()
    }

    @Test func withoutAnIntervalNothingIsAsked() {
        var poll = SessionPoll()
        poll.replaceInterval(.zero, now: start)
        #expect(poll.nextDeadline == .distantFuture)
        #expect(poll.nextShare(now: start + .seconds(100)) == nil)
        add(&poll, 1...3)
        #expect(asked(&poll).isEmpty)
    }

    @Test func sharesAreSpreadOverTheInterval() {
        var poll = poll()
        for number in 1...200 {
            let due = start + .seconds(number)
            #expect(poll.nextDeadline == due)
            #expect(poll.nextShare(now: start + .seconds(number) + .milliseconds(-1)) == nil)
            let (round, index) = (number - 1).quotientAndRemainder(dividingBy: 64)
            #expect(poll.nextShare(now: due) == SessionShare(round: round, index: index))
        }
    }

    @Test func oneSessionIsAskedAboutOnceInARound() {
        var poll = poll()
        for number in 1...64 {
            #expect(poll.nextShare(now: start + .seconds(number)) != nil)
            add(&poll, [7, number + 100, 7])
            #expect(asked(&poll) == (number == 1 ? [7, 101] : [number + 100]))
        }
        #expect(poll.nextShare(now: start + .seconds(65)) != nil)
        add(&poll, [7, 8])
        #expect(asked(&poll) == [7, 8])
    }

    @Test func soManyQuestionsAtOnce() {
        var poll = poll()
        _ = poll.nextShare(now: start + .seconds(1))
        add(&poll, 0...SessionPoll.questionsAtOnce)
        for _ in 0..<SessionPoll.questionsAtOnce { #expect(poll.nextQuestion() != nil) }
        #expect(poll.nextQuestion() == nil)
        poll.answered()
        #expect(poll.nextQuestion() != nil)
        #expect(poll.nextQuestion() == nil)
    }

    /// The core is never owed more than what one share brought.
    @Test func aSlowCoreIsWaitedFor() {
        var poll = poll()
        _ = poll.nextShare(now: start + .seconds(1))
        add(&poll, 0...SessionPoll.questionsAtOnce)
        while poll.nextQuestion() != nil {}
        #expect(poll.nextDeadline == .distantFuture)
        #expect(poll.nextShare(now: start + .seconds(10)) == nil)
        poll.answered()
        _ = poll.nextQuestion()
        #expect(poll.nextShare(now: start + .seconds(10))?.index == 1)
        // What was missed meanwhile is not made up for.
        #expect(poll.nextShare(now: start + .seconds(10))?.index == 2)
        #expect(poll.nextShare(now: start + .seconds(10)) == nil)
        #expect(poll.nextDeadline == start + .seconds(11))
    }

    @Test func sessionsOfARoundAreBounded() {
        var poll = poll()
        let most = SessionPoll.maximumSessions
        _ = poll.nextShare(now: start + .seconds(1))
        add(&poll, 0...most)
        #expect(asked(&poll) == Array(0..<most))
        for number in 2...64 { #expect(poll.nextShare(now: start + .seconds(number)) == nil) }
        // The next round goes on where there was no more room.
        #expect(poll.nextShare(now: start + .seconds(65))?.index == 1)
        add(&poll, [most])
        #expect(asked(&poll) == [most])
    }

    @Test func anotherIntervalIsObeyed() {
        var poll = poll()
        _ = poll.nextShare(now: start + .seconds(1))
        add(&poll, [1])
        let now = start + .milliseconds(1500)
        poll.replaceInterval(Self.interval, now: now)
        #expect(asked(&poll) == [1] && poll.nextDeadline == start + .seconds(2))
        add(&poll, [2])
        poll.replaceInterval(.seconds(640), now: now)
        #expect(asked(&poll).isEmpty && poll.nextDeadline == now + .seconds(10))
        #expect(poll.nextShare(now: now + .seconds(10))?.index == 1)
        add(&poll, [2])
        poll.replaceInterval(.zero, now: now)
        #expect(asked(&poll).isEmpty && poll.nextDeadline == .distantFuture)
    }

    /// Workers that were asked before may tell after it.
    @Test func whatWasToldOfOtherCoresIsForgotten() {
        var poll = poll()
        _ = poll.nextShare(now: start + .seconds(1))
        add(&poll, [1, 2])
        poll.forget(now: start + .seconds(1))
        add(&poll, [3])
        #expect(asked(&poll).isEmpty && poll.nextDeadline == start + .seconds(2))
        #expect(poll.nextShare(now: start + .seconds(2)) != nil)
        add(&poll, [1])
        #expect(asked(&poll) == [1])
    }
}

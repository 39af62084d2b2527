import EventLoop
import TestSupport
import Testing

@Suite struct TimerWheelTests {
    private func at(_ milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
    }

    private func expired(_ wheel: inout TimerWheel, _ now: Instant) -> [Int] {
        var ids: [Int] = []
        while let id = wheel.nextExpired(now) { ids.append(id) }
        return ids.sorted()
    }

    @Test func expiresOnceNeverEarlyAndAtMostATickLate() {
        var wheel = TimerWheel(capacity: 4, now: at(0))
        wheel.arm(2, at: at(100))
        let early = expired(&wheel, at(99))
        let isArmed = wheel.isArmed(2)
        let due = expired(&wheel, at(108))
        let again = expired(&wheel, at(500))
        let isStillArmed = wheel.isArmed(2)
        #expect(early == [] && isArmed && due == [2] && again == [] && !isStillArmed)
    }

    @Test func rearmingReplaces() {
        var wheel = TimerWheel(capacity: 4, now: at(0))
        wheel.arm(0, at: at(100))
        wheel.arm(0, at: at(300))
        let atOldDeadline = expired(&wheel, at(200))
        wheel.arm(0, at: at(240))
        let atEarlierDeadline = expired(&wheel, at(248))
        #expect(atOldDeadline == [] && atEarlierDeadline == [0])
    }

    @Test func cancelledOnesDoNotExpire() {
        var wheel = TimerWheel(capacity: 4, now: at(0))
        wheel.arm(1, at: at(50))
        wheel.cancel(1)
        wheel.cancel(3)
        let ids = expired(&wheel, at(1_000))
        #expect(ids == [])
        wheel.arm(1, at: at(1_100))
        let later = expired(&wheel, at(1_108))
        #expect(later == [1])
    }

    @Test func deadlinesBeyondATurnWait() {
        var wheel = TimerWheel(capacity: 4, now: at(0))
        wheel.arm(0, at: at(200_000))
        wheel.arm(1, at: .distantFuture)
        var fired: UInt64?
        var time: UInt64 = 0
        while fired == nil, time < 300_000 {
            time += 1_000
            if !expired(&wheel, at(time)).isEmpty { fired = time }
        }
        let isArmed = wheel.isArmed(1)
        #expect(fired == 201_000 || fired == 200_000)
        #expect(isArmed)
    }

    @Test func survivesAStallOfManyTurns() {
        var wheel = TimerWheel(capacity: 8, now: at(0))
        for id in 0..<8 { wheel.arm(id, at: at(UInt64(id) * 100_000)) }
        let ids = expired(&wheel, at(500_008))
        #expect(ids == [0, 1, 2, 3, 4, 5])
        let rest = expired(&wheel, at(10_000_000))
        #expect(rest == [6, 7])
    }

    @Test func armingInThePastComesToAnEnd() {
        var wheel = TimerWheel(capacity: 2, now: at(0))
        wheel.arm(0, at: at(8))
        var count = 0
        while let id = wheel.nextExpired(at(1_000)) {
            count += 1
            wheel.arm(id, at: at(1))
        }
        #expect(count == 1)
        let next = wheel.nextExpired(at(1_008))
        #expect(next == 0)
    }

    @Test func tellsWhenToComeBack() {
        var wheel = TimerWheel(capacity: 2, now: at(0))
        let none = wheel.nextDeadline()
        wheel.arm(0, at: at(80))
        let deadline = wheel.nextDeadline()
        #expect(none == nil)
        #expect(deadline.map { $0 >= at(80) && $0 <= at(88) } == true)
    }

    /// The same random calls to the wheel and to a table of deadlines.
    @Test(arguments: [1, 7, 42] as [UInt64])
    func agreesWithANaiveModel(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let capacity = 50
        let tick = UInt64(TimerWheel.tick.nanoseconds)
        var now = at(0).nanoseconds
        var wheel = TimerWheel(capacity: capacity, now: Instant(nanoseconds: now))
        var model = [UInt64?](repeating: nil, count: capacity)
        for _ in 0..<20_000 {
            let id = Int(random.next() % UInt64(capacity))
            switch random.next() % 8 {
            case 0...4:
                let range: UInt64 = random.next() % 10 == 0 ? 120_000 : 2_000
                let deadline = now + random.next() % (range * 1_000_000)
                wheel.arm(id, at: Instant(nanoseconds: deadline))
                model[id] = deadline
            case 5:
                wheel.cancel(id)
                model[id] = nil
            default:
                let step: UInt64 = random.next() % 50 == 0 ? 60_000 : 40
                now += random.next() % (step * 1_000_000)
                checkExpiry(&wheel, &model, now: now, tick: tick)
            }
            let isArmed = wheel.isArmed(id)
            guard isArmed == (model[id] != nil) else {
                Issue.record("armed: wheel \(isArmed), model \(model[id] != nil)")
                return
            }
        }
    }

    private func checkExpiry(
        _ wheel: inout TimerWheel,
        _ model: inout [UInt64?],
        now: UInt64,
        tick: UInt64
    ) {
        while let id = wheel.nextExpired(Instant(nanoseconds: now)) {
            guard let deadline = model[id], deadline <= now else {
                Issue.record("early, or not armed")
                return
            }
            model[id] = nil
        }
        let earliest = model.compactMap { $0 }.min()
        guard let earliest else { return }
        if earliest + tick <= now { Issue.record("late") }
        guard let next = wheel.nextDeadline() else {
            Issue.record("no deadline though one is armed")
            return
        }
        if next.nanoseconds >= earliest + tick, next.nanoseconds > now + tick {
            Issue.record("the next deadline is late")
        }
    }
}

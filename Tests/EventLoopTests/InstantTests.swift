import EventLoop
import Testing

@Suite struct InstantTests {
    @Test func addsAndSubtractsWithoutOverflow() {
        let instant = Instant(nanoseconds: 1_000)
        #expect((instant + .microseconds(2)).nanoseconds == 3_000)
        #expect((instant + .seconds(-1)).nanoseconds == 0)
        #expect(instant + .seconds(Int64.max) > instant)
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant(nanoseconds: 5_000) - instant == .microseconds(4))
        #expect(instant - Instant(nanoseconds: 5_000) == .zero)
    }

    @Test func durationsSaturate() {
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
        #expect(Duration.milliseconds(1_500).nanoseconds == 1_500_000_000)
        #expect(Duration.microseconds(1_999).milliseconds == 1)
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
    }

    @Test func clocksRun() {
        let earlier = Instant.now
        #expect(Instant.now >= earlier)
        #expect(WallClock.milliseconds > 1_700_000_000_000)
    }
}

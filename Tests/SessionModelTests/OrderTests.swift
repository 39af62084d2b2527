import Foundation
import Testing

/// The machines that judge sessions, all together, against a gateway that is written as the rules
/// read: over very many orders of events.
///
/// `SALLYPORT_MODEL_SEED=N` runs the one order that a failure named and tells what happens in it,
/// `SALLYPORT_MODEL_ORDERS=N` runs so many.
@Suite struct OrderTests {
    private static let shards = 4
    private static let orders = number("SALLYPORT_MODEL_ORDERS") ?? 100_000

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test(arguments: 0..<shards)
    func everyRequestGetsTheNaiveVerdict(shard: Int) {
        let world = ModelWorld()
        if let seed = Self.number("SALLYPORT_MODEL_SEED") {
            guard shard == 0 else { return }
            _ = Self.run(seed, world, isTold: true)
            return
        }
        var (events, verdicts, passed, failures) = (0, 0, 0, 0)
        let share = Self.orders / UInt64(Self.shards)
        let first = UInt64(shard) * share + 1
        for seed in first..<(first + share) where failures < 5 {
            guard let order = Self.run(seed, world) else {
                failures += 1
                continue
            }
            events += order.events
            verdicts += order.verdicts
            passed += order.passed
        }
        // An order in which nothing happens proves nothing.
        #expect(events > Int(share) * 10)
        #expect(verdicts > Int(share) * 2)
        #expect(passed > verdicts / 10)
    }

    /// - Returns: nil for one that broke a rule.
    private static func run(
        _ seed: UInt64,
        _ world: ModelWorld,
        isTold: Bool = false
    ) -> ModelOrder? {
        var order = ModelOrder(seed: seed, world: world, isTold: isTold)
        do {
            try order.run()
            return order
        } catch {
            Issue.record("SALLYPORT_MODEL_SEED=\(seed): \(error)")
            return nil
        }
    }
}

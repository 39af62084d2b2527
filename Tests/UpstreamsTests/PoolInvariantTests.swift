import TestSupport
import Testing
import Upstreams

@Suite struct PoolInvariantTests {
    /// Random calls against a plain model: no target ever has more connections than it may, no
    /// connection is given twice, and nothing is lost.
    @Test(arguments: 1...20)
    func holdsUnderRandomCalls(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pool = makePool([2, 1], maximum: 3, addresses: 2)
        var leased: [(connection: UInt64, id: TargetID)] = []
        var idle: [UInt64: TargetID] = [:]
        var next: UInt64 = 1
        for _ in 0..<2000 {
            switch random.next(6) {
            case 0, 1, 2:
                let fresh = random.next(4) == 0
                switch pool.lease(upstream: random.next(2), freshOnly: fresh) {
                case .reuse(let connection, let id):
                    #expect(idle.removeValue(forKey: connection) == id)
                    leased.append((connection, id))
                case .connect(let id, _):
                    leased.append((next, id))
                    next += 1
                case .wait, .unresolved: break
                }
            case 3 where !leased.isEmpty:
                let (connection, id) = leased.remove(at: random.next(leased.count))
                pool.giveBack(connection: connection, id)
                idle[connection] = id
            case 4 where !leased.isEmpty:
                let (connection, id) = leased.remove(at: random.next(leased.count))
                if random.next(2) == 0 {
                    _ = pool.connectFailed(id, address: random.next(2))
                } else {
                    pool.closed(connection: connection, id, wasIdle: false)
                }
            case 5:
                guard let (connection, id) = idle.randomElement(using: &random) else { break }
                idle[connection] = nil
                pool.closed(connection: connection, id, wasIdle: true)
            default: break
            }
            check(pool, leased.map(\.id), Array(idle.values))
        }
    }

    private func check(_ pool: borrowing UpstreamPool, _ leased: [TargetID], _ idle: [TargetID]) {
        for id in [first, second, TargetID(upstream: 1, target: 0)] {
            let idleHere = idle.count { $0 == id }
            let openHere = idleHere + leased.count { $0 == id }
            let counts = (pool.openCount(id), pool.idleCount(id))
            #expect(counts == (openHere, idleHere))
            #expect(openHere <= 3)
        }
    }
}

extension SeededGenerator {
    /// A number below `bound`.
    fileprivate mutating func next(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

import Testing
import Upstreams

@Suite struct LeaseTests {
    @Test func opensUpToTheMaximumThenWaits() {
        var pool = makePool()
        let given = leases(&pool, 3)
        #expect(given == [.connect(first, address: 0), .connect(first, address: 0), .wait])
        let open = pool.openCount(first)
        #expect(open == 2)
    }

    @Test func reusesTheConnectionThatBecameIdleLast() {
        var pool = makePool(maximum: 3)
        _ = leases(&pool, 3)
        for connection in [7, 8, 9] as [UInt64] { pool.giveBack(connection: connection, first) }
        let given = leases(&pool, 4)
        #expect(
            given == [
                .reuse(connection: 9, first), .reuse(connection: 8, first),
                .reuse(connection: 7, first), .wait,
            ]
        )
    }

    @Test func takesTargetsInTurnAndSkipsFullOnes() {
        var pool = makePool([3], maximum: 1)
        let given = leases(&pool, 4)
        #expect(
            given == [
                .connect(first, address: 0), .connect(second, address: 0),
                .connect(third, address: 0), .wait,
            ]
        )
        pool.giveBack(connection: 5, second)
        let next = leases(&pool, 2)
        #expect(next == [.reuse(connection: 5, second), .wait])
    }

    @Test func balancesOverIdleConnections() {
        var pool = makePool([2])
        _ = leases(&pool, 2)
        pool.giveBack(connection: 1, first)
        pool.giveBack(connection: 2, second)
        let given = leases(&pool, 2)
        #expect(given == [.reuse(connection: 1, first), .reuse(connection: 2, second)])
    }

    @Test func skipsTargetsThatWereTried() {
        var pool = makePool([3])
        let one = pool.lease(upstream: 0, tried: 0b011)
        #expect(one == .connect(third, address: 0))
        let all = pool.lease(upstream: 0, tried: 0b111)
        #expect(all == .unresolved)
    }

    @Test func waitsForATargetThatIsFullAndNotTried() {
        var pool = makePool([2], maximum: 1)
        _ = leases(&pool, 2)
        let waits = pool.lease(upstream: 0, tried: 0b01)
        #expect(waits == .wait)
        let gone = pool.lease(upstream: 0, tried: 0b11)
        #expect(gone == .unresolved)
    }

    @Test func knowsNoBitBeyondTheSixtyFourthTarget() {
        var pool = makePool([66])
        let given = pool.lease(upstream: 0, tried: .max)
        #expect(given == .connect(TargetID(upstream: 0, target: 64), address: 0))
    }

    @Test func opensAFreshOneBesideIdleOnes() {
        var pool = makePool()
        _ = leases(&pool, 1)
        pool.giveBack(connection: 5, first)
        let fresh = pool.lease(upstream: 0, freshOnly: true)
        #expect(fresh == .connect(first, address: 0))
        // The target may have no more: an idle one rather than waiting for what nobody returns.
        let idle = pool.lease(upstream: 0, freshOnly: true)
        #expect(idle == .reuse(connection: 5, first))
        let none = pool.lease(upstream: 0, freshOnly: true)
        #expect(none == .wait)
    }

    @Test func gapsInResolutionAreSkipped() {
        var pool = makePool([2], addresses: 0)
        let none = pool.lease(upstream: 0)
        #expect(none == .unresolved)
        pool.setAddresses(second, count: 1)
        let given = leases(&pool, 3)
        #expect(given == [.connect(second, address: 0), .connect(second, address: 0), .wait])
    }

    @Test func keepsUpstreamsApart() {
        var pool = makePool([1, 1], maximum: 1)
        let one = pool.lease(upstream: 0)
        let other = pool.lease(upstream: 1)
        #expect(one == .connect(first, address: 0))
        #expect(other == .connect(TargetID(upstream: 1, target: 0), address: 0))
        let unknown = pool.lease(upstream: 2)
        #expect(unknown == .unresolved)
        let negative = pool.lease(upstream: -1)
        #expect(negative == .unresolved)
    }
}

@Suite struct ClosingTests {
    @Test func aClosedConnectionMakesRoom() {
        var pool = makePool(maximum: 1)
        _ = leases(&pool, 1)
        pool.closed(connection: 1, first, wasIdle: false)
        let again = leases(&pool, 2)
        #expect(again == [.connect(first, address: 0), .wait])
    }

    @Test func aClosedIdleConnectionIsNotGivenAgain() {
        var pool = makePool(maximum: 3)
        _ = leases(&pool, 3)
        for connection in [7, 8, 9] as [UInt64] { pool.giveBack(connection: connection, first) }
        pool.closed(connection: 8, first, wasIdle: true)
        pool.closed(connection: 9, first, wasIdle: true)
        let given = leases(&pool, 4)
        #expect(
            given == [
                .reuse(connection: 7, first), .connect(first, address: 0),
                .connect(first, address: 0), .wait,
            ]
        )
    }

    @Test func lateAndRepeatedReportsChangeNothing() {
        var pool = makePool()
        pool.giveBack(connection: 1, first)
        pool.closed(connection: 1, first, wasIdle: false)
        pool.closed(connection: 1, first, wasIdle: true)
        _ = leases(&pool, 1)
        pool.giveBack(connection: 1, first)
        pool.giveBack(connection: 1, first)
        pool.closed(connection: 1, first, wasIdle: false)
        pool.closed(connection: 2, first, wasIdle: true)
        let nowhere = TargetID(upstream: 9, target: 9)
        pool.giveBack(connection: 1, nowhere)
        pool.closed(connection: 1, nowhere, wasIdle: true)
        pool.setAddresses(nowhere, count: 3)
        pool.connected(nowhere)
        let again = pool.connectFailed(nowhere, address: 0)
        #expect(!again)
        let counts = (pool.openCount(first), pool.idleCount(first), pool.openCount(nowhere))
        #expect(counts == (1, 1, 0))
    }

    @Test func takesAllIdleOnes() {
        var pool = makePool([2, 1], maximum: 2)
        _ = leases(&pool, 3)
        _ = pool.lease(upstream: 1)
        pool.giveBack(connection: 1, first)
        pool.giveBack(connection: 2, second)
        pool.giveBack(connection: 3, TargetID(upstream: 1, target: 0))
        let taken = pool.takeAllIdle()
        #expect(taken == [1, 2, 3])
        let none = pool.takeAllIdle()
        #expect(none.isEmpty)
        pool.closed(connection: 4, first, wasIdle: false)
        let open = pool.openCount(first) + pool.openCount(second)
        #expect(open == 0)
    }
}

@Suite struct FailureTests {
    @Test func goesOnWithTheTargetsNextAddress() {
        var pool = makePool(addresses: 2)
        _ = leases(&pool, 1)
        let more = pool.connectFailed(first, address: 0)
        #expect(more)
        let next = leases(&pool, 1)
        #expect(next == [.connect(first, address: 1)])
        pool.connected(first)
        // The address that worked is kept.
        let kept = leases(&pool, 1)
        #expect(kept == [.connect(first, address: 1)])
    }

    @Test func saysWhenEveryAddressHasFailed() {
        var pool = makePool(addresses: 3)
        let outcomes = (0..<3).map { address in
            _ = pool.lease(upstream: 0)
            return pool.connectFailed(first, address: address)
        }
        #expect(outcomes == [true, true, false])
        let counts = (pool.openCount(first), pool.isUp(first))
        #expect(counts == (0, false))
        // It begins again with the first.
        let again = leases(&pool, 1)
        #expect(again == [.connect(first, address: 0)])
    }

    @Test func connectionsThatFailTogetherMoveOnOnce() {
        var pool = makePool(maximum: 4, addresses: 2)
        _ = leases(&pool, 3)
        let outcomes = (0..<3).map { _ in pool.connectFailed(first, address: 0) }
        #expect(outcomes == [true, true, true])
        let next = leases(&pool, 1)
        #expect(next == [.connect(first, address: 1)])
    }

    @Test func aTargetThatFailedGoesLastForAWhile() {
        var pool = makePool([2], maximum: 100)
        _ = leases(&pool, 1)
        let more = pool.connectFailed(first, address: 0)
        #expect(!more)
        // One rest after the first failure, and others have their turn.
        let one = leases(&pool, 4).map(target)
        #expect(one == [1, 1, 0, 1])
        // Failing again doubles it.
        _ = pool.connectFailed(first, address: 0)
        let two = leases(&pool, 5).map(target)
        #expect(two == [1, 1, 0, 1, 0])
        pool.connected(first)
        let up = pool.isUp(first)
        #expect(up)
    }

    @Test func theOnlyTargetIsTriedHoweverOftenItFailed() {
        var pool = makePool()
        for _ in 0..<100 {
            let given = leases(&pool, 1)
            #expect(given == [.connect(first, address: 0)])
            let more = pool.connectFailed(first, address: 0)
            #expect(!more)
        }
    }

    @Test func aRestIsBounded() {
        var pool = makePool([2], maximum: .max)
        var gap = 0
        var longest = 0
        for _ in 0..<10_000 {
            gap += 1
            if target(pool.lease(upstream: 0)) == 0 {
                longest = max(longest, gap)
                gap = 0
                _ = pool.connectFailed(first, address: 0)
            }
        }
        #expect(longest > 100)
        #expect(longest <= 2 * 257)
    }

    private func target(_ lease: UpstreamPool.Lease) -> Int {
        switch lease {
        case .reuse(_, let id), .connect(let id, _): id.target
        case .wait, .unresolved: -1
        }
    }
}

@Suite struct WaiterTests {
    @Test func wakesInOrderOfArrivalWhenThereIsAConnection() {
        var pool = makePool(maximum: 1)
        _ = leases(&pool, 1)
        for waiter in [10, 11, 12] as [UInt64] {
            let waits = pool.enqueue(waiter: waiter, upstream: 0)
            #expect(waits)
        }
        let early = pool.nextWaiter(upstream: 0)
        #expect(early == nil)
        pool.giveBack(connection: 1, first)
        let woken = pool.nextWaiter(upstream: 0)
        #expect(woken == 10)
        _ = leases(&pool, 1)
        let late = pool.nextWaiter(upstream: 0)
        #expect(late == nil)
        pool.closed(connection: 1, first, wasIdle: false)
        let next = pool.nextWaiter(upstream: 0)
        #expect(next == 11)
        let left = pool.waiterCount(upstream: 0)
        #expect(left == 1)
    }

    @Test func wakesAllWhenNoTargetIsLeft() {
        var pool = makePool(maximum: 1)
        _ = leases(&pool, 1)
        _ = pool.enqueue(waiter: 1, upstream: 0)
        pool.setAddresses(first, count: 0)
        // Its lease tells it.
        let woken = pool.nextWaiter(upstream: 0)
        #expect(woken == 1)
        let lease = pool.lease(upstream: 0)
        #expect(lease == .unresolved)
    }

    @Test(arguments: 0..<5)
    func cancelsOneAndKeepsTheOthersInOrder(_ cancelled: UInt64) {
        var pool = makePool()
        // Turns the ring first, so that it wraps.
        for _ in 0..<UpstreamPool.waitersMaximum - 2 {
            _ = pool.enqueue(waiter: 99, upstream: 0)
            _ = pool.nextWaiter(upstream: 0)
        }
        for waiter in 0..<5 as Range<UInt64> { _ = pool.enqueue(waiter: waiter, upstream: 0) }
        pool.cancel(waiter: cancelled, upstream: 0)
        pool.cancel(waiter: cancelled, upstream: 0)
        var woken: [UInt64] = []
        while let waiter = pool.nextWaiter(upstream: 0) { woken.append(waiter) }
        #expect(woken == (0..<5).filter { $0 != cancelled })
    }

    @Test func boundsHowManyWait() {
        var pool = makePool()
        let taken = (0..<UpstreamPool.waitersMaximum + 1).filter { waiter in
            pool.enqueue(waiter: UInt64(waiter), upstream: 0)
        }
        #expect(taken.count == UpstreamPool.waitersMaximum)
        let elsewhere = pool.enqueue(waiter: 1, upstream: 7)
        #expect(!elsewhere)
        let nobody = pool.nextWaiter(upstream: 7)
        #expect(nobody == nil)
        pool.cancel(waiter: 1, upstream: 7)
        let first = pool.nextWaiter(upstream: 0)
        #expect(first == 0)
        let again = pool.enqueue(waiter: 5000, upstream: 0)
        #expect(again)
    }
}

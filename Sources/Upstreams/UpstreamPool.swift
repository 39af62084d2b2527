/// One target of one upstream, by their places in the options.
public struct TargetID: Hashable, Sendable {
    /// The upstream's place.
    public let upstream: Int
    /// The target's place in its upstream.
    public let target: Int

    /// Names a target; the pool ignores a place that there is not.
    public init(upstream: Int, target: Int) {
        self.upstream = upstream
        self.target = target
    }
}

/// One worker's upstream connections: which to use, when to open one, who waits.
///
/// It decides and counts; it opens and closes nothing. Connections and waiters are numbers that the
/// caller chooses. A late or repeated report changes nothing.
///
///              lease = connect                 giveBack
///     (none) ─────────────────▶ leased ───────────────────▶ idle
///        ▲                       │  ▲                        │ │
///        └── connectFailed, ─────┘  └───── lease = reuse ────┘ │
///            closed(wasIdle: false)                            │
///        ▲                                                     │
///        └────────── closed(wasIdle: true), takeAllIdle ───────┘
public struct UpstreamPool: ~Copyable {
    /// What to do for one request.
    public enum Lease: Equatable, Sendable {
        /// Send it on this connection, which was idle.
        case reuse(connection: UInt64, TargetID)
        /// Open a connection to this address of the target; it is counted already.
        case connect(TargetID, address: Int)
        /// Every target has all its connections leased: `enqueue`.
        case wait
        /// No target is left: all tried, or no address known.
        case unresolved
    }

    /// Requests of one upstream that may wait for a connection; more are refused.
    public static let waitersMaximum = 1024

    private var upstreams: [Upstream]

    /// No target has an address yet: see `setAddresses`.
    public init(_ upstreams: [UpstreamOptions]) {
        self.upstreams = upstreams.map(Upstream.init)
    }

    /// Says how many addresses the target's name has now; 0 = none, and it gets no connection.
    public mutating func setAddresses(_ id: TargetID, count: Int) {
        guard contains(id) else { return }
        upstreams[id.upstream].targets[id.target].setAddresses(count)
    }

    /// Chooses for one request: targets in turn, and of a target the connection idle for the
    /// shortest time, before a new one.
    ///
    /// - Parameters:
    ///   - upstream: its place in the options.
    ///   - tried: a bit for each of the first 64 targets that this request has failed at.
    ///   - freshOnly: a new connection is wanted, after an idle one turned out to be closed; an
    ///     idle one is still given where the target may have no more.
    /// - Returns: what to do.
    public mutating func lease(upstream: Int, tried: UInt64 = 0, freshOnly: Bool = false) -> Lease {
        guard upstreams.indices.contains(upstream) else { return .unresolved }
        switch upstreams[upstream].choose(tried: tried) {
        case .full: return .wait
        case .none: return .unresolved
        case .target(let target):
            let id = TargetID(upstream: upstream, target: target)
            return upstreams[upstream].targets[target].take(as: id, freshOnly: freshOnly)
        }
    }

    /// Takes back a leased connection that can carry another request.
    ///
    /// Ask `nextWaiter` afterwards.
    public mutating func giveBack(connection: UInt64, _ id: TargetID) {
        guard contains(id) else { return }
        upstreams[id.upstream].targets[id.target].giveBack(connection)
    }

    /// Forgets a connection that is closed, established or given up before. Ask `nextWaiter`
    /// afterwards.
    public mutating func closed(connection: UInt64, _ id: TargetID, wasIdle: Bool) {
        guard contains(id) else { return }
        upstreams[id.upstream].targets[id.target].closed(connection, wasIdle: wasIdle)
    }

    /// Forgets a connection that never was established. The target rests: for some of the next
    /// leases others go before it.
    ///
    /// - Returns: whether the target has another address to try at once (the caller bounds how
    ///   often); when not, set its bit in `tried`.
    public mutating func connectFailed(_ id: TargetID, address: Int) -> Bool {
        guard contains(id) else { return false }
        return upstreams[id.upstream].targets[id.target].connectFailed(address)
    }

    /// Says that a connection is established: the target rests no more.
    public mutating func connected(_ id: TargetID) {
        guard contains(id) else { return }
        upstreams[id.upstream].targets[id.target].connected()
    }

    private func contains(_ id: TargetID) -> Bool {
        upstreams.indices.contains(id.upstream)
            && upstreams[id.upstream].targets.indices.contains(id.target)
    }
}

// Who waits.
extension UpstreamPool {
    /// Has a request wait, in order of arrival; false when too many wait.
    public mutating func enqueue(waiter: UInt64, upstream: Int) -> Bool {
        guard upstreams.indices.contains(upstream) else { return false }
        return upstreams[upstream].waiters.append(waiter)
    }

    /// Takes the waiter that has waited longest, when a lease would not have it wait again.
    public mutating func nextWaiter(upstream: Int) -> UInt64? {
        guard upstreams.indices.contains(upstream), !upstreams[upstream].isFull else { return nil }
        return upstreams[upstream].waiters.popFirst()
    }

    /// Takes out a waiter that waits no more: it timed out, or its client left.
    public mutating func cancel(waiter: UInt64, upstream: Int) {
        guard upstreams.indices.contains(upstream) else { return }
        upstreams[upstream].waiters.remove(waiter)
    }
}

// What there is.
extension UpstreamPool {
    /// Connections to the target, leased and idle, and those being established.
    public func openCount(_ id: TargetID) -> Int {
        contains(id) ? upstreams[id.upstream].targets[id.target].open : 0
    }

    /// Connections to the target that wait for a request.
    public func idleCount(_ id: TargetID) -> Int {
        contains(id) ? upstreams[id.upstream].targets[id.target].idle.count : 0
    }

    /// Requests that wait for a connection to the upstream.
    public func waiterCount(upstream: Int) -> Int {
        upstreams.indices.contains(upstream) ? upstreams[upstream].waiters.count : 0
    }

    /// Whether the target's latest connection could be established; true before the first.
    public func isUp(_ id: TargetID) -> Bool {
        contains(id) && upstreams[id.upstream].targets[id.target].isUp
    }

    /// Forgets every idle connection and returns them: the caller closes them and reports nothing.
    public mutating func takeAllIdle() -> [UInt64] {
        var taken: [UInt64] = []
        for upstream in upstreams.indices {
            for target in upstreams[upstream].targets.indices {
                taken += upstreams[upstream].targets[target].takeAllIdle()
            }
        }
        return taken
    }
}

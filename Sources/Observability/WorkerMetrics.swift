public import HTTPCore

/// What one thread has counted: plain storage of its own, no locks. Other threads get snapshots.
public struct WorkerMetrics: Sendable {
    private var requests = RequestCounts(combinations: 512)
    private var requestDurations = Histogram()
    private var upstreamDurations = Histogram()
    private var counters: [UInt64]
    private var gauges: [Int64]
    private var routes = RouteNumbers()
    private var targets: [TargetState] = []

    /// Nothing counted yet; routes and targets as for `adopt`, whose answer is then 0.
    public init(routeNames: [String], upstreamTargets: [(upstream: String, target: String)]) {
        counters = Array(repeating: 0, count: Counter.allCases.count)
        gauges = Array(repeating: 0, count: Gauge.allCases.count)
        adopt(routeNames: routeNames, upstreamTargets: upstreamTargets)
    }

    /// Takes the routes and targets of another configuration beside those it knows; what was
    /// counted stays. Allocates.
    ///
    /// The answer is to be added to the configuration's route indices in `ExchangeRecord.route`. Of
    /// the targets only the latest list is kept; a target's state goes over by its names.
    @discardableResult
    public mutating func adopt(
        routeNames: [String],
        upstreamTargets: [(upstream: String, target: String)]
    ) -> Int {
        let base = routes.adopt(routeNames)
        let wanted = min(max(routes.names.count * 32, 512), 1 << 14)
        if requests.capacity < wanted {
            requests = requests.resized(to: Self.powerOfTwo(atLeast: wanted))
        }
        targets = upstreamTargets.map { names in
            targets.first { $0.upstream == names.upstream && $0.target == names.target }
                ?? TargetState(upstream: names.upstream, target: names.target)
        }
        return base
    }

    /// Counts an exchange: its combination of labels and its durations.
    public mutating func count(_ record: ExchangeRecord) {
        requests.add(
            RequestCounts.Key(
                route: routes.number(of: record.route),
                method: record.method,
                status: record.status,
                reason: record.reason
            )
        )
        // A tunnel lasts as long as its ends want: that is nobody's waiting time.
        if record.status != 101 { requestDurations.count(record.duration) }
        if let duration = record.upstreamDuration { upstreamDurations.count(duration) }
    }

    /// Adds to a counter.
    public mutating func increment(_ counter: Counter, by count: UInt64 = 1) {
        counters[Int(counter.rawValue)] &+= count
    }

    /// Sets a counter whose total is kept elsewhere.
    public mutating func set(_ counter: Counter, _ total: UInt64) {
        counters[Int(counter.rawValue)] = total
    }

    /// Sets a gauge.
    public mutating func set(_ gauge: Gauge, _ value: Int64) {
        gauges[Int(gauge.rawValue)] = value
    }

    /// Counts a session check: nil is a valid session.
    public mutating func countSessionCheck(refused reason: Reason?) {
        increment(reason.map { Counter.sessionCheck(refused: $0) } ?? .sessionValid)
    }

    /// Counts a TLS handshake; `version` as OpenSSL names it.
    public mutating func countHandshake(version: StaticString?, resumed: Bool, succeeded: Bool) {
        guard succeeded, let version else {
            increment(.handshakeFailed)
            return
        }
        switch (version.description == "TLSv1.3", resumed) {
        case (false, false): increment(.handshakeTLS12)
        case (false, true): increment(.handshakeTLS12Resumed)
        case (true, false): increment(.handshakeTLS13)
        case (true, true): increment(.handshakeTLS13Resumed)
        }
    }

    /// Sets what the verified-token cache says of itself.
    public mutating func setTokenCache(hits: UInt64, misses: UInt64, entries: Int64) {
        set(.tokenCacheHits, hits)
        set(.tokenCacheMisses, misses)
        set(.tokenCacheEntries, entries)
    }

    /// Notes that a target answered or failed to; of several threads' notes the latest counts, and
    /// a target without one is up.
    ///
    /// - Parameters:
    ///   - target: its index in the latest `adopt`; others are ignored.
    ///   - isUp: whether it could be connected to.
    ///   - wallMilliseconds: when, since the epoch.
    public mutating func setUpstream(target: Int, isUp: Bool, at wallMilliseconds: Int64) {
        guard targets.indices.contains(target) else { return }
        targets[target].isUp = isUp
        targets[target].notedAt = wallMilliseconds
    }

    /// A copy of everything that shares no storage with this one.
    public func snapshot() -> MetricsSnapshot {
        var counts: [RequestSeries] = []
        counts.reserveCapacity(requests.used)
        requests.forEach { key, count in
            counts.append(
                RequestSeries(
                    labels: RequestLabels(
                        route: routes.names[Int(key.route)],
                        method: key.method,
                        status: key.status,
                        reason: key.reason
                    ),
                    count: count
                )
            )
        }
        return MetricsSnapshot(
            requests: counts,
            requestOverflow: requests.overflow,
            requestDurations: requestDurations,
            upstreamDurations: upstreamDurations,
            counters: counters.map { $0 },
            gauges: gauges.map { $0 },
            targets: targets.map { $0 }
        )
    }

    private static func powerOfTwo(atLeast number: Int) -> Int {
        var power = 1
        while power < number { power *= 2 }
        return power
    }
}

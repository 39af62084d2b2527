import HTTPCore

/// What one thread had counted at one moment; several merge into one.
public struct MetricsSnapshot: Sendable {
    var requests: [RequestSeries]
    /// Exchanges whose combination of labels was one too many.
    var requestOverflow: UInt64
    var requestDurations: Histogram
    var upstreamDurations: Histogram
    /// By `Counter.rawValue`.
    var counters: [UInt64]
    /// By `Gauge.rawValue`.
    var gauges: [Int64]
    var targets: [TargetState]

    func value(of counter: Counter) -> UInt64 { counters[Int(counter.rawValue)] }

    func value(of gauge: Gauge) -> Int64 { gauges[Int(gauge.rawValue)] }
}

/// The labels of `sallyport_requests_total`; routes by name, so that configurations merge.
struct RequestLabels: Hashable, Sendable {
    var route: String
    var method: Method
    var status: UInt16
    var reason: Reason
}

/// One series of `sallyport_requests_total`.
struct RequestSeries: Sendable {
    var labels: RequestLabels
    var count: UInt64
}

/// Whether a target answers, and since when that is known.
struct TargetState: Sendable {
    var upstream: String
    var target: String
    var isUp = true
    /// Milliseconds since the epoch; 0 = never noted.
    var notedAt: Int64 = 0
}

extension MetricsSnapshot {
    /// All of several threads' counts; of none, zeros.
    static func merged(_ snapshots: [MetricsSnapshot]) -> MetricsSnapshot {
        var all = MetricsSnapshot(
            requests: [],
            requestOverflow: 0,
            requestDurations: Histogram(),
            upstreamDurations: Histogram(),
            counters: Array(repeating: 0, count: Counter.allCases.count),
            gauges: Array(repeating: 0, count: Gauge.allCases.count),
            targets: []
        )
        for snapshot in snapshots {
            all.requestOverflow &+= snapshot.requestOverflow
            all.requestDurations.merge(snapshot.requestDurations)
            all.upstreamDurations.merge(snapshot.upstreamDurations)
            for index in all.counters.indices { all.counters[index] &+= snapshot.counters[index] }
            all.mergeGauges(snapshot)
        }
        all.requests = mergedRequests(snapshots)
        all.targets = mergedTargets(snapshots)
        return all
    }

    private mutating func mergeGauges(_ other: MetricsSnapshot) {
        for gauge in Gauge.allCases {
            let index = Int(gauge.rawValue)
            if gauge.isSum {
                gauges[index] &+= other.gauges[index]
            } else {
                gauges[index] = max(gauges[index], other.gauges[index])
            }
        }
    }

    private static func mergedRequests(_ snapshots: [MetricsSnapshot]) -> [RequestSeries] {
        var counts: [RequestLabels: UInt64] = [:]
        for snapshot in snapshots {
            for series in snapshot.requests { counts[series.labels, default: 0] &+= series.count }
        }
        let series = counts.map { RequestSeries(labels: $0.key, count: $0.value) }
        return series.sorted { $0.labels.precedes($1.labels) }
    }

    private static func mergedTargets(_ snapshots: [MetricsSnapshot]) -> [TargetState] {
        var states: [String: TargetState] = [:]
        for state in snapshots.flatMap(\.targets) {
            let name = "\(state.upstream)\0\(state.target)"
            if let known = states[name], known.notedAt >= state.notedAt { continue }
            states[name] = state
        }
        return states.sorted { $0.key < $1.key }.map(\.value)
    }
}

extension RequestLabels {
    fileprivate func precedes(_ other: RequestLabels) -> Bool {
        if route != other.route { return route < other.route }
        if method != other.method { return method.rawValue < other.method.rawValue }
        if status != other.status { return status < other.status }
        return reason.rawValue < other.reason.rawValue
    }
}

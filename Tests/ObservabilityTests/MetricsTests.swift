import EventLoop
import HTTPCore
import Testing

@testable import Observability

@Suite struct HistogramTests {
    @Test func eachBoundBelongsToItsBucket() {
        for (index, bound) in Histogram.bounds.enumerated() {
            #expect(Histogram.bucket(of: bound) == index)
            #expect(Histogram.bucket(of: bound + 1) == index + 1)
        }
        #expect(Histogram.bucket(of: 0) == 0 && Histogram.bucket(of: .max) == 16)
    }

    @Test func countsDurationsOfAnySign() {
        var histogram = Histogram()
        histogram.count(.microseconds(99))
        histogram.count(.milliseconds(-5))
        histogram.count(.seconds(Int64.max))
        #expect(histogram.counts[0] == 2 && histogram.counts[16] == 1)
        #expect(Histogram.microseconds(.nanoseconds(2_999)) == 2)
    }
}

@Suite struct RequestCountsTests {
    private func key(_ route: Int, _ status: Int) -> RequestCounts.Key {
        RequestCounts.Key(
            route: UInt32(route),
            method: .get,
            status: UInt16(status),
            reason: .none
        )
    }

    @Test func keysKeepTheirParts() {
        let key = RequestCounts.Key(
            route: 0xFF_FFFF,
            method: .other,
            status: .max,
            reason: .clientClosed
        )
        #expect(key.route == 0xFF_FFFF && key.method == .other && key.status == .max)
        #expect(key.reason == .clientClosed)
    }

    @Test func countsUpToItsCapacityAndThenTogether() {
        var counts = RequestCounts(combinations: 64)
        for round in 0..<2 {
            for status in 0..<100 { counts.add(key(round, status)) }
            for status in 0..<64 { counts.add(key(0, status)) }
        }
        var total: UInt64 = 0
        counts.forEach { _, count in total += count }
        #expect(counts.used == 64 && total == 64 * 3 && counts.overflow == 36 + 100)
        let larger = counts.resized(to: 256)
        var kept: UInt64 = 0
        larger.forEach { _, count in kept += count }
        #expect(larger.capacity == 256 && kept == total && larger.overflow == counts.overflow)
    }
}

@Suite struct WorkerMetricsTests {
    private func record(route: Int, status: UInt16, _ method: Method = .get) -> ExchangeRecord {
        var record = ExchangeRecord()
        record.route = route
        record.status = status
        record.method = method
        return record
    }

    private func lines(_ snapshots: [MetricsSnapshot]) -> [String] {
        let text = String(decoding: PrometheusText.render(snapshots), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    @Test func mergesConfigurationsAndWorkersByRouteName() {
        var first = WorkerMetrics(routeNames: ["a", "b"], upstreamTargets: [])
        first.count(record(route: 1, status: 200))
        let base = first.adopt(routeNames: ["b", "c"], upstreamTargets: [])
        first.count(record(route: base, status: 200))
        first.count(record(route: base + 1, status: 200))
        let same = first.adopt(routeNames: ["a", "b"], upstreamTargets: [])
        var second = WorkerMetrics(routeNames: ["b"], upstreamTargets: [])
        second.count(record(route: 0, status: 200))
        second.count(record(route: 0, status: 404, .other))
        second.count(record(route: -1, status: 404))
        second.count(record(route: 99, status: 404))
        let text = lines([first.snapshot(), second.snapshot()])
        let requests = text.filter { $0.hasPrefix("sallyport_requests_total") }
        #expect(base == 2 && same == 0)
        #expect(
            requests == [
                #"sallyport_requests_total{route="",method="GET",status="404",reason=""} 2"#,
                #"sallyport_requests_total{route="b",method="GET",status="200",reason=""} 3"#,
                #"sallyport_requests_total{route="b",method="other",status="404",reason=""} 1"#,
                #"sallyport_requests_total{route="c",method="GET",status="200",reason=""} 1"#,
            ]
        )
    }

    @Test func snapshotsDoNotChangeLater() {
        var metrics = WorkerMetrics(routeNames: ["a"], upstreamTargets: [])
        metrics.increment(.lateEvents)
        let snapshot = metrics.snapshot()
        metrics.increment(.lateEvents, by: 5)
        #expect(snapshot.value(of: .lateEvents) == 1)
        #expect(metrics.snapshot().value(of: .lateEvents) == 6)
    }

    @Test func boundsTheSeriesThatAnUpstreamMakesUp() {
        var metrics = WorkerMetrics(routeNames: ["a"], upstreamTargets: [])
        for status in 100..<1000 as Range<UInt16> {
            metrics.count(record(route: 0, status: status))
        }
        let series = lines([metrics.snapshot()]).filter {
            $0.hasPrefix("sallyport_requests_total{")
        }
        #expect(series.count == 513)
        #expect(series.contains { $0.hasSuffix(#"reason="overflow"} 388"#) })
    }

    @Test func addsSumsAndTakesTheLargestOfTheOthers() {
        var first = WorkerMetrics(routeNames: [], upstreamTargets: [])
        var second = first
        first.set(.clientConnections, 3)
        first.set(.keysAgeSeconds, 40)
        second.set(.clientConnections, 4)
        second.set(.keysAgeSeconds, 30)
        let text = lines([first.snapshot(), second.snapshot()])
        #expect(text.contains(#"sallyport_connections{side="client"} 7"#))
        #expect(text.contains("sallyport_keys_age_seconds 40"))
    }

    @Test func theLatestNoteOfATargetCounts() {
        let targets = [(upstream: "o", target: "http://a"), (upstream: "o", target: "http://b")]
        var first = WorkerMetrics(routeNames: [], upstreamTargets: targets)
        var second = first
        first.setUpstream(target: 0, isUp: false, at: 100)
        second.setUpstream(target: 0, isUp: true, at: 50)
        second.setUpstream(target: 9, isUp: false, at: 50)
        first.adopt(routeNames: [], upstreamTargets: targets)
        let text = lines([first.snapshot(), second.snapshot()])
        #expect(text.contains(#"sallyport_upstream_up{upstream="o",target="http://a"} 0"#))
        #expect(text.contains(#"sallyport_upstream_up{upstream="o",target="http://b"} 1"#))
    }

    @Test func countsHandshakesAndSessionChecks() {
        var metrics = WorkerMetrics(routeNames: [], upstreamTargets: [])
        metrics.countHandshake(version: "TLSv1.3", resumed: true, succeeded: true)
        metrics.countHandshake(version: "TLSv1.2", resumed: false, succeeded: true)
        metrics.countHandshake(version: "TLSv1.3", resumed: false, succeeded: false)
        metrics.countHandshake(version: nil, resumed: false, succeeded: false)
        metrics.countSessionCheck(refused: nil)
        metrics.countSessionCheck(refused: .expired)
        metrics.countSessionCheck(refused: .coreUnreachable)
        metrics.setTokenCache(hits: 7, misses: 2, entries: 1)
        let text = lines([metrics.snapshot()])
        let name = "sallyport_tls_handshakes_total"
        #expect(text.contains(#"\#(name){version="TLSv1.3",resumed="true",result="success"} 1"#))
        #expect(text.contains(#"\#(name){version="TLSv1.2",resumed="false",result="success"} 1"#))
        #expect(text.contains(#"\#(name){version="",resumed="false",result="failure"} 2"#))
        #expect(text.contains(#"sallyport_session_checks_total{result="valid"} 1"#))
        #expect(text.contains(#"sallyport_session_checks_total{result="expired"} 1"#))
        #expect(text.contains(#"sallyport_session_checks_total{result="undecided"} 1"#))
        #expect(text.contains("sallyport_token_cache_hits 7"))
        #expect(text.contains("sallyport_token_cache_entries 1"))
    }
}

@Suite struct PrometheusTextTests {
    @Test func everyCounterAndGaugeHasOneSeries() {
        var counters: [Counter] = []
        var gauges: [Gauge] = []
        for series in MetricFamily.all.flatMap(\.series) {
            switch series.source {
            case .counter(let counter): counters.append(counter)
            case .gauge(let gauge): gauges.append(gauge)
            }
        }
        #expect(counters.count == Counter.allCases.count)
        #expect(Set(counters).count == Counter.allCases.count)
        #expect(gauges.count == Gauge.allCases.count && Set(gauges).count == gauges.count)
    }

    @Test func histogramsAreCumulative() {
        var metrics = WorkerMetrics(routeNames: [], upstreamTargets: [])
        var record = ExchangeRecord()
        record.duration = .microseconds(300)
        metrics.count(record)
        record.duration = .seconds(20)
        record.upstreamDuration = .milliseconds(1)
        metrics.count(record)
        let text = String(decoding: PrometheusText.render([metrics.snapshot()]), as: UTF8.self)
        for line in [
            #"sallyport_request_duration_seconds_bucket{le="0.0001"} 0"#,
            #"sallyport_request_duration_seconds_bucket{le="0.0005"} 1"#,
            #"sallyport_request_duration_seconds_bucket{le="2.5"} 1"#,
            #"sallyport_request_duration_seconds_bucket{le="10"} 1"#,
            #"sallyport_request_duration_seconds_bucket{le="+Inf"} 2"#,
            "sallyport_request_duration_seconds_sum 20.0003",
            "sallyport_request_duration_seconds_count 2",
            "sallyport_upstream_duration_seconds_sum 0.001",
            "sallyport_upstream_duration_seconds_count 1",
            "# TYPE sallyport_request_duration_seconds histogram",
        ] {
            #expect(text.contains("\(line)\n"), "\(line)")
        }
    }

    @Test func escapesLabelsAndHasTheContractsNames() {
        var metrics = WorkerMetrics(routeNames: ["a\"\\\nb"], upstreamTargets: [("u", "t")])
        var record = ExchangeRecord()
        record.route = 0
        metrics.count(record)
        let text = String(decoding: PrometheusText.render([metrics.snapshot()]), as: UTF8.self)
        #expect(text.contains(#"{route="a\"\\\nb",method="other",status="",reason=""} 1"#))
        for name in [
            "sallyport_requests_total", "sallyport_request_duration_seconds",
            "sallyport_upstream_duration_seconds", "sallyport_session_checks_total",
            "sallyport_token_cache_hits", "sallyport_token_cache_misses",
            "sallyport_token_cache_entries", "sallyport_keys_age_seconds",
            "sallyport_keys_fetches_total", "sallyport_connections",
            "sallyport_tls_handshakes_total", "sallyport_upstream_up",
        ] {
            #expect(text.contains("# HELP \(name) ") && text.contains("# TYPE \(name) "))
        }
    }

    @Test func nothingCountedIsStillText() {
        let text = String(decoding: PrometheusText.render([]), as: UTF8.self)
        #expect(text.hasSuffix("\n") && text.contains("sallyport_token_cache_hits 0\n"))
    }
}

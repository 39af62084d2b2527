import HTTPCore

/// The text that Prometheus reads, exposition format version 0.0.4.
public enum PrometheusText {
    /// The value of the answer's `Content-Type`.
    public static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

    /// The sum of the threads' counts, in an order that never changes.
    public static func render(_ snapshots: [MetricsSnapshot]) -> [UInt8] {
        let all = MetricsSnapshot.merged(snapshots)
        var text = ""
        renderRequests(all, into: &text)
        render(
            all.requestDurations,
            "sallyport_request_duration_seconds",
            "Time from a request's first byte to its answer's last.",
            into: &text
        )
        render(
            all.upstreamDurations,
            "sallyport_upstream_duration_seconds",
            "Time from a request's forwarding to the head of the upstream's answer.",
            into: &text
        )
        for family in MetricFamily.all { render(family, all, into: &text) }
        renderTargets(all.targets, into: &text)
        return Array(text.utf8)
    }

    private static func renderRequests(_ all: MetricsSnapshot, into text: inout String) {
        let name = "sallyport_requests_total"
        renderHead(name, "Requests by route, method, status and reason.", "counter", into: &text)
        for series in all.requests {
            let labels = series.labels
            let status = labels.status == 0 ? "" : "\(labels.status)"
            text += """
                \(name){route="\(escaped(labels.route))",method="\(labels.method.name)",\
                status="\(status)",reason="\(labels.reason.code)"} \(series.count)

                """
        }
        guard all.requestOverflow > 0 else { return }
        text += """
            \(name){route="",method="other",status="",reason="overflow"} \(all.requestOverflow)

            """
    }

    private static func render(
        _ histogram: Histogram,
        _ name: String,
        _ help: String,
        into text: inout String
    ) {
        renderHead(name, help, "histogram", into: &text)
        var total: UInt64 = 0
        for index in histogram.counts.indices {
            total &+= histogram.counts[index]
            let isLast = index == Histogram.bounds.count
            let bound = isLast ? "+Inf" : seconds(Histogram.bounds[index])
            text += "\(name)_bucket{le=\"\(bound)\"} \(total)\n"
        }
        text += "\(name)_sum \(seconds(histogram.sum))\n\(name)_count \(total)\n"
    }

    private static func render(
        _ family: MetricFamily,
        _ all: MetricsSnapshot,
        into text: inout String
    ) {
        let name = family.name.description
        let kind = family.isCounter ? "counter" : "gauge"
        renderHead(name, family.help.description, kind, into: &text)
        for series in family.series {
            let labels = series.labels.description
            text += labels.isEmpty ? name : "\(name){\(labels)}"
            switch series.source {
            case .counter(let counter): text += " \(all.value(of: counter))\n"
            case .gauge(let gauge): text += " \(all.value(of: gauge))\n"
            }
        }
    }

    private static func renderTargets(_ targets: [TargetState], into text: inout String) {
        let name = "sallyport_upstream_up"
        renderHead(name, "Whether a target answered when last connected to.", "gauge", into: &text)
        for state in targets {
            let labels = """
                upstream="\(escaped(state.upstream))",target="\(escaped(state.target))"
                """
            text += "\(name){\(labels)} \(state.isUp ? 1 : 0)\n"
        }
    }

    private static func renderHead(
        _ name: String,
        _ help: String,
        _ kind: String,
        into text: inout String
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    /// Microseconds as seconds, without a floating-point detour: `0.00025`, `1`, `2.5`.
    static func seconds(_ microseconds: UInt64) -> String {
        let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        guard rest > 0 else { return "\(whole)" }
        let digits = "\(rest)"
        var fraction = String(repeating: "0", count: 6 - digits.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(whole).\(fraction)"
    }

    /// A label's value: backslash, quotation mark and line feed are escaped.
    static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += #"\\"#
            case "\"": text += #"\""#
            case "\n": text += #"\n"#
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

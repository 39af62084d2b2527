import Bytes
import EventLoop
import HTTPCore
import Observability
import Proxy
import Sessions

/// A request for `/metrics` that waits for the workers' numbers.
struct MetricsCollection {
    let number: Int
    let ticket: ServiceTicket
    var missing: Int
    var snapshots: [MetricsSnapshot]
    let deadline: Instant
}

/// The admin listener.
extension ControlLoop {
    /// How long a worker may take to send its numbers; then the others' are shown.
    private static let collectionTime = Duration.seconds(1)

    mutating func adminReady(_ token: EventToken, _ readiness: Readiness) {
        guard var server = admin.take() else { return }
        var asked: [ServiceTicket] = []
        var revoking: [(RevocationCommand, ServiceTicket)] = []
        var looking: [(SessionsQuery, ServiceTicket)] = []
        let secret = configuration.options.adminToken
        let notReady = notReady
        let isLoopback = configuration.options.admin?.isLoopback ?? false
        server.handle(token, readiness, loop: loop) { request, ticket in
            let verdict = AdminService.verdict(
                request,
                isLoopback: isLoopback,
                notReady: notReady,
                token: secret
            )
            switch verdict {
            case .answer(let response):
                return response
            case .metrics:
                asked.append(ticket)
                return nil
            case .revoke(let command):
                revoking.append((command, ticket))
                return nil
            case .lookUp(let query):
                looking.append((query, ticket))
                return nil
            }
        }
        admin = consume server
        for ticket in asked { collectMetrics(ticket) }
        for (command, ticket) in revoking { revoke(command, ticket) }
        for (query, ticket) in looking { look(up: query, ticket) }
    }

    /// Why the gateway is not ready to judge requests; nil = it is.
    var notReady: String? {
        if drainDeadline != nil { return "shutting_down" }
        if startedWorkers < workers.count { return "starting" }
        guard !needsKeys || fetcher.keys.hasUsableKeys(wallMilliseconds: loop.wallMilliseconds)
        else {
            return "core_unreachable: no usable session keys"
        }
        return nil
    }

    private mutating func collectMetrics(_ ticket: ServiceTicket) {
        let number = nextCollection
        nextCollection += 1
        collections.append(
            MetricsCollection(
                number: number,
                ticket: ticket,
                missing: workers.count,
                snapshots: [],
                deadline: loop.now + Self.collectionTime
            )
        )
        broadcast(.collectMetrics(number))
    }

    mutating func collected(_ number: Int, _ snapshot: MetricsSnapshot) {
        guard let index = collections.firstIndex(where: { $0.number == number }) else { return }
        collections[index].snapshots.append(snapshot)
        collections[index].missing -= 1
        if collections[index].missing == 0 { finish(collections.remove(at: index)) }
    }

    mutating func expireCollections() {
        let due = collections.filter { $0.deadline <= loop.now }
        collections.removeAll { $0.deadline <= loop.now }
        for collection in due { finish(collection) }
    }

    private mutating func finish(_ collection: MetricsCollection) {
        let keys = fetcher.keys
        let confirmed = max(keys.webConfirmedAt, keys.legacyConfirmedAt)
        // Keys that never came are as old as the process, and stale.
        let since = confirmed == 0 ? startedWall : confirmed
        let age = max((loop.wallMilliseconds - since) / 1000, 0)
        metrics.set(.keysAgeSeconds, age)
        let maximum = configuration.options.sessions.keysMaximumAge.milliseconds / 1000
        metrics.set(.keysStale, age > maximum || confirmed == 0 ? 1 : 0)
        metrics.set(.workers, Int64(workers.count))
        metrics.set(.keyFetchesSucceeded, fetcher.fetchesSucceeded)
        metrics.set(.keyFetchesFailed, fetcher.fetchesFailed)
        metrics.set(.revokedSessions, Int64(revocations.table.count))
        metrics.set(.revocationMark, max(revocations.table.mark, 0) / 1000)
        metrics.set(.accessLogDropped, accessLog.dropped)
        let text = PrometheusText.render(collection.snapshots + [metrics.snapshot()])
        guard var server = admin.take() else { return }
        server.answer(
            collection.ticket,
            ServiceResponse(
                status: 200,
                contentType: "text/plain; version=0.0.4; charset=utf-8",
                content: text
            ),
            loop: loop
        ) { _, _ in .text(503, "one request at a time\n") }
        admin = consume server
    }
}

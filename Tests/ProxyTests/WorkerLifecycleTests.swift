import Bytes
import Connections
import EventLoop
import HTTPCore
import Policy
import Sessions
import TestSupport
import Testing
import Upstreams

@testable import Proxy

/// Configurations come and go while requests run.
@Suite struct WorkerGenerationTests {
    private func renamed(
        _ number: Int,
        _ change: (inout GatewayOptions) -> Void
    ) -> GenerationSource {
        var options = Fixture.options()
        options.routes[0] = Fixture.route("new", .public)
        change(&options)
        return Fixture.source(options, number: number)
    }

    private func isLive(_ rig: WorkerRig, _ wanted: Int) -> Bool {
        rig.told.contains { message in
            if case .generationLive(0, wanted) = message { true } else { false }
        }
    }

    @Test func newRequestsMeetTheNewRoutes() throws {
        let rig = try WorkerRig()
        #expect(try rig.ask(get("/new")).contains("sallyport-reason: no_route"))
        rig.post(.generation(renamed(2) { _ in }))
        try rig.run(until: "the generation") { isLive(rig, 2) }
        #expect(rig.worker.generations.count == 1 && rig.worker.pools.count == 1)
        let client = try rig.connect()
        try client.send(get("/new"))
        let upstream = try rig.acceptUpstream()
        #expect(try rig.message(to: upstream).hasPrefix("GET /new HTTP/1.1\r\n"))
        #expect(try rig.ask(get("/public")).contains("sallyport-reason: no_route"))
    }

    @Test func aRunningRequestKeepsItsOwn() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        rig.post(.generation(renamed(2) { $0.sessions.jwtScheme = "Other" }))
        try rig.run(until: "the generation") { isLive(rig, 2) }
        #expect(rig.worker.generations.count == 2 && rig.worker.authenticators.count == 2)
        try upstream.send(ok("late"))
        #expect(try rig.message(to: client).hasSuffix("late"))
        try rig.settle()
        #expect(rig.worker.generations.count == 1 && rig.worker.authenticators.count == 1)
        #expect(rig.worker.generations[rig.worker.current].number == 2)
        #expect(rig.leftovers.isEmpty)
    }

    /// Equal `sessions` and `upstreams` leave the cache and the connections warm.
    @Test func whatDidNotChangeIsKept() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        try upstream.send(ok(""))
        _ = try rig.message(to: client)
        rig.post(.generation(renamed(2) { _ in }))
        try rig.run(until: "the generation") { isLive(rig, 2) }
        try client.send(get("/new"))
        #expect(try rig.message(to: upstream).hasPrefix("GET /new "))
        #expect(rig.worker.upstreams.count == 1)
    }

    @Test func idleConnectionsOfUpstreamsThatChangedAreClosed() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        try upstream.send(ok(""))
        _ = try rig.message(to: client)
        rig.post(.generation(renamed(2) { $0.upstreams[0].responseTimeout = .seconds(1) }))
        try rig.run(until: "the generation") { isLive(rig, 2) }
        #expect(try rig.rest(to: upstream).isEmpty && rig.worker.upstreams.count == 0)
        #expect(rig.worker.pools.count == 1)
    }

    @Test func oneThatDoesNotCompileIsRefusedAndTheOldOneServes() throws {
        let rig = try WorkerRig()
        rig.post(.generation(renamed(7) { $0.routes[0].path = .pattern("(", prefix: "/") }))
        try rig.run(until: "the refusal") { !rig.told.isEmpty }
        guard case .generationRefused(0, 7, let text) = rig.told.last else {
            Issue.record("not refused")
            return
        }
        #expect(!text.isEmpty && rig.worker.generations[rig.worker.current].number == 1)
        #expect(try rig.ask(get("/nowhere")).hasPrefix("HTTP/1.1 404 "))
    }

    @Test func newAddressesAreUsed() throws {
        let rig = try WorkerRig()
        let other = try TestListener()
        rig.post(.addresses(generation: 1, .init(upstream: 0, target: 0), [other.address]))
        let client = try rig.connect()
        try client.send(get("/public"))
        var peer: TestPeer?
        try rig.run(until: "a connection") {
            peer = try other.acceptNow()
            return peer != nil
        }
        guard let peer else { return }
        #expect(try rig.message(to: peer).hasPrefix("GET /public "))
        #expect(try rig.upstream.acceptNow() == nil)
    }

    /// The resolver may answer late: its addresses are no other configuration's.
    @Test func addressesOfAnotherConfigurationAreIgnored() throws {
        let rig = try WorkerRig()
        let other = try TestListener()
        rig.post(.addresses(generation: 7, .init(upstream: 0, target: 0), [other.address]))
        let client = try rig.connect()
        try client.send(get("/public"))
        #expect(try rig.message(to: rig.acceptUpstream()).hasPrefix("GET /public "))
        #expect(try other.acceptNow() == nil)
    }
}

/// Draining: what runs is finished, what idles goes, and nothing stays beyond the deadline.
@Suite struct WorkerDrainTests {
    private func drain(_ rig: WorkerRig, seconds: Int64 = 30) {
        rig.post(.drain(until: .now + .seconds(seconds)))
    }

    /// Turns until the worker is finished.
    private func finish(_ rig: WorkerRig) throws {
        let deadline = Instant.now + .seconds(5)
        while !rig.worker.isFinished, Instant.now < deadline {
            rig.mailbox.post(.collectMetrics(-1))
            try rig.worker.turn()
        }
        let isFinished = rig.worker.isFinished
        #expect(isFinished)
    }

    @Test func aWorkerWithoutClientsIsFinishedAtOnce() throws {
        let rig = try WorkerRig()
        drain(rig)
        try finish(rig)
        #expect(rig.worker.listenerHandles.isEmpty && rig.worker.listeners.count == 0)
    }

    @Test func aRunningRequestIsAnsweredAndItsConnectionCloses() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        drain(rig)
        try rig.settle()
        #expect(rig.worker.listenerHandles.isEmpty && !rig.worker.isFinished)
        try upstream.send(ok("last"))
        let answer = try rig.rest(to: client)
        #expect(answer.contains("\r\nConnection: close\r\n") && answer.hasSuffix("last"))
        client.shutdownWriting()
        try finish(rig)
        #expect(rig.worker.clients.count == 0 && rig.worker.chunks.lent == 0)
    }

    @Test func whoWaitedToBeAcceptedIsServed() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/nowhere"))
        drain(rig)
        let answer = try rig.rest(to: client)
        #expect(answer.hasPrefix("HTTP/1.1 404 ") && answer.contains("Connection: close"))
    }

    @Test func idleClientsGoSoon() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/nowhere"))
        _ = try rig.message(to: client)
        let began = Instant.now
        drain(rig)
        #expect(try rig.rest(to: client).isEmpty)
        #expect(Instant.now - began < .seconds(3))
    }

    @Test func theDeadlineEndsWhatStillRuns() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        drain(rig, seconds: 0)
        try finish(rig)
        client.poll()
        let answer = String(decoding: client.received, as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.contains("sallyport-reason: shutting_down\r\n"))
        #expect(client.isOver)
        #expect(rig.worker.clients.count == 0 && rig.worker.exchanges.count == 0)
        #expect(rig.worker.chunks.lent == 0 && rig.budget.take())
    }
}

@Suite struct WorkerMetricsTests {
    @Test func countsRequestsByRouteAndConnectionsAsTheyStand() throws {
        let rig = try WorkerRig()
        rig.post(.keys(CoreKey.shared.keys()))
        let client = try rig.connect()
        try client.send(get("/nowhere") + get("/private"))
        _ = try rig.message(to: client)
        _ = try rig.message(to: client)
        let text = try rig.metrics()
        let lines = text.split(separator: "\n")
        #expect(lines.contains { $0.contains("reason=\"no_session\"") && $0.hasSuffix(" 1") })
        #expect(lines.contains { $0.contains("route=\"private\"") && $0.hasSuffix(" 1") })
        #expect(lines.contains("sallyport_connections{side=\"client\"} 1"))
        #expect(lines.contains("sallyport_connections{side=\"upstream\"} 0"))
    }
}

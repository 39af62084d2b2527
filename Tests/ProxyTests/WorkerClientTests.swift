import Bytes
import Connections
import EventLoop
import HTTPCore
import TestSupport
import Testing
import Upstreams

@testable import Proxy

/// Clients that leave, send too much, or break the rules.
@Suite struct WorkerClientTests {
    @Test func aBrokenRequestIsRefusedAndTheConnectionCloses() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + get("/public"))
        let answer = try rig.rest(to: client)
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(answer.split(separator: "HTTP/1.1").count == 1)
        #expect(rig.leftovers.isEmpty && rig.worker.upstreams.count == 0)
    }

    @Test func aResetEndsTheExchangeAndItsUpstreamConnection() throws {
        let rig = try WorkerRig()
        var client: TestPeer? = try rig.connect()
        try client?.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        client?.resetOnClose()
        client = nil
        #expect(try rig.rest(to: upstream).isEmpty)
        try rig.settle()
        #expect(rig.leftovers.isEmpty && rig.worker.clients.count == 0)
        #expect(rig.worker.upstreams.count == 0)
    }

    @Test func theEndOfItsSendingIsNoReasonToStop() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        client.shutdownWriting()
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        try upstream.send(ok("still"))
        #expect(try rig.rest(to: client).hasSuffix("still"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty && rig.worker.clients.count == 0)
    }

    @Test func contentThatIsCutOffReachesNobodyAsWhole() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send("PUT /public HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc")
        let upstream = try rig.acceptUpstream()
        try rig.settle()
        client.shutdownWriting()
        let request = try rig.rest(to: upstream)
        #expect(request.hasSuffix("\r\n\r\nabc") && request.contains("Content-Length: 5"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty && rig.worker.clients.count == 0)
    }

    @Test func aRefusedRequestsContentIsDropped() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(
            "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nGET /x HTTP"
        )
        #expect(try rig.message(to: client).hasPrefix("HTTP/1.1 404 "))
        try client.send("/1.1\r\n\r\n\n" + get("/elsewhere"))
        #expect(try rig.message(to: client).hasPrefix("HTTP/1.1 404 "))
        try rig.settle()
        #expect(!client.hasMessage && client.received.isEmpty && rig.leftovers.isEmpty)
    }

    @Test func contentPastTheLimitIsRefused() throws {
        var options = Fixture.options()
        options.limits.requestBody = 10
        let rig = try WorkerRig(options)
        let announced = try rig.ask("PUT /public HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
        #expect(announced.hasPrefix("HTTP/1.1 413 ") && rig.worker.upstreams.count == 0)
        let client = try rig.connect()
        try client.send("PUT /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let upstream = try rig.acceptUpstream()
        try client.send("B\r\n01234567890\r\n")
        let answer = try rig.rest(to: client)
        #expect(answer.hasPrefix("HTTP/1.1 413 ") && answer.contains("Connection: close"))
        #expect(try !rig.rest(to: upstream).hasSuffix("0\r\n\r\n"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
    }

    @Test func connectionsPastTheLimitAreShed() throws {
        var options = Fixture.options()
        options.limits.connections = 2
        let rig = try WorkerRig(options)
        let clients = try [rig.connect(), rig.connect()]
        for client in clients {
            try client.send(get("/nowhere"))
            _ = try rig.message(to: client)
        }
        #expect(try rig.rest(to: rig.connect()).isEmpty)
        clients[0].shutdownWriting()
        #expect(try rig.rest(to: clients[0]).isEmpty)
        try rig.settle()
        #expect(try rig.ask(get("/nowhere")).hasPrefix("HTTP/1.1 404 "))
    }

    @Test func acceptsItsShareInATurnAndTheRestInTheNext() throws {
        var options = Fixture.options()
        options.limits.connections = 2 * Worker.acceptsPerTurn
        let rig = try WorkerRig(options)
        let clients = try (0...Worker.acceptsPerTurn).map { _ in try rig.connect() }
        for accepted in [Worker.acceptsPerTurn, clients.count] {
            rig.post(.collectMetrics(-1))
            try rig.worker.turn()
            #expect(rig.worker.clients.count == accepted)
        }
    }

    @Test func timersEndWhatTakesTooLong() throws {
        var options = Fixture.options()
        options.timeouts.requestHead = .milliseconds(20)
        options.timeouts.keepAlive = .milliseconds(20)
        options.upstreams[0].responseTimeout = .milliseconds(20)
        let rig = try WorkerRig(options)
        let slow = try rig.connect()
        try slow.send("GET / HTTP/1.1\r\n")
        #expect(try rig.rest(to: slow).hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        let idle = try rig.connect()
        try idle.send(get("/nowhere"))
        _ = try rig.message(to: idle)
        #expect(try rig.rest(to: idle).isEmpty)
        let waiting = try rig.connect()
        try waiting.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        let answer = try rig.message(to: waiting)
        #expect(answer.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n"))
        #expect(try rig.rest(to: upstream).hasPrefix("GET /public "))
        #expect(rig.leftovers.isEmpty)
    }
}

import Bytes
import Connections
import EventLoop
import TestSupport
import Testing
import Upstreams

@testable import Proxy

/// Upstreams that are not there, leave, or answer nonsense.
@Suite struct WorkerUpstreamTests {
    @Test func nobodyAnswers() throws {
        let rig = try WorkerRig()
        let gone = try TestListener().address
        rig.post(.addresses(generation: 1, .init(upstream: 0, target: 0), [gone]))
        let answer = try rig.ask(get("/public"))
        #expect(answer.hasPrefix("HTTP/1.1 502 "))
        #expect(answer.contains("\r\nsallyport-reason: upstream_unreachable\r\n"))
        rig.post(.addresses(generation: 1, .init(upstream: 0, target: 0), []))
        #expect(try rig.ask(get("/public")).hasPrefix("HTTP/1.1 502 "))
        try rig.settle()
        #expect(rig.leftovers.isEmpty && rig.worker.upstreams.count == 0)
    }

    @Test(arguments: [
        "HTTP/2 200 OK\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
    ])
    func nonsenseIsNotPassedOn(_ nonsense: String) throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        try upstream.send(nonsense)
        let answer = try rig.message(to: client)
        #expect(answer.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(answer.contains("\r\nsallyport-reason: upstream_protocol\r\n"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty && rig.worker.upstreams.count == 0)
    }

    /// Found by the fuzz target `session`: it was passed on, and the request never went out.
    @Test func anAnswerBeforeTheRequestAnswersNothing() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        try upstream.send(ok("early"))
        let answer = try rig.message(to: client)
        #expect(answer.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(answer.contains("\r\nsallyport-reason: upstream_protocol\r\n"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty && rig.worker.upstreams.count == 0)
    }

    @Test func anAnswerThatIsCutOffIsSeenToBe() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        do {
            let upstream = try rig.acceptUpstream()
            _ = try rig.message(to: upstream)
            try upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
            try rig.run(until: "the head") {
                client.poll()
                return client.text.contains("ab")
            }
        }
        _ = try rig.rest(to: client)
        #expect(client.hasFailed && !client.hasEnded && rig.leftovers.isEmpty)
    }

    /// RFC 9112 §9.3.1: a pooled connection may be gone before the request reaches its end.
    @Test func aStaleConnectionIsReplacedOnce() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public/1"))
        let first = try rig.acceptUpstream()
        _ = try rig.message(to: first)
        try first.send(ok(""))
        _ = try rig.message(to: client)
        try client.send(get("/public/2", "X: 1"))
        let request = try rig.message(to: first)
        first.shutdownWriting()
        let fresh = try rig.acceptUpstream()
        #expect(try rig.message(to: fresh) == request)
        try fresh.send(ok("second"))
        #expect(try rig.message(to: client).hasSuffix("second"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty && rig.worker.upstreams.count == 1)
    }

    @Test func whatIsNotToBeRepeatedIsSentOnce() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public/1"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        try upstream.send(ok(""))
        _ = try rig.message(to: client)
        try client.send("POST /public/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        _ = try rig.message(to: upstream)
        upstream.shutdownWriting()
        #expect(try rig.message(to: client).hasPrefix("HTTP/1.1 502 "))
        #expect(try rig.upstream.acceptNow() == nil)
    }

    @Test func whoFindsNoConnectionFreeWaitsForOne() throws {
        var options = Fixture.options()
        options.upstreams[0].maximumConnections = 1
        let rig = try WorkerRig(options)
        let clients = try [rig.connect(), rig.connect()]
        try clients[0].send(get("/public/1"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        try clients[1].send(get("/public/2"))
        try rig.settle()
        #expect(rig.worker.exchanges.count == 2 && rig.worker.upstreams.count == 1)
        try upstream.send(ok("1"))
        #expect(try rig.message(to: clients[0]).hasSuffix("1"))
        #expect(try rig.message(to: upstream).hasPrefix("GET /public/2 "))
        try upstream.send(ok("2"))
        #expect(try rig.message(to: clients[1]).hasSuffix("2"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
    }
}

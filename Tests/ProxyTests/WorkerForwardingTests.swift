import Bytes
import EventLoop
import HTTPCore
import TestSupport
import Testing

@testable import Proxy

/// Requests of public routes through a whole worker: sockets, parsing, routing, relaying.
@Suite struct WorkerForwardingTests {
    @Test func aRequestGoesThereAndItsAnswerBack() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public/a?b=c", "X-Test: 1", "Connection: X-Hop", "X-Hop: 1"))
        let upstream = try rig.acceptUpstream()
        let request = try rig.message(to: upstream)
        #expect(request.hasPrefix("GET /public/a?b=c HTTP/1.1\r\nHost: app.test\r\nX-Test: 1\r\n"))
        #expect(request.contains("\r\nX-Forwarded-For: 127.0.0.1\r\n"))
        #expect(request.contains("\r\nX-Forwarded-Proto: http\r\n"))
        #expect(!request.lowercased().contains("hop") && !request.contains("Connection"))
        try upstream.send(ok("hello", "X-Answer: 2", "Keep-Alive: timeout=5"))
        #expect(
            try rig.message(to: client)
                == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Answer: 2\r\n\r\nhello"
        )
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
        #expect(rig.worker.clients.count == 1 && rig.worker.upstreams.count == 1)
    }

    @Test func connectionsAndStorageAreUsedAgain() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public/1"))
        let upstream = try rig.acceptUpstream()
        for number in 1...5 {
            let request = try rig.message(to: upstream)
            #expect(request.hasPrefix("GET /public/\(number) "))
            try upstream.send(ok("\(number)"))
            #expect(try rig.message(to: client).hasSuffix("\r\n\r\n\(number)"))
            try client.send(get("/public/\(number + 1)"))
        }
        _ = try rig.message(to: upstream)
        #expect(try rig.upstream.acceptNow() == nil)
        #expect(rig.worker.upstreams.count == 1 && rig.worker.spareStorage.count == 0)
        try upstream.send(ok(""))
        _ = try rig.message(to: client)
        // One exchange at a time needs one set of storage, whose capacity stays.
        #expect(rig.worker.spareStorage.count == 1)
        let storage = rig.worker.spareStorage.pop() ?? ExchangeStorage()
        let (fields, capacity) = (storage.head.fields.count, storage.head.fields.capacity)
        #expect(fields == 0 && capacity > 0)
    }

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public/1") + get("/nowhere") + get("/public/3"))
        let upstream = try rig.acceptUpstream()
        #expect(try rig.message(to: upstream).hasPrefix("GET /public/1 "))
        try upstream.send(ok("one"))
        #expect(try rig.message(to: client).hasSuffix("one"))
        #expect(try rig.message(to: client).hasPrefix("HTTP/1.1 404 "))
        #expect(try rig.message(to: upstream).hasPrefix("GET /public/3 "))
        try upstream.send(ok("three"))
        #expect(try rig.message(to: client).hasSuffix("three"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
    }

    @Test func aRequestMayComeByteByByte() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        let text = """
            POST /public HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n
            """
        for byte in text.utf8 {
            try client.send([byte])
            try rig.settle()
        }
        let upstream = try rig.acceptUpstream()
        let request = try rig.message(to: upstream)
        let parts = request.split(separator: "\r\n\r\n", maxSplits: 1)
        #expect(parts[0].hasSuffix("\r\nx-request-id: \(parts[0].suffix(32))"))
        #expect(parts[0].contains("\r\nTransfer-Encoding: chunked\r\n"))
        #expect(unchunked(String(parts[1])) == "abcde")
        for byte in "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n".utf8
        {
            try upstream.send([byte])
            try rig.settle()
        }
        let answer = try rig.message(to: client).split(separator: "\r\n\r\n", maxSplits: 1)
        #expect(unchunked(String(answer[1])) == "xy")
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
    }

    @Test func contentUpToTheEndBecomesChunks() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/public"))
        do {
            let upstream = try rig.acceptUpstream()
            _ = try rig.message(to: upstream)
            try upstream.send("HTTP/1.1 200 OK\r\n\r\nall of it")
        }
        let answer = try rig.message(to: client)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
        #expect(answer.hasSuffix("9\r\nall of it\r\n0\r\n\r\n"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
        #expect(rig.worker.upstreams.count == 0 && rig.worker.clients.count == 1)
    }

    @Test func anOldClientGetsTheEndOfTheConnection() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send("GET /public HTTP/1.0\r\n\r\n")
        let upstream = try rig.acceptUpstream()
        #expect(try rig.message(to: upstream).contains("\r\nHost: api.test:8080\r\n"))
        try upstream.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n"
        )
        #expect(
            try rig.rest(to: client) == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nxy"
        )
    }

    @Test func interimAnswersArePassedOn() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(
            """
            POST /public HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n\
            Content-Length: 2\r\n\r\n
            """
        )
        let upstream = try rig.acceptUpstream()
        try rig.run(until: "the head") {
            upstream.poll()
            return upstream.text.contains("\r\n\r\n")
        }
        #expect(upstream.takeText().contains("\r\nExpect: 100-continue\r\n"))
        try upstream.send("HTTP/1.1 100 Continue\r\n\r\n")
        #expect(try rig.message(to: client) == "HTTP/1.1 100 Continue\r\n\r\n")
        try client.send("ok")
        try rig.run(until: "the content") {
            upstream.poll()
            return upstream.text == "ok"
        }
        try upstream.send(ok("done"))
        #expect(try rig.message(to: client).hasSuffix("done"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
    }
}

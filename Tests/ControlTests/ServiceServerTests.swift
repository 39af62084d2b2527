import Bytes
import Connections
import EventLoop
import HTTPCore
import TestSupport
import Testing

@testable import Control

@Suite struct ServiceServerTests {
    @Test func aRequestIsReadWholeAndAnswered() throws {
        let rig = try ServiceRig()
        let answer = try rig.ask(
            "POST /%62?x=1&y HTTP/1.1\r\nHost: LOCALHOST:8\r\nX-A:  b \r\n"
                + "Content-Length: 5\r\n\r\nhello"
        )
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nDate: "))
        #expect(answer.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n"))
        #expect(answer.hasSuffix("\r\nContent-Length: 2\r\n\r\n/b"))
        let request = try #require(rig.asked.first)
        #expect(request.method == .post && request.path == "/b" && request.query == "x=1&y")
        #expect(request.host == "localhost" && request.field("x-a") == "b")
        #expect(request.field("x-b") == nil && request.content == Array("hello".utf8))
        #expect(request.parameter("x") == "1" && request.parameter("y") == "")
        #expect(request.parameter("z") == nil)
    }

    @Test func connectionsAreKeptAndPipelinedRequestsAnsweredInOrder() throws {
        let rig = try ServiceRig()
        let peer = try rig.connect()
        try peer.send(get("/1") + get("/2") + get("/3"))
        for path in ["/1", "/2", "/3"] {
            #expect(try rig.message(to: peer).hasSuffix("\r\n\r\n" + path))
        }
        try peer.send(get("/4"))
        #expect(try rig.message(to: peer).hasSuffix("/4"))
        #expect(!peer.isOver && rig.asked.count == 4)
        #expect(rig.server.connections.count == 1)
    }

    @Test func headIsAnsweredWithoutContent() throws {
        let rig = try ServiceRig()
        let peer = try rig.connect()
        try peer.send("HEAD /abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let answer = try rig.rest(to: peer)
        #expect(answer.contains("\r\nContent-Length: 4\r\n") && answer.hasSuffix("\r\n\r\n"))
    }

    @Test func closeIsObeyed() throws {
        let rig = try ServiceRig()
        let peer = try rig.connect()
        try peer.send(get("/a", "Connection: close"))
        let answer = try rig.rest(to: peer)
        #expect(answer.contains("\r\nConnection: close\r\n") && answer.hasSuffix("/a"))
        peer.shutdownWriting()
        try rig.run(until: "its end") { rig.server.connections.count == 0 }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("nonsense\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    ])
    func whatBreaksARuleIsRefusedAndTheConnectionCloses(_ text: String, _ status: Int) throws {
        let rig = try ServiceRig()
        let peer = try rig.connect()
        try peer.send(text)
        let answer = try rig.rest(to: peer)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.contains("\r\nConnection: close\r\n") && rig.asked.isEmpty)
        peer.shutdownWriting()
        try rig.run(until: "its end") { rig.server.connections.count == 0 }
        #expect(rig.server.chunks.lent == 0)
    }

    @Test func acceptsOfATurnAreBounded() throws {
        let rig = try ServiceRig(capacity: 64)
        let peers = try (0...ServiceServer.acceptsPerTurn).map { _ in try rig.connect() }
        for accepted in [ServiceServer.acceptsPerTurn, peers.count] {
            try rig.turn()
            #expect(rig.server.connections.count == accepted)
        }
    }

    @Test func contentIsBounded() throws {
        let limit = ServiceServer.contentMaximum
        let rig = try ServiceRig { .text(200, "\($0.content.count)") }
        for (count, isTaken) in [(limit, true), (limit + 1, false)] {
            let peer = try rig.connect()
            try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n")
            let content = [UInt8](repeating: 0x78, count: count)
            var sent = 0
            try rig.run(until: "an answer") {
                sent += peer.trySend(Array(content[sent...].prefix(256 * 1024)))
                peer.poll()
                return peer.hasMessage
            }
            let answer = try #require(peer.takeMessage())
            #expect(answer.hasPrefix(isTaken ? "HTTP/1.1 200 OK" : "HTTP/1.1 413 "))
        }
        #expect(rig.asked.count == 1)
    }

    @Test func aLargeAnswerGoesOutAsThePeerReads() throws {
        let text = String(repeating: "0123456789", count: 400_000)
        let rig = try ServiceRig { _ in .text(200, text) }
        let peer = try rig.connect()
        peer.shrinkReceiveBuffer()
        try peer.send(get("/large") + get("/large"))
        for _ in 0..<2 {
            let answer = try rig.message(to: peer)
            #expect(answer.utf8.count > text.utf8.count && answer.hasSuffix(text))
        }
        #expect(rig.server.chunks.lent <= 1)
    }
}

/// Answers that come later, and connections that stand too long.
@Suite struct ServiceLaterTests {
    @Test func anAnswerMayComeLaterAndTheNextRequestWaits() throws {
        let rig = try ServiceRig { $0.path == "/later" ? nil : .text(200, $0.path) }
        let peer = try rig.connect()
        try peer.send(get("/later"))
        try rig.run(until: "the request") { !rig.waiting.isEmpty }
        try peer.send(get("/next"))
        for _ in 0..<3 { try rig.turn() }
        peer.poll()
        #expect(peer.received.isEmpty && rig.asked.count == 1)
        rig.answerFirst(.json(200, "{}"))
        #expect(try rig.message(to: peer).hasSuffix("\r\n\r\n{}"))
        #expect(try rig.message(to: peer).hasSuffix("/next"))
        #expect(rig.asked.map(\.path) == ["/later", "/next"])
    }

    @Test func othersAreServedMeanwhile() throws {
        let rig = try ServiceRig { $0.path == "/later" ? nil : .text(200, $0.path) }
        let waiting = try rig.connect()
        try waiting.send(get("/later"))
        try rig.run(until: "the request") { !rig.waiting.isEmpty }
        #expect(try rig.ask(get("/other")).hasSuffix("/other"))
        rig.answerFirst(.text(200, "late"))
        #expect(try rig.message(to: waiting).hasSuffix("late"))
    }

    @Test func anAnswerForAClientThatLeftIsDropped() throws {
        let rig = try ServiceRig { _ in nil }
        var peer: TestPeer? = try rig.connect()
        try peer?.send(get("/later"))
        try rig.run(until: "the request") { !rig.waiting.isEmpty }
        peer?.resetOnClose()
        peer = nil
        for _ in 0..<3 { try rig.turn() }
        rig.answerFirst(.text(200, "late"))
        rig.server.sweep(now: .now + .seconds(31), loop: rig.loop)
        #expect(rig.server.connections.count == 0 && rig.server.chunks.lent == 0)
    }

    @Test func whoHasClosedItsSendingStillGetsItsAnswer() throws {
        let rig = try ServiceRig()
        let peer = try rig.connect()
        try peer.send(get("/half"))
        peer.shutdownWriting()
        #expect(try rig.rest(to: peer).hasSuffix("/half"))
    }

    @Test func connectionsThatStandTooLongAreClosed() throws {
        let rig = try ServiceRig()
        let peers = try [rig.connect(), rig.connect()]
        try peers[1].send("GET / HT")
        try rig.run(until: "both") { rig.server.connections.count == 2 }
        try rig.turn()
        let now = rig.loop.now
        rig.server.sweep(now: now + .seconds(29), loop: rig.loop)
        #expect(rig.server.connections.count == 2)
        rig.server.sweep(now: now + .seconds(31), loop: rig.loop)
        #expect(rig.server.connections.count == 0 && rig.server.chunks.lent == 0)
        for peer in peers { #expect(try rig.rest(to: peer).isEmpty) }
    }

    @Test func anAnswerHasItsOwnTime() throws {
        let rig = try ServiceRig { _ in nil }
        let peer = try rig.connect()
        try rig.run(until: "the connection") { rig.server.connections.count == 1 }
        let first = rig.server.connections.handle(inSlot: 0)
        let ticket = try #require(first)
        rig.server.connections[ticket].client.deadline = rig.loop.now + .seconds(1)
        try peer.send(get("/later"))
        try rig.run(until: "the request") { !rig.waiting.isEmpty }
        let now = rig.loop.now
        rig.server.sweep(now: now + .seconds(29), loop: rig.loop)
        #expect(rig.server.connections.count == 1)
        rig.server.sweep(now: now + .seconds(31), loop: rig.loop)
        #expect(rig.server.connections.count == 0)
    }

    @Test func moreThanItsCapacityAreClosed() throws {
        let rig = try ServiceRig(capacity: 2)
        let peers = try [rig.connect(), rig.connect()]
        for peer in peers {
            try peer.send(get("/in"))
            _ = try rig.message(to: peer)
        }
        #expect(try rig.rest(to: rig.connect()).isEmpty)
        #expect(rig.server.connections.count == 2)
        try peers[0].send(get("/still", "Connection: close"))
        _ = try rig.rest(to: peers[0])
        peers[0].shutdownWriting()
        try rig.run(until: "its end") { rig.server.connections.count == 1 }
        #expect(try rig.ask(get("/again")).hasSuffix("/again"))
    }
}

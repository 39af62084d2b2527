import Bytes
import EventLoop
import HTTPCore
import TestSupport
import Testing

@testable import Connections

@Suite struct CallClientTests {
    /// Calls, lets the server send these parts one after another, and tells what came of it.
    private func outcome(_ parts: [[UInt8]], closes: Bool) throws -> String {
        let rig = try CallRig()
        rig.start()
        let server = try rig.accept()
        _ = try rig.request(to: server)
        for part in parts {
            try server.send(part)
            try rig.turn()
        }
        if closes { server.shutdownWriting() }
        return try rig.outcome()
    }

    /// What comes of an answer, and that the same comes of it however it is cut.
    private func outcome(
        _ answer: String,
        closes: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let bytes = Array(answer.utf8)
        let outcomes = try everySplit(of: bytes) {
            try outcome(parts(of: bytes, cutAt: $0), closes: closes)
        }
        #expect(outcomes.differing.isEmpty, "\(answer)", sourceLocation: sourceLocation)
        return outcomes.whole
    }

    @Test func writesTheRequest() throws {
        let rig = try CallRig()
        rig.start(.post, fields: [("api-key", "k")], content: "{}")
        #expect(
            try rig.request(to: rig.accept()) == """
                POST /keys?x=1 HTTP/1.1\r\nHost: core.test:3567\r\n\
                Accept: application/json\r\napi-key: k\r\nContent-Length: 2\r\n\r\n{}
                """
        )
    }

    @Test func contentOfNoBytesIsSaidForPostAlone() throws {
        let rig = try CallRig()
        rig.start(.post)
        #expect(try rig.request(to: rig.accept()).hasSuffix("\r\nContent-Length: 0\r\n\r\n"))
        rig.start(id: 2, .get)
        #expect(try !rig.request(to: rig.accept()).contains("Content-Length"))
    }

    @Test func readsContentOfKnownLength() throws {
        #expect(try outcome("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") == "200 hello")
        #expect(try outcome("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n") == "404 ")
        #expect(try outcome("HTTP/1.1 204 No Content\r\n\r\n") == "204 ")
    }

    @Test func readsChunks() throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(try outcome(head + "3\r\nabc\r\n1\r\nd\r\n0\r\nX: y\r\n\r\n") == "200 abcd")
    }

    @Test func readsUpToTheEndOfTheConnection() throws {
        #expect(
            try outcome("HTTP/1.1 200 OK\r\n\r\nall of it", closes: true) == "200 all of it"
        )
        #expect(try outcome("HTTP/1.0 200 OK\r\n\r\n", closes: true) == "200 ")
    }

    @Test func interimAnswersArePassedOver() throws {
        #expect(
            try outcome(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                    + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            ) == "200 ok"
        )
    }

    @Test func interimAnswersAreBounded() throws {
        let interim = "HTTP/1.1 103 Early Hints\r\n\r\n"
        let answer = "HTTP/1.1 204 No Content\r\n\r\n"
        for (count, isTaken) in [
            (Limits.interimResponses, true), (Limits.interimResponses + 1, false),
        ] {
            let text = String(repeating: interim, count: count) + answer
            let result = try outcome([Array(text.utf8)], closes: false)
            #expect(result == (isTaken ? "204 " : "none"))
        }
    }

    @Test func redirectsAreNotFollowed() throws {
        #expect(
            try outcome("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
                == "302 "
        )
    }

    @Test func aRequestOfAnySizeIsSentWhole() throws {
        let rig = try CallRig()
        let content = String(repeating: "x", count: 3_000_000)
        rig.start(.post, content: content)
        let request = try rig.request(to: rig.accept())
        #expect(request.hasSuffix("\r\nContent-Length: 3000000\r\n\r\n" + content))
    }

    @Test func anAnswerBeforeTheRequestWasReadCounts() throws {
        let rig = try CallRig()
        rig.start(.post, content: String(repeating: "x", count: 20_000_000))
        let server = try rig.accept()
        try server.send("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n")
        #expect(try rig.outcome() == "413 ")
        let idle = rig.client.idleCount
        #expect(idle == 0)
    }

    @Test func anAnswerThatIsCutOffIsNone() throws {
        let head = "HTTP/1.1 200 OK\r\n"
        #expect(try outcome(head + "Content-Length: 5\r\n\r\nhell", closes: true) == "none")
        #expect(
            try outcome(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", closes: true)
                == "none"
        )
        #expect(try outcome(head, closes: true) == "none")
        #expect(try outcome("", closes: true) == "none")
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ])
    func nonsenseIsNone(_ answer: String) throws {
        #expect(try outcome(answer) == "none")
    }

    @Test func contentIsBounded() throws {
        let limit = CallClient.contentMaximum
        for (count, isTaken) in [(limit, true), (limit + 1, false)] {
            let content = String(repeating: "x", count: count)
            let known = "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n" + content
            let result = try outcome([Array(known.utf8)], closes: false)
            #expect((result == "200 " + content) == isTaken)
            #expect(isTaken || result == "none")
            let unknown = "HTTP/1.1 200 OK\r\n\r\n" + content
            let endless = try outcome([Array(unknown.utf8)], closes: true)
            #expect(isTaken || endless == "none")
        }
    }
}

@Suite struct CallFailureTests {
    @Test func nobodyListens() throws {
        let rig = try CallRig()
        let gone = try TestListener().address
        rig.start(to: gone)
        #expect(try rig.outcome() == "none")
        let count = rig.client.count
        #expect(count == 0)
    }

    @Test func aSocketThatIsNotThereFailsAtOnce() throws {
        let rig = try CallRig()
        rig.start(to: .unix(path: "/nonexistent/socket"))
        #expect(try rig.outcome() == "none")
    }

    @Test func aServerThatSaysNothingIsGivenUpInTime() throws {
        let rig = try CallRig()
        rig.start(id: 7, in: .seconds(10))
        rig.start(id: 8, in: .seconds(20))
        let servers = try [rig.accept(), rig.accept()]
        let first = rig.client.nextDeadline
        let deadline = try #require(first)
        let early = rig.client.expire(now: deadline + .nanoseconds(-1), loop: rig.loop)
        #expect(early == nil)
        let late = rig.client.expire(now: deadline, loop: rig.loop)
        #expect(late?.id == 7 && late?.answer == nil && late?.failure == .timedOut)
        let none = rig.client.expire(now: deadline, loop: rig.loop)
        #expect(none == nil)
        let later = rig.client.nextDeadline
        let next = try #require(later)
        #expect(next > deadline)
        let second = rig.client.expire(now: next, loop: rig.loop)
        let last = rig.client.nextDeadline
        #expect(second?.id == 8 && last == nil)
        for server in servers {
            try rig.run(until: "the end") {
                server.poll()
                return server.isOver
            }
        }
    }

    @Test func moreThanItsCapacityFailAtOnce() throws {
        let rig = try CallRig()
        for id in 1...5 { rig.start(id: UInt64(id)) }
        #expect(rig.outcomes.map(\.id) == [5] && rig.outcomes[0].answer == nil)
        #expect(rig.outcomes[0].failure == .tooManyCalls)
    }

    @Test func anIDNamesOneCall() throws {
        let rig = try CallRig()
        rig.start(id: 1)
        rig.start(id: 1)
        #expect(rig.outcomes.map(\.failure) == [.tooManyCalls])
        let count = rig.client.count
        #expect(count == 1)
    }

    @Test func severalRunAtOnceAndEachGetsItsOwn() throws {
        let rig = try CallRig()
        for id in 1...3 { rig.start(id: UInt64(id), fields: [("x-id", "\(id)")]) }
        var servers: [(TestPeer, String)] = []
        for _ in 1...3 {
            let server = try rig.accept()
            let request = try rig.request(to: server)
            servers.append((server, String(request.dropLast(2).suffix(1))))
        }
        for (server, id) in servers.reversed() {
            try server.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(id)")
        }
        try rig.run(until: "all outcomes") { rig.outcomes.count == 3 }
        for outcome in rig.outcomes {
            #expect(outcome.answer?.content == Array("\(outcome.id)".utf8))
        }
        let count = rig.client.count
        #expect(count == 0)
    }

    @Test func eventsOfCallsThatAreOverAreIgnored() throws {
        let rig = try CallRig()
        let stale = EventToken(kind: 3, bits: 12345)
        let outcome = rig.client.handle(stale, [.readable, .hungUp], loop: rig.loop)
        #expect(outcome == nil)
    }
}

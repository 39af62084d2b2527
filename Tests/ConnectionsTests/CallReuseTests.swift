import Bytes
import EventLoop
import HTTPCore
import TestSupport
import Testing

@testable import Connections

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

extension CallRig {
    /// Makes one call and answers it.
    ///
    /// - Returns: the server's end of the connection that carried it.
    fileprivate func firstCall(_ answer: String = ok, id: UInt64 = 1) throws -> TestPeer {
        start(id: id)
        let server = try accept()
        _ = try request(to: server)
        try server.send(answer)
        _ = try outcome()
        return server
    }

    fileprivate func runToEnd(of server: TestPeer) throws {
        try run(until: "the end") {
            server.poll()
            return server.isOver
        }
    }
}

@Suite struct CallReuseTests {
    @Test func aConnectionCarriesOneCallAfterAnother() throws {
        let rig = try CallRig()
        let server = try rig.firstCall()
        for id in 2...5 {
            rig.start(id: UInt64(id))
            #expect(try rig.request(to: server).hasPrefix("GET /keys?x=1 HTTP/1.1\r\n"))
            try server.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(id)")
            #expect(try rig.outcome() == "200 \(id)")
        }
        let (count, idle) = (rig.client.count, rig.client.idleCount)
        #expect(count == 0 && idle == 1)
        #expect(try rig.listener.acceptNow() == nil)
    }

    @Test func answersOverAKeptConnectionAreReadHoweverTheyAreCut() throws {
        let answer =
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n1\r\nd\r\n0\r\nX: y\r\n\r\n"
        let bytes = Array(answer.utf8)
        let outcomes = try everySplit(of: bytes) { cuts in
            let rig = try CallRig()
            let server = try rig.firstCall(answer)
            rig.start(id: 2)
            _ = try rig.request(to: server)
            for part in parts(of: bytes, cutAt: cuts) {
                try server.send(part)
                try rig.turn()
            }
            return try rig.outcome()
        }
        #expect(outcomes.whole == "200 abcd" && outcomes.differing.isEmpty)
    }

    @Test func callsToOtherServersHaveConnectionsOfTheirOwn() throws {
        let rig = try CallRig()
        _ = try rig.firstCall()
        let other = try TestListener()
        rig.start(id: 2, to: other.address)
        var server: TestPeer?
        try rig.run(until: "a connection") {
            server = try other.acceptNow()
            return server != nil
        }
        let idle = rig.client.idleCount
        #expect(idle == 1)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok",
    ])
    func aConnectionThatIsNotToBeKeptIsClosed(_ answer: String) throws {
        let rig = try CallRig()
        let server = try rig.firstCall(answer)
        let idle = rig.client.idleCount
        #expect(idle == 0)
        try rig.runToEnd(of: server)
    }

    @Test func bytesThatNobodyAskedForEndAKeptConnection() throws {
        let rig = try CallRig()
        let server = try rig.firstCall()
        try server.send(ok)
        try rig.runToEnd(of: server)
        rig.start(id: 2)
        let fresh = try rig.accept()
        _ = try rig.request(to: fresh)
    }

    @Test func aConnectionThatTheServerEndsIsForgotten() throws {
        let rig = try CallRig()
        let server = try rig.firstCall()
        server.shutdownWriting()
        try rig.runToEnd(of: server)
        let idle = rig.client.idleCount
        #expect(idle == 0)
    }

    @Test(arguments: [
        ("", 30), ("Keep-Alive: timeout=5\r\n", 4), ("Keep-Alive: timeout=60\r\n", 30),
    ])
    func connectionsAreKeptSoLong(_ field: String, _ seconds: Int) throws {
        let rig = try CallRig()
        let before = Instant.now
        let server = try rig.firstCall("HTTP/1.1 200 OK\r\n\(field)Content-Length: 0\r\n\r\n")
        let after = Instant.now
        _ = rig.client.expire(now: before + .seconds(seconds), loop: rig.loop)
        let kept = rig.client.idleCount
        #expect(kept == 1)
        let late = after + .seconds(seconds) + TimerWheel.tick
        let outcome = rig.client.expire(now: late, loop: rig.loop)
        let left = rig.client.idleCount
        #expect(outcome == nil && left == 0)
        try rig.runToEnd(of: server)
    }

    @Test func connectionsThatAreKeptAreBounded() throws {
        let maximum = CallClient.idleConnections
        let rig = try CallRig(capacity: maximum + 1)
        var servers: [TestPeer] = []
        for id in 0...maximum {
            rig.start(id: UInt64(id))
            servers.append(try rig.accept())
            _ = try rig.request(to: servers[id])
        }
        for server in servers {
            try server.send(ok)
            #expect(try rig.outcome() == "200 ok")
        }
        let idle = rig.client.idleCount
        #expect(idle == maximum)
        // The longest idle has gone.
        try rig.runToEnd(of: servers[0])
        servers[1].poll()
        #expect(!servers[1].isOver)
    }
}

@Suite struct CallRepetitionTests {
    /// A second call over a kept connection that the server ends after `answer`.
    private func lostCall(
        _ method: HTTPCore.Method,
        isRepeatable: Bool = false,
        answer: String = ""
    ) throws -> CallRig {
        let rig = try CallRig()
        let server = try rig.firstCall()
        rig.start(id: 2, method, isRepeatable: isRepeatable)
        _ = try rig.request(to: server)
        if !answer.isEmpty { try server.send(answer) }
        server.shutdownWriting()
        return rig
    }

    @Test(arguments: [(HTTPCore.Method.get, false), (.post, true)])
    func aCallThatMayBeRepeatedIsSentOnceMore(
        _ method: HTTPCore.Method,
        isRepeatable: Bool
    ) throws {
        let rig = try lostCall(method, isRepeatable: isRepeatable)
        let fresh = try rig.accept()
        #expect(try rig.request(to: fresh).hasPrefix("\(method.name) /keys"))
        try fresh.send(ok)
        #expect(try rig.outcome() == "200 ok")
        #expect(rig.outcomes.isEmpty)
    }

    @Test func itIsSentTwiceAtMost() throws {
        let rig = try lostCall(.get)
        let fresh = try rig.accept()
        _ = try rig.request(to: fresh)
        fresh.shutdownWriting()
        #expect(try rig.outcome() == "none")
        #expect(try rig.listener.acceptNow() == nil)
    }

    @Test func notOnceTheAnswerHasBegun() throws {
        let rig = try lostCall(.get, answer: "H")
        #expect(try rig.outcome() == "none")
        #expect(try rig.listener.acceptNow() == nil)
    }

    @Test func aCallThatMayNotGetsAConnectionOfItsOwn() throws {
        let rig = try CallRig()
        let server = try rig.firstCall()
        rig.start(id: 2, .post)
        let fresh = try rig.accept()
        #expect(try rig.request(to: fresh).hasPrefix("POST /keys"))
        server.poll()
        #expect(server.received.isEmpty)
    }
}

@Suite struct CallCancellationTests {
    @Test func aCancelledCallHasNoOutcome() throws {
        let rig = try CallRig()
        rig.start(id: 1)
        rig.start(id: 2)
        let servers = try [rig.accept(), rig.accept()]
        let requests = try servers.map { try rig.request(to: $0) }
        #expect(requests.count == 2)
        rig.client.cancel(1, loop: rig.loop)
        rig.client.cancel(1, loop: rig.loop)
        rig.client.cancel(9, loop: rig.loop)
        let count = rig.client.count
        #expect(count == 1)
        for server in servers { try server.send(ok) }
        #expect(try rig.outcome() == "200 ok")
        let none = rig.client.expire(now: .now + .seconds(20), loop: rig.loop)
        #expect(none == nil && rig.outcomes.isEmpty)
        rig.start(id: 1)
        let again = rig.client.count
        #expect(again == 1)
    }

    @Test func aCallMayBeCancelledWhileItConnects() throws {
        let rig = try CallRig()
        rig.start(id: 1)
        rig.client.cancel(1, loop: rig.loop)
        let server = try rig.accept()
        try rig.runToEnd(of: server)
        #expect(rig.outcomes.isEmpty)
    }
}

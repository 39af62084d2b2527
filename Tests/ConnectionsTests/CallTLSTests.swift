import Bytes
import EventLoop
import HTTPCore
import TLS
import TestSupport
import Testing

@testable import Connections

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/// Calls over TLS, against the gateway's own server end.
private final class Rig {
    let rig: CallRig
    let authority: CallAuthority
    let tickets = TicketKeyStore(.generate())
    let destination: CallDestination.TLS

    init(name: String = "core.test", certified: String = "core.test") throws {
        rig = try CallRig(capacity: 40)
        authority = try CallAuthority([certified])
        destination = CallDestination.TLS(context: try authority.client(), serverName: name)
    }

    func start(id: UInt64 = 1, over tls: CallDestination.TLS? = nil) {
        rig.start(id: id, tls: tls ?? destination)
    }

    func accept() throws -> TLSServerPeer {
        try TLSServerPeer(try rig.accept(), try authority.context(tickets))
    }

    func request(to server: TLSServerPeer) throws -> String {
        var request: String?
        try rig.run(until: "a request") {
            try server.step()
            request = server.takeRequest()
            return request != nil
        }
        return request ?? ""
    }

    /// One call that is answered.
    func call(id: UInt64 = 1) throws -> TLSServerPeer {
        start(id: id)
        let server = try accept()
        _ = try request(to: server)
        try server.send(ok)
        #expect(try rig.outcome() == "200 ok")
        return server
    }
}

@Suite struct CallTLSTests {
    @Test func oneConnectionCarriesSeveralCalls() throws {
        let rig = try Rig()
        let server = try rig.call()
        for id in 2...4 {
            rig.start(id: UInt64(id))
            #expect(try rig.request(to: server).hasPrefix("GET /keys?x=1 HTTP/1.1\r\nHost: core"))
            try server.send(ok)
            #expect(try rig.rig.outcome() == "200 ok")
        }
        #expect(try rig.rig.listener.acceptNow() == nil)
    }

    @Test func answersAreReadHoweverTheirRecordsAreCut() throws {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        let rig = try Rig()
        let server = try rig.call()
        var id: UInt64 = 100
        // A record adds 22 bytes to what it carries.
        let bytes = [UInt8](repeating: 0, count: answer.utf8.count + 22)
        let outcomes = try everySplit(of: bytes) { cuts in
            id += 1
            rig.start(id: id)
            _ = try rig.request(to: server)
            for part in parts(of: server.encrypted(answer), cutAt: cuts) {
                try server.peer.send(part)
                try rig.rig.turn()
            }
            return try rig.rig.outcome()
        }
        #expect(outcomes.whole == "200 ab" && outcomes.differing.isEmpty)
    }

    @Test func aServerThatIsNotTrustedGetsNothing() throws {
        for (rig, fault) in [
            (try Rig(certified: "other.test"), TLSFault.wrongName),
            (try Rig(), .unknownIssuer),
        ] {
            let stranger = try CallAuthority()
            let trust = CallDestination.TLS(
                context: try stranger.client(),
                serverName: "core.test"
            )
            rig.start(over: fault == .unknownIssuer ? trust : nil)
            let server = try rig.accept()
            try rig.rig.run(until: "an outcome") {
                try server.step()
                return !rig.rig.outcomes.isEmpty
            }
            #expect(rig.rig.outcomes.map(\.failure) == [.tls(fault)])
            #expect(server.received.isEmpty)
        }
    }

    @Test func whatIsNoTLSIsNoAnswer() throws {
        let rig = try Rig()
        rig.start()
        let server = try rig.rig.accept()
        try server.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        try rig.rig.run(until: "an outcome") { !rig.rig.outcomes.isEmpty }
        #expect(rig.rig.outcomes.map(\.failure) == [.tls(.notTLS)])
    }

    @Test func anAnswerThatSomebodyCutOffIsNone() throws {
        for (saysGoodbye, outcome) in [(true, "200 all"), (false, "none")] {
            let rig = try Rig()
            rig.start()
            let server = try rig.accept()
            _ = try rig.request(to: server)
            try server.send("HTTP/1.1 200 OK\r\n\r\nall")
            if saysGoodbye { try server.sendCloseNotify() }
            server.peer.shutdownWriting()
            #expect(try rig.rig.outcome() == outcome)
        }
    }

    @Test func sessionsAreResumed() throws {
        let rig = try Rig()
        for id in 1...4 {
            let server = try rig.call(id: UInt64(id))
            #expect(server.isResumed == (id > 1))
            server.peer.shutdownWriting()
            try rig.rig.run(until: "the end") {
                server.peer.poll()
                return server.peer.isOver
            }
        }
    }

    @Test func connectionsAndSessionsAreOfOneTrust() throws {
        let rig = try Rig()
        _ = try rig.call()
        let same = CallDestination.TLS(context: try rig.authority.client(), serverName: "core.test")
        rig.start(id: 2, over: same)
        let server = try rig.accept()
        _ = try rig.request(to: server)
        #expect(!server.isResumed)
        // Nor is a connection in the clear the same as one in TLS.
        rig.rig.start(id: 3)
        let plain = try rig.rig.accept()
        #expect(try rig.rig.request(to: plain).hasPrefix("GET "))
    }

    @Test func sessionsThatAreKeptAreBounded() throws {
        let rig = try Rig()
        let maximum = CallClient.sessionsMaximum
        for id in 1...(maximum + 1) {
            // A context of its own makes it another destination.
            let own = CallDestination.TLS(
                context: try rig.authority.client(),
                serverName: "core.test"
            )
            rig.start(id: UInt64(id), over: own)
            let server = try rig.accept()
            _ = try rig.request(to: server)
            try server.send(ok)
            #expect(try rig.rig.outcome() == "200 ok")
        }
        let kept = rig.rig.client.sessionCount
        #expect(kept == maximum)
    }
}

import Bytes
import EventLoop
import HTTPCore
import Sessions
import TestSupport
import Testing
import Upstreams

@testable import Proxy

/// Routes that ask for a session.
@Suite struct WorkerSessionTests {
    private func rig() throws -> WorkerRig {
        let rig = try WorkerRig()
        rig.post(.keys(CoreKey.shared.keys()))
        return rig
    }

    /// The first that a worker without keys asks control.
    private func question(of rig: WorkerRig) throws -> KeyQuestion {
        try rig.run(until: "the question") { !rig.told.isEmpty }
        guard case .keysWanted(0, let question, 0) = rig.told.last else { throw NoQuestion() }
        return question
    }

    private struct NoQuestion: Error {}

    @Test func theTokenOfACookieBecomesTheBearer() throws {
        let rig = try rig()
        let token = CoreKey.shared.token()
        let client = try rig.connect()
        try client.send(
            get("/private", "Cookie: a=b; sAccessToken=\(token); c=d", "rid: session", "X: 1")
        )
        let upstream = try rig.acceptUpstream()
        let request = try rig.message(to: upstream)
        #expect(request.contains("\r\nAuthorization: Bearer \(token)\r\n"))
        #expect(request.contains("\r\nCookie: a=b; c=d\r\n") && request.contains("\r\nX: 1\r\n"))
        #expect(!request.contains("sAccessToken") && !request.contains("\r\nrid:"))
        try upstream.send(ok("x"))
        // A cache in front saw no Authorization (RFC 9111 §3.5).
        #expect(try rig.message(to: client).contains("\r\nCache-Control: private\r\n"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
    }

    @Test func theTokenOfAFieldIsPassedOnOnce() throws {
        let rig = try rig()
        let token = CoreKey.shared.token()
        let client = try rig.connect()
        try client.send(get("/private", "authorization: Bearer \(token)"))
        let upstream = try rig.acceptUpstream()
        let request = try rig.message(to: upstream)
        #expect(request.contains("\r\nAuthorization: Bearer \(token)\r\n"))
        #expect(!request.contains("authorization"))
        try upstream.send(ok("x"))
        #expect(try !rig.message(to: client).contains("Cache-Control"))
    }

    @Test(arguments: [
        ([], "no_session", "unauthorised"),
        (
            ["Authorization: Bearer \(CoreKey.shared.token(seconds: -1))"], "expired",
            "try refresh token"
        ),
    ])
    func withoutASessionNothingIsForwarded(
        _ fields: [String],
        _ reason: String,
        _ message: String
    ) throws {
        let rig = try rig()
        let client = try rig.connect()
        let lines = ["GET /private HTTP/1.1", "Host: a.test"] + fields
        try client.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        let answer = try rig.message(to: client)
        #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
        #expect(answer.contains("\r\nsallyport-reason: \(reason)\r\n"))
        #expect(answer.contains("\r\nWWW-Authenticate: Bearer\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n{\"message\":\"\(message)\"}"))
        try rig.settle()
        #expect(try rig.upstream.acceptNow() == nil && rig.worker.upstreams.count == 0)
        #expect(rig.leftovers.isEmpty)
        #expect(rig.worker.clients.count == 1)
    }

    @Test func eachRuleDealsWithCredentialsInItsWay() throws {
        let rig = try rig()
        let token = CoreKey.shared.token()
        let field = "Authorization: Bearer \(token)"
        let expected = ["public": "", "optional": field, "private": field, "untouched": field]
        let client = try rig.connect()
        var upstream: TestPeer?
        for (route, credentials) in expected.sorted(by: { $0.key < $1.key }) {
            try client.send(get("/\(route)", field))
            let peer = try upstream ?? rig.acceptUpstream()
            upstream = peer
            let lines = try rig.message(to: peer).split(separator: "\r\n")
            let found = lines.first { $0.lowercased().hasPrefix("authorization:") } ?? ""
            #expect(found == credentials, "\(route)")
            try peer.send(ok(""))
            _ = try rig.message(to: client)
        }
        try client.send(get("/optional"))
        guard let upstream else { return }
        #expect(try !rig.message(to: upstream).contains("Authorization"))
    }

    @Test func theTokenItselfIsAnswered() throws {
        let rig = try rig()
        let token = CoreKey.shared.token()
        let answer = try rig.ask(get("/jwt", "Authorization: Bearer \(token)"))
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\nCache-Control: no-store\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n{\"token\":\"\(token)\"}"))
        #expect(rig.leftovers.isEmpty)
        #expect(rig.worker.upstreams.count == 0)
    }

    @Test func anUnknownKeyIsAskedForOnce() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/private", "Authorization: Bearer \(CoreKey.shared.token())"))
        let question = try question(of: rig)
        #expect(rig.worker.keyWaiters.count == 1)
        rig.post(.keys(CoreKey.shared.keys()))
        rig.post(
            .keysAnswered(KeyFetcher.KeysAnswer(question: question, sequence: 1, failed: false))
        )
        let upstream = try rig.acceptUpstream()
        #expect(try rig.message(to: upstream).contains("\r\nAuthorization: Bearer "))
        #expect(rig.told.count == 1 && rig.worker.keyWaiters.isEmpty)
        try upstream.send(ok("x"))
        #expect(try rig.message(to: client).hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func aCoreThatCannotBeReachedIsNoRefusal() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(get("/private", "Authorization: Bearer \(CoreKey.shared.token())"))
        let question = try question(of: rig)
        rig.post(
            .keysAnswered(KeyFetcher.KeysAnswer(question: question, sequence: 0, failed: true))
        )
        let answer = try rig.message(to: client)
        #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(answer.contains("\r\nRetry-After: 1\r\n"))
        #expect(answer.contains("\r\nsallyport-reason: core_unreachable\r\n"))
        #expect(rig.leftovers.isEmpty)
        #expect(rig.worker.upstreams.count == 0)
    }

    /// Keys that came in the very turn in which the wait for them was over woke the request twice:
    /// it stood in the queue for a connection twice, and a place called for it stayed taken.
    @Test func keysThatComeAsTheWaitEndsWakeARequestOnce() throws {
        var options = Fixture.options()
        options.upstreams[0].maximumConnections = 2
        options.sessions.core.timeout = .milliseconds(20)
        let rig = try WorkerRig(options)
        let others = try [rig.connect(), rig.connect()]
        let upstreams = try others.map { client in
            try client.send(get("/public"))
            let upstream = try rig.acceptUpstream()
            _ = try rig.message(to: upstream)
            return upstream
        }
        let client = try rig.connect()
        try client.send(get("/private", "Authorization: Bearer \(CoreKey.shared.token())"))
        let question = try question(of: rig)
        let waitEnds = Instant.now + .milliseconds(60)
        while Instant.now < waitEnds {}
        rig.post(.keys(CoreKey.shared.keys()))
        rig.post(.keysAnswered(.init(question: question, sequence: 1, failed: false)))
        try rig.settle()
        for upstream in upstreams { try upstream.send(ok("1")) }
        for other in others { #expect(try rig.message(to: other).hasSuffix("1")) }
        var messages = 0
        try rig.run(until: "the request") {
            for upstream in upstreams {
                upstream.poll()
                guard upstream.hasMessage else { continue }
                messages += 1
                _ = upstream.takeMessage()
                try upstream.send(ok("2"))
            }
            return messages > 0
        }
        #expect(try rig.message(to: client).hasSuffix("2"))
        try rig.settle()
        let pool = rig.worker.generations[rig.worker.current].pool
        #expect(rig.worker.pools[pool].promised == [0])
        #expect(rig.worker.pools[pool].pool.waiterCount(upstream: 0) == 0)
        #expect(messages == 1 && rig.leftovers.isEmpty)
        // Else nobody would be given a connection any more.
        try client.send(get("/public/3"))
        try rig.run(until: "another request") {
            upstreams.contains { upstream in
                upstream.poll()
                return upstream.hasMessage
            }
        }
    }
}

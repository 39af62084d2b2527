import Bytes
import EventLoop
import Sessions
import TestSupport
import Testing

@testable import Proxy

/// How a worker tells of sign-outs and obeys control.
@Suite struct WorkerRevocationTests {
    private func rig() throws -> WorkerRig {
        let rig = try WorkerRig()
        rig.post(.keys(CoreKey.shared.keys()))
        return rig
    }

    private func signOut(_ rig: WorkerRig, _ token: String) throws {
        let client = try rig.connect()
        try client.send(get("/untouched", "Authorization: Bearer \(token)"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        try upstream.send(ok("", "front-token: remove"))
        #expect(try rig.message(to: client).contains("\r\nfront-token: remove\r\n"))
    }

    private func news(_ told: [ControlMessage]) -> [RevocationNews] {
        told.compactMap { if case .revoked(0, let news) = $0 { news } else { nil } }
    }

    @Test func aSignOutIsObeyedAndTold() throws {
        let rig = try rig()
        let token = CoreKey.shared.token()
        try signOut(rig, token)
        #expect(news(rig.told).map(\.sessions.count) == [1])
        let answer = try rig.ask(get("/private", "Authorization: Bearer \(token)"))
        #expect(answer.contains("\r\nsallyport-reason: revoked\r\n"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
    }

    @Test func aFullMailboxDelaysTheNewsOnly() throws {
        let rig = try rig()
        try rig.settle()
        let control = rig.worker.surroundings.control
        while control.post(.drained(worker: 9)) {}
        let fingerprint = rig.worker.revoked.fingerprint(Array("handle".utf8).span)
        let session = RevokedSession(fingerprint: fingerprint, instant: 1)
        rig.worker.untold.add(session)
        rig.post(.revoked(RevocationNews(number: 5)))
        try rig.worker.turn()
        #expect(!rig.worker.untold.isEmpty && rig.worker.unconfirmed == 5)
        try rig.run(until: "the news") { !news(rig.told).isEmpty }
        #expect(news(rig.told).map(\.sessions) == [[session]])
        let isConfirmed = rig.told.contains {
            if case .revocationsObeyed(0, 5) = $0 { true } else { false }
        }
        #expect(isConfirmed && rig.worker.unconfirmed == 0)
    }

    @Test func sessionsInUseAreTold() throws {
        let rig = try rig()
        let request = get("/private", "Authorization: Bearer \(CoreKey.shared.token())")
        let client = try rig.connect()
        for round in 0..<3 {
            if round < 2 {
                try client.send(request)
                let upstream = try rig.acceptUpstream()
                _ = try rig.message(to: upstream)
                try upstream.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                _ = try rig.message(to: client)
            }
            for index in 0..<SessionShare.count {
                rig.post(.collectSessions(SessionShare(round: round, index: index)))
            }
            try rig.settle()
            let told = rig.told.compactMap {
                if case .sessionsInUse(0, let handles) = $0 { handles } else { nil }
            }
            #expect(told.count == min(round + 1, 2) && told.allSatisfy { $0.count == 1 })
        }
    }

    @Test func signOutsThatWaitForKeysAreBounded() throws {
        let rig = try WorkerRig()
        let before = Worker.putOffSignOutsMaximum
        for _ in 0...before { try signOut(rig, CoreKey.shared.token()) }
        #expect(rig.worker.putOffSignOuts.count == before && rig.worker.revoked.count == 0)
        rig.post(.keys(CoreKey.shared.keys()))
        try rig.settle()
        #expect(rig.worker.putOffSignOuts.isEmpty && rig.worker.revoked.count == 1)
    }
}

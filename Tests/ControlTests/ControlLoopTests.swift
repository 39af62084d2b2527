import EventLoop
import Observability
import Proxy
import Sessions
import TestSupport
import Testing
import Upstreams

@testable import Control

/// The control thread between a core, a worker and who asks the admin listener.
@Suite struct ControlLoopTests {
    @Test func keysAreFetchedAndPublished() throws {
        let rig = try ControlRig()
        #expect(
            try rig.answerCore(CoreAnswers.keys).hasPrefix("GET /.well-known/jwks.json HTTP/1.1")
        )
        let set = try rig.publishedKeys()
        #expect(set.webKeys.count == 1 && set.webKnowledge == .known && set.sequence == 1)
    }

    @Test func aCoreThatFailsIsAskedAgain() throws {
        let rig = try ControlRig()
        _ = try rig.answerCore("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        _ = try rig.answerCore("nonsense\r\n\r\n")
        _ = try rig.answerCore(CoreAnswers.keys)
        #expect(try rig.publishedKeys().webKeys.count == 1)
    }

    @Test func aCoreThatSaysNothingIsAskedAgain() throws {
        let answer = CoreAnswers.keys
        let rig = try ControlRig(timeout: .seconds(1))
        let silent = try rig.core.accept()
        _ = try silent.waitForMessage()
        _ = try rig.answerCore(answer)
        #expect(try rig.publishedKeys().webKeys.count == 1)
        try silent.wait(for: "the end") { $0.isOver }
    }

    @Test func aWorkersQuestionIsAnsweredAfterTheKeysItBrought() throws {
        let rig = try ControlRig()
        _ = try rig.answerCore(CoreAnswers.keys)
        let first = try rig.publishedKeys()
        rig.post(.keysWanted(worker: 0, question: .unknownKeyID, seen: 0))
        let answer = try rig.told("an answer") {
            if case .keysAnswered = $0 { true } else { false }
        }
        guard case .keysAnswered(let answered) = answer else { return }
        #expect(answered.question == .unknownKeyID && answered.sequence == first.sequence)
        #expect(!answered.failed)
    }

    @Test func aNameThatResolvesNoMoreKeepsItsAddresses() throws {
        let rig = try ControlRig()
        let target = TargetID(upstream: 0, target: 0)
        let first = SocketAddress.v4(0x7F00_0001, port: 80)
        let second = SocketAddress.v4(0x7F00_0002, port: 80)
        rig.post(.resolved(generation: 1, target, [first]))
        rig.post(.resolved(generation: 1, target, nil))
        rig.post(.resolved(generation: 1, target, []))
        rig.post(.resolved(generation: 1, target, [first]))
        rig.post(.resolved(generation: 2, target, [first, second]))
        rig.post(.resolved(generation: 1, target, [second]))
        var heard: [[SocketAddress]] = []
        for _ in 0..<2 {
            let message = try rig.told("addresses") {
                if case .addresses = $0 { true } else { false }
            }
            if case .addresses(1, target, let list) = message { heard.append(list) }
        }
        // A failure, the same again, and another configuration's answer are no news.
        #expect(heard == [[first], [second]])
    }

    @Test func readinessFollowsTheWorkersAndTheKeys() throws {
        let rig = try ControlRig()
        #expect(try rig.askAdmin("/livez").hasPrefix("HTTP/1.1 200 OK"))
        #expect(try rig.askAdmin("/readyz").hasSuffix("\r\n\r\nstarting\n"))
        rig.post(.generationLive(worker: 0, number: 1))
        let answer = try rig.askAdmin("/readyz")
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("core_unreachable"))
        _ = try rig.answerCore(CoreAnswers.keys)
        _ = try rig.publishedKeys()
        #expect(try rig.askAdmin("/readyz").hasSuffix("\r\n\r\nready\n"))
    }

    @Test func metricsAreCollectedFromTheWorkers() throws {
        let rig = try ControlRig()
        let peer = try TestPeer.connect(to: rig.admin)
        try peer.send(get("/metrics") + get("/livez"))
        let message = try rig.told("a collection") {
            if case .collectMetrics = $0 { true } else { false }
        }
        guard case .collectMetrics(let number) = message else { return }
        var metrics = WorkerMetrics(routeNames: [], upstreamTargets: [])
        metrics.set(.clientConnections, 42)
        rig.post(.metrics(worker: 0, number: number, metrics.snapshot()))
        let answer = try peer.waitForMessage()
        #expect(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(answer.contains("\nsallyport_connections{side=\"client\"} 42\n"))
        #expect(answer.contains("\nsallyport_workers 1\n"))
    }

    /// Others are shown when one worker does not answer.
    @Test func metricsDoNotWaitForEver() throws {
        let rig = try ControlRig()
        #expect(try rig.askAdmin("/metrics").contains("\nsallyport_workers 1\n"))
    }

    @Test func whoAsksAndLeavesHarmsNobody() throws {
        let rig = try ControlRig()
        var peer: TestPeer? = try TestPeer.connect(to: rig.admin)
        try peer?.send(get("/metrics"))
        let message = try rig.told("a collection") {
            if case .collectMetrics = $0 { true } else { false }
        }
        peer?.resetOnClose()
        peer = nil
        guard case .collectMetrics(let number) = message else { return }
        let metrics = WorkerMetrics(routeNames: [], upstreamTargets: [])
        rig.post(.metrics(worker: 0, number: number, metrics.snapshot()))
        #expect(try rig.askAdmin("/livez").hasPrefix("HTTP/1.1 200 OK"))
    }
}

import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct EventLoopTests {
    @Test func tokensCarryKindAndHandle() {
        let token = EventToken(kind: 0xAB, bits: 0xFF12_3456_789A_BCDE)
        #expect(token.kind == 0xAB && token.bits == 0x12_3456_789A_BCDE)
    }

    @Test func waitsToTheDeadlineAndNotPastIt() throws {
        var loop = try EventLoop()
        let start = Instant.now
        let past = try loop.wait(until: Instant(nanoseconds: 0))
        let deadline = Instant.now + .milliseconds(30)
        let count = try loop.wait(until: deadline)
        let now = loop.now
        let wall = loop.wallMilliseconds
        #expect(past == 0 && count == 0 && now >= deadline)
        #expect(now - start < .seconds(5))
        #expect(abs(wall - WallClock.milliseconds) < 5_000)
    }

    @Test func givesAtMostTheMaximumAndTheRestNext() throws {
        var loop = try EventLoop(maximumEvents: 2)
        let boxes = try (0..<5).map { _ in try Mailbox<Int>() }
        for (number, box) in boxes.enumerated() {
            box.post(number)
            let token = EventToken(kind: 1, bits: UInt64(number))
            try loop.addLevelTriggered(descriptor: box.descriptor, token: token)
        }
        var seen: Set<UInt64> = []
        for _ in 0..<5 {
            let count = try loop.wait(until: .now)
            for index in 0..<count {
                let bits = loop.event(at: index).token.bits
                seen.insert(bits)
                var messages: [Int] = []
                boxes[Int(bits)].drain(into: &messages)
            }
            if count > 2 { Issue.record("too many") }
        }
        #expect(seen.count == 5)
        loop.remove(descriptor: boxes[0].descriptor)
        boxes[0].post(1)
        let count = try loop.wait(until: .now)
        #expect(count == 0)
    }

    @Test func refusesWhatEpollRefuses() throws {
        let loop = try EventLoop()
        let token = EventToken(kind: 0, bits: 0)
        #expect(throws: SystemFailure(code: EBADF, operation: "epoll_ctl")) {
            try loop.addLevelTriggered(descriptor: -1, token: token)
        }
    }
}

@Suite struct SignalTests {
    private final class Caught: Sendable {
        let signals = Mutex<[CInt]>([])
    }

    @Test func signalsBecomeReads() throws {
        let caught = Caught()
        // A thread of its own: the mask is not to spread to other tests.
        let thread = try Thread.start(name: "signals") {
            guard let descriptor = try? Signals.descriptor(for: [SIGUSR1, SIGUSR2]) else { return }
            pthread_kill(pthread_self(), SIGUSR2)
            pthread_kill(pthread_self(), SIGUSR1)
            while let signal = descriptor.next() {
                caught.signals.withLock { $0.append(signal) }
            }
        }
        thread.join()
        let signals = caught.signals.withLock { $0 }
        #expect(signals.sorted() == [SIGUSR1, SIGUSR2])
    }
}

@Suite struct ResolverTests {
    private typealias Answer = Result<[SocketAddress], ResolveFailure>

    @Test func answersLiteralsAtOnceAndNamesLater() throws {
        let resolver = try Resolver()
        let box = try Mailbox<Answer>()
        resolver.resolve(host: "[::1]", port: 7) { box.post($0) }
        var answers: [Answer] = []
        box.drain(into: &answers)
        #expect(answers == [.success([.v6(high: 0, low: 1, port: 7, scope: 0)])])
        resolver.resolve(host: "localhost", port: 8) { box.post($0) }
        answers = try wait(for: box)
        let addresses = try #require(answers.first).get()
        #expect(addresses.contains(.v4(0x7F00_0001, port: 8)))
        resolver.stop()
    }

    @Test func refusesImpossibleNames() throws {
        let resolver = try Resolver()
        let box = try Mailbox<Answer>()
        resolver.resolve(host: "", port: 7) { box.post($0) }
        resolver.resolve(host: "local\0host", port: 7) { box.post($0) }
        var answers: [Answer] = []
        box.drain(into: &answers)
        #expect(answers == [.failure(.notFound), .failure(.notFound)])
        resolver.stop()
    }

    @Test func answersThoseThatWaitWhenStopped() throws {
        let resolver = try Resolver()
        let box = try Mailbox<Answer>()
        resolver.stop()
        resolver.resolve(host: "localhost", port: 7) { box.post($0) }

        let answers = try wait(for: box)
        #expect(answers == [.failure(.stopped)])
    }

    private func wait(for box: Mailbox<Answer>) throws -> [Answer] {
        var loop = try EventLoop()
        let token = EventToken(kind: 0, bits: 0)
        try loop.addLevelTriggered(descriptor: box.descriptor, token: token)
        _ = try loop.wait(until: .now + .seconds(10))
        var answers: [Answer] = []
        box.drain(into: &answers)
        return answers
    }
}

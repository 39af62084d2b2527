import EventLoop
import Synchronization
import Testing

@Suite struct MailboxTests {
    @Test func keepsTheOrderAndRefusesPastItsCapacity() throws {
        let box = try Mailbox<Int>(capacity: 3)
        let taken = (1...4).map { box.post($0) }
        var messages = [0]
        box.drain(into: &messages)
        #expect(taken == [true, true, true, false] && messages == [0, 1, 2, 3])
        #expect(box.post(5))
        messages.removeAll()
        box.drain(into: &messages)
        box.drain(into: &messages)
        #expect(messages == [5])
    }

    @Test func wakesALoopOnlyWhileSomethingWaits() throws {
        let box = try Mailbox<Int>()
        var loop = try EventLoop()
        let token = EventToken(kind: 9, bits: 77)
        try loop.addLevelTriggered(descriptor: box.descriptor, token: token)
        let before = try loop.wait(until: .now)
        box.post(1)
        let after = try loop.wait(until: .now + .seconds(5))
        let event = loop.event(at: 0)
        var messages: [Int] = []
        box.drain(into: &messages)
        let drained = try loop.wait(until: .now)
        #expect(before == 0 && after == 1 && event.token == token && drained == 0)
        #expect(event.readiness == .readable && messages == [1])
    }

    @Test func carriesEveryMessageOfTwoThreads() throws {
        let box = try Mailbox<Int>(capacity: 100)
        var loop = try EventLoop()
        try loop.addLevelTriggered(
            descriptor: box.descriptor,
            token: EventToken(kind: 1, bits: 0)
        )
        let count = 20_000
        let threads = try (0..<2).map { number in
            try Thread.start(name: "producer \(number)") {
                for value in 0..<count {
                    while !box.post(number * count + value) { spinLoopHint() }
                }
            }
        }
        var last = [-1, -1]
        var received = 0
        var messages: [Int] = []
        while received < 2 * count {
            guard try loop.wait(until: .now + .seconds(10)) > 0 else { break }
            messages.removeAll(keepingCapacity: true)
            box.drain(into: &messages)
            for message in messages {
                let (producer, value) = message.quotientAndRemainder(dividingBy: count)
                if last[producer] != value - 1 { Issue.record("out of order") }
                last[producer] = value
            }
            received += messages.count
        }
        for thread in threads { thread.join() }
        #expect(received == 2 * count)
    }

    private func spinLoopHint() {
        // Lets the consumer run when there is one processor only.
        _ = Instant.now
    }
}

@Suite struct ThreadTests {
    private final class Flag: Sendable {
        let value = Atomic<Bool>(false)
    }

    @Test func joinWaitsForTheBody() throws {
        let flag = Flag()
        let thread = try Thread.start(name: "a name longer than fifteen bytes") {
            flag.value.store(true, ordering: .relaxed)
        }
        thread.join()
        thread.join()
        let ran = flag.value.load(ordering: .relaxed)
        #expect(ran)
    }
}

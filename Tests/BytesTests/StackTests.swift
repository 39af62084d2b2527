import Bytes
import Testing

@Suite struct StackTests {
    /// Counts what is dropped.
    private final class Counter {
        var dropped = 0
    }

    private struct Spare: ~Copyable {
        let number: Int
        let counter: Counter
        deinit { counter.dropped += 1 }
    }

    @Test func theLastPutAwayComesFirst() {
        let counter = Counter()
        var stack = Stack<Spare>(capacity: 2)
        stack.push(Spare(number: 1, counter: counter))
        stack.push(Spare(number: 2, counter: counter))
        let numbers = [number(stack.pop()), number(stack.pop()), number(stack.pop())]
        #expect(numbers == [2, 1, nil])
    }

    private func number(_ spare: consuming Spare?) -> Int? {
        guard let spare else { return nil }
        return spare.number
    }

    @Test func oneMoreThanTheCapacityIsDropped() {
        let counter = Counter()
        do {
            var stack = Stack<Spare>(capacity: 1)
            stack.push(Spare(number: 1, counter: counter))
            stack.push(Spare(number: 2, counter: counter))
            #expect(counter.dropped == 1)
            let count = stack.count
            #expect(count == 1)
        }
        #expect(counter.dropped == 2)
    }
}

import Bytes
import Testing

@testable import Observability

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-5, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_001, "2000-03-01T00:00:00.001Z"),
            (1_700_000_000_050, "2023-11-14T22:13:20.050Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (.max, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func writesRFC3339(milliseconds: Int64, text: String) {
        var buffer = Buffer(capacity: 24)
        Timestamp.append(millisecondsSinceEpoch: milliseconds, to: &buffer)
        let written = buffer.readable.text
        #expect(written == text)
    }
}

@Suite struct RequestIDTests {
    @Test func neverRepeats() {
        var generator = RequestID()
        var other = RequestID()
        var seen: Set<String> = []
        var buffer = Buffer(capacity: 32)
        for _ in 0..<2_000 {
            generator.next(into: &buffer)
            seen.insert(buffer.readable.text)
            buffer.clear()
            other.next(into: &buffer)
            seen.insert(buffer.readable.text)
            buffer.clear()
        }
        #expect(seen.count == 4_000)
        #expect(seen.allSatisfy { $0.utf8.count == 32 })
    }

    @Test func appendsNothingWithoutRoom() {
        var generator = RequestID()
        var buffer = Buffer(capacity: 31)
        generator.next(into: &buffer)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }
}

import Bytes
import HTTPCore
import Testing

@Suite struct HTTPDateTests {
    @Test(arguments: [
        (Int64(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (.min, "Mon, 01 Jan 0001 00:00:00 GMT"),
        (.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func dates(second: Int64, text: String) {
        var date = HTTPDate()
        var buffer = Buffer(capacity: 40)
        date.append(secondsSinceEpoch: second, to: &buffer)
        let written = buffer.readable.text
        #expect(written == text)
    }

    @Test func isWrittenAgainWhenTheSecondChanges() {
        var date = HTTPDate()
        var buffer = Buffer(capacity: 200)
        for second: Int64 in [59, 59, 60] { date.append(secondsSinceEpoch: second, to: &buffer) }
        let written = buffer.readable.text
        let first = "Thu, 01 Jan 1970 00:00:59 GMT"
        #expect(written == first + first + "Thu, 01 Jan 1970 00:01:00 GMT")
    }

    @Test func isWrittenWholeOrNotAtAll() {
        var date = HTTPDate()
        var buffer = Buffer(capacity: 28)
        date.append(secondsSinceEpoch: 0, to: &buffer)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }

    @Test func everyDayFollowsTheOneBefore() {
        var date = HTTPDate()
        var seen = Set<String>()
        for day: Int64 in 0..<(400 * 365 + 97) {
            var buffer = Buffer(capacity: 40)
            date.append(secondsSinceEpoch: day * 86_400, to: &buffer)
            seen.insert(buffer.readable.text)
        }
        #expect(seen.count == 400 * 365 + 97)
    }
}

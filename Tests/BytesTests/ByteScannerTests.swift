import Bytes
import Testing

@Suite struct ByteScannerTests {
    /// Every length and place around the sixteen bytes that are looked at together.
    private static let lengths = 0...50

    private func check(
        filler: UInt8,
        wanted: UInt8,
        _ scan: (Span<UInt8>, Int, Int) -> Int
    ) {
        for length in Self.lengths {
            for place in 0...length {
                var bytes = [UInt8](repeating: filler, count: length)
                if place < length { bytes[place] = wanted }
                for start in [0, 1, length / 2, length] where start <= length {
                    for end in [length, length - 1, length / 2] where end >= start {
                        let found = scan(bytes.span, start, end)
                        let expected = place >= start && place < end ? place : end
                        #expect(found == expected, "\(length) \(place) \(start) \(end)")
                    }
                }
            }
        }
    }

    @Test func findsAByte() {
        check(filler: 0x61, wanted: 0x0A) { $0.scan(for: 0x0A, from: $1, to: $2) }
        check(filler: 0x8A, wanted: 0x0A) { $0.scan(for: 0x0A, from: $1, to: $2) }
    }

    @Test func findsWhatNoFieldValueHolds() {
        for wanted in [UInt8(0), 0x08, 0x0A, 0x0D, 0x1F, 0x7F] {
            check(filler: 0x09, wanted: wanted) { $0.scanFieldValue(from: $1, to: $2) }
            check(filler: 0xFF, wanted: wanted) { $0.scanFieldValue(from: $1, to: $2) }
        }
    }

    @Test func findsWhatNoTokenHolds() {
        for wanted in [UInt8(0x3A), 0x20, 0x0D, 0x00, 0x7F, 0x80, 0x5B, 0x40, 0x2F] {
            check(filler: 0x2D, wanted: wanted) { $0.scanToken(from: $1, to: $2) }
            check(filler: 0x7E, wanted: wanted) { $0.scanToken(from: $1, to: $2) }
        }
    }

    @Test func findsWhatIsNotVisible() {
        for wanted in [UInt8(0x20), 0x09, 0x00, 0x7F, 0x80, 0xFF] {
            check(filler: 0x21, wanted: wanted) { $0.scanVisible(from: $1, to: $2) }
            check(filler: 0x7E, wanted: wanted) { $0.scanVisible(from: $1, to: $2) }
        }
    }

    @Test func tokenBytesAreThoseOfTheRFC() {
        let marks = Set("!#$%&'*+-.^_`|~".utf8)
        for byte in UInt8.min...UInt8.max {
            let isLetter = byte.lowercased >= 0x61 && byte.lowercased <= 0x7A
            #expect(byte.isTokenByte == (isLetter || byte.isDigit || marks.contains(byte)))
        }
    }

    @Test func wordsAreLittleEndianAndPadded() {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
        let words: [UInt64] = [
            0x02, 0x0302, 0x04_0302, 0x0504_0302, 0x06_0504_0302, 0x0706_0504_0302,
            0x08_0706_0504_0302, 0x0908_0706_0504_0302,
        ]
        for size in 1...8 {
            let word = bytes.span.word(at: 1, size: size)
            #expect(word == words[size - 1])
        }
    }

    @Test(arguments: [
        (UInt64(0), "0", "0"), (9, "9", "9"), (10, "10", "a"), (16, "16", "10"),
        (255, "255", "ff"), (4096, "4096", "1000"), (99_999, "99999", "1869f"),
        (.max, "18446744073709551615", "ffffffffffffffff"),
    ])
    func numbers(number: UInt64, decimal: String, hexadecimal: String) {
        var buffer = Buffer(capacity: 64)
        let appended = buffer.append(decimal: number)
        let text = buffer.readable.text
        #expect(appended && text == decimal)
        buffer.clear()
        let hexadecimalAppended = buffer.append(hexadecimal: number)
        let hexadecimalText = buffer.readable.text
        #expect(hexadecimalAppended && hexadecimalText == hexadecimal)
    }

    @Test func numbersAreAppendedWholeOrNotAtAll() {
        var buffer = Buffer(capacity: 3)
        let tooLong = buffer.append(decimal: 1000)
        let isEmpty = buffer.isEmpty
        #expect(!tooLong && isEmpty)
        let fits = buffer.append(decimal: 999)
        #expect(fits)
        let more = buffer.append(hexadecimal: 0)
        #expect(!more)
    }
}

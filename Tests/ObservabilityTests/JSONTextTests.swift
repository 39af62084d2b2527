import Bytes
import Testing

@testable import Observability

@Suite struct JSONTextTests {
    private func written(_ bytes: [UInt8], maximum: Int = 100) -> String {
        var buffer = Buffer(capacity: 1024)
        JSONText.append(bytes.span, maximum: maximum, to: &buffer)
        return buffer.readable.text
    }

    @Test(arguments: [
        ("", "null"), ("abc", "\"abc\""), ("a\"b\\c", #""a\"b\\c""#),
        ("\n\u{0}\u{1F}\u{7F}", #""\u000a\u0000\u001f\u007f""#), ("é€𝄞", "\"é€𝄞\""),
        ("</script>", "\"</script>\""),
    ])
    func escapes(text: String, json: String) {
        #expect(written(Array(text.utf8)) == json)
    }

    /// Overlong forms, surrogates, lone continuations, cut sequences, past U+10FFFF.
    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xE2, 0x82],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
            [0xF0, 0x9D, 0x84],
        ] as [[UInt8]]
    )
    func replacesWhatIsNotUTF8(bytes: [UInt8]) {
        let replacement = String(repeating: #"\ufffd"#, count: bytes.count)
        #expect(written([0x61] + bytes + [0x62]) == "\"a\(replacement)b\"")
        #expect(written(bytes) == "\"\(replacement)\"")
    }

    @Test func cutsAtTheMaximum() {
        #expect(written(Array("abcdef".utf8), maximum: 3) == "\"abc\"")
        #expect(written(Array("ab€".utf8), maximum: 3) == #""ab\ufffd""#)
    }

    @Test func agreesWithTheLibraryOnEveryTwoAndThreeBytes() {
        for first in 0x80...0xFF as ClosedRange<UInt8> {
            for second in 0x7F...0xC1 as ClosedRange<UInt8> {
                let bytes = [first, second, 0x80]
                let isValid = String(validating: bytes, as: UTF8.self) != nil
                let length = UTF8Sequence.length(bytes.span, at: 0, end: 3)
                if isValid != (length == 3) { Issue.record("\(bytes)") }
            }
        }
    }
}

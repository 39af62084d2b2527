import Testing

@testable import Bytes

@Suite struct ByteViewTests {
    private func buffer(_ text: String) -> Buffer {
        var buffer = Buffer(capacity: 64)
        buffer.append(Array(text.utf8).span)
        return buffer
    }

    @Test func showsWhatIsReadable() {
        var buffer = buffer("hello")
        buffer.consume(2)
        let view = buffer.view
        #expect(view.count == 3 && view.span.text == "llo")
    }

    @Test func anEmptyBufferShowsNothing() {
        let (without, with) = (Buffer().view, Buffer(capacity: 8).view)
        #expect(without.count == 0 && with.count == 0)
        let isEmpty = without.span.isEmpty && with.span.isEmpty
        #expect(isEmpty)
    }

    /// What it is for: one buffer is read while another is written.
    @Test func oneBufferIsReadWhileAnotherIsWritten() {
        let from = buffer("abc")
        var to = buffer("x")
        let view = from.view
        to.append(view.span)
        to.append(view.span.bytes(ByteRange(1..<2)))
        let text = to.readable.text
        #expect(text == "xabcb")
    }
}

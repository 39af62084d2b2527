import Bytes
import HTTP1
import HTTPCore
import Testing

@Suite struct ChunkWriterTests {
    @Test func writesWhatTheDecoderReads() {
        var buffer = Buffer(capacity: 4096)
        for size in [1, 15, 16, 255, 1000] {
            let content = [UInt8](repeating: 0x61, count: size)
            ChunkWriter.appendHead(size: size, to: &buffer)
            buffer.append(content.span)
            ChunkWriter.appendTail(to: &buffer)
        }
        ChunkWriter.appendLastChunk(to: &buffer)
        buffer.append("X-A: b\r\n\r\n")
        let outcome = decodeContent(buffer.readable.copied(), .chunked)
        #expect(outcome.isFinished && outcome.trailers == ["X-A: b"])
        #expect(outcome.content == String(repeating: "a", count: 1287))
    }

    @Test func anEmptyChunkWouldBeTheLast() {
        var buffer = Buffer(capacity: 100)
        ChunkWriter.appendHead(size: 0, to: &buffer)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }

    @Test func headAndTailHaveTwentyBytesAtMost() {
        var buffer = Buffer(capacity: 100)
        ChunkWriter.appendHead(size: .max, to: &buffer)
        ChunkWriter.appendTail(to: &buffer)
        let count = buffer.count
        #expect(count <= 20)
    }
}

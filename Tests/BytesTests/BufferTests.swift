import Bytes
import Testing

@Suite struct BufferTests {
    @Test func readsWhatWasAppended() {
        var buffer = Buffer(capacity: 8)
        buffer.append("abc")
        buffer.consume(1)
        let text = buffer.readable.text
        #expect(text == "bc")
    }

    @Test func holdsNoMemoryUntilPrepared() {
        var pool = ChunkPool(largeBytes: 128 * 1024, keptMaximum: 4)
        var buffer = Buffer()
        let taken = buffer.append("abc")
        #expect(!taken && buffer.capacity == 0)
        let prepared = buffer.prepare(10, from: &pool)
        #expect(prepared && pool.lent == 1)
        buffer.release(to: &pool)
        #expect(buffer.capacity == 0 && pool.lent == 0)
    }

    @Test func growsFromASmallChunkToALargeOneAndNoFurther() {
        var pool = ChunkPool(largeBytes: 100_000, keptMaximum: 4)
        var buffer = Buffer()
        buffer.prepare(1, from: &pool)
        let bytes = [UInt8](repeating: 7, count: ChunkPool.smallBytes)
        buffer.append(bytes.span)
        buffer.consume(1)
        #expect(buffer.room == 0)
        let grown = buffer.prepare(40_000, from: &pool)
        let left = buffer.readable.count
        #expect(grown && left == ChunkPool.smallBytes - 1 && pool.lent == 1)
        let tooMuch = buffer.prepare(100_000, from: &pool)
        #expect(!tooMuch)
    }
}

import Bytes
import Synchronization

/// A ring of whole lines between one thread that appends and one that takes, without a lock.
@safe
final class LogMemory: @unchecked Sendable {
    // Unchecked: `base` is written by the appending thread between `taken` and `appended` plus
    // capacity, read by the taking thread between `taken` and `appended`; the two atomics order it.
    private let base: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    /// Bytes appended since the start; the appending thread's.
    private let appended = Atomic<Int>(0)
    /// Bytes taken since the start; the taking thread's.
    private let taken = Atomic<Int>(0)
    private let dropped = Atomic<UInt64>(0)

    /// A ring of `capacity` bytes, a power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        unsafe base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    /// Lines that found no room.
    var droppedLines: UInt64 { dropped.load(ordering: .relaxed) }

    /// The appending thread's count of one more line without room.
    func drop() { dropped.wrappingAdd(1, ordering: .relaxed) }

    /// Whether at least half of the ring waits to be taken.
    var isHalfFull: Bool {
        appended.load(ordering: .relaxed) - taken.load(ordering: .relaxed) >= capacity / 2
    }

    /// The appending thread's: all of the line or nothing, and then false.
    func append(_ line: Span<UInt8>) -> Bool {
        let end = appended.load(ordering: .relaxed)
        guard capacity - (end - taken.load(ordering: .acquiring)) >= line.count else {
            return false
        }
        let index = end & (capacity - 1)
        let first = min(line.count, capacity - index)
        unsafe line.withUnsafeBufferPointer { bytes in
            guard let source = bytes.baseAddress else { return }
            unsafe (base + index).update(from: source, count: first)
            unsafe base.update(from: source + first, count: line.count - first)
        }
        appended.store(end + line.count, ordering: .releasing)
        return true
    }

    /// Where the taking thread stands when it has taken all that is there now: a line's end.
    var end: Int { appended.load(ordering: .acquiring) }

    /// The taking thread's: calls `body` with what waits before `end`, up to the ring's edge, and
    /// takes as many bytes as it answers. False when nothing waits before `end`.
    func take(before end: Int, _ body: (Span<UInt8>) -> Int) -> Bool {
        let start = taken.load(ordering: .relaxed)
        guard start < end else { return false }
        let index = start & (capacity - 1)
        let count = min(end - start, capacity - index)
        let bytes = unsafe UnsafeBufferPointer(start: base + index, count: count)
        let used = body(unsafe Span(_unsafeElements: bytes))
        taken.store(start + min(max(used, 0), count), ordering: .releasing)
        return true
    }
}

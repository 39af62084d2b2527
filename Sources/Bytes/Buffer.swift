/// A queue of bytes in one lent chunk: written at the end, read and consumed at the front.
///
/// Without a chunk it is empty and has no room; `prepare` lends one, `release` gives it back.
@safe
public struct Buffer: ~Copyable {
    @usableFromInline var chunk: Chunk?
    @usableFromInline var start = 0
    @usableFromInline var end = 0
    @usableFromInline var overflowed = false

    /// An empty buffer that holds no memory.
    public init() {
        chunk = nil
    }

    /// A buffer with memory of its own: for tests and for threads without a pool.
    public init(capacity: Int) {
        chunk = Chunk(capacity: capacity)
    }

    /// Bytes that can be read.
    @inlinable public var count: Int { end &- start }

    /// Whether no byte can be read.
    @inlinable public var isEmpty: Bool { end == start }

    /// Bytes the chunk holds in all; 0 without one.
    @inlinable public var capacity: Int {
        switch chunk {
        case .none: 0
        case .some(let chunk): chunk.capacity
        }
    }

    /// Bytes that can be appended now, without moving what is there.
    @inlinable public var room: Int { capacity &- end }

    /// The bytes that wait to be read; ranges that parsers give count from their first.
    public var readable: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            switch chunk {
            case .none:
                return Span()
            case .some(let chunk):
                let first = unsafe chunk.base + start
                let bytes = unsafe UnsafeBufferPointer(start: first, count: end - start)
                let span = unsafe Span(_unsafeElements: bytes)
                return unsafe _overrideLifetime(span, borrowing: self)
            }
        }
    }

    /// Drops the first `bytes` bytes; ranges taken before are void.
    public mutating func consume(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= count)
        start += bytes
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Drops every byte.
    public mutating func clear() {
        start = 0
        end = 0
    }

    /// Appends as many of `bytes` as there is room for, and returns how many.
    @discardableResult
    public mutating func append(_ bytes: Span<UInt8>) -> Int {
        let taken = min(bytes.count, room)
        if taken < bytes.count { overflowed = true }
        guard taken > 0, let base = unsafe memory else { return 0 }
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress else { return }
            unsafe (base + end).update(from: from, count: taken)
        }
        end &+= taken
        return taken
    }

    /// Appends one byte if there is room.
    @discardableResult
    @inlinable
    public mutating func append(_ byte: UInt8) -> Bool {
        guard room > 0, let base = unsafe memory else { return noteOverflow() }
        unsafe base[end] = byte
        end &+= 1
        return true
    }

    /// Appends a literal's bytes; false, and nothing appended, when there is no room for all.
    ///
    /// Inlined, because with the length known a few stores take the place of a call.
    @discardableResult
    @inlinable @inline(__always)
    public mutating func append(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard count <= room, let base = unsafe memory else { return noteOverflow() }
        unsafe (base + end).update(from: text.utf8Start, count: count)
        end &+= count
        return true
    }

    /// Whether an append had to leave bytes out since this was asked last. A message of many
    /// appends asks once at its end, so that none goes out with a hole in it.
    public mutating func takeOverflow() -> Bool {
        defer { overflowed = false }
        return overflowed
    }

    /// Takes back the bytes appended last: of a message that did not fit.
    public mutating func removeLast(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= count)
        end -= bytes
    }

    @usableFromInline
    mutating func noteOverflow() -> Bool {
        overflowed = true
        return false
    }

    /// Lets a system call or a C library fill the room; `commit` then says how many bytes it wrote.
    @unsafe
    public mutating func withWritable<Result, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let base = unsafe memory else {
            return try unsafe body(UnsafeMutableBufferPointer(start: nil, count: 0))
        }
        return try unsafe body(UnsafeMutableBufferPointer(start: base + end, count: room))
    }

    /// Counts bytes that `withWritable` wrote as readable.
    public mutating func commit(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= room)
        end += bytes
    }

    @inlinable
    var memory: UnsafeMutablePointer<UInt8>? {
        switch chunk {
        case .none: return nil
        case .some(let chunk): return unsafe chunk.base
        }
    }
}

extension Buffer {
    /// Makes room for at least `bytes` more: lends a chunk, moves what is there to its front, or
    /// moves it to a larger chunk.
    ///
    /// - Returns: false when even a large chunk has not that room.
    @discardableResult
    @inlinable
    public mutating func prepare(_ bytes: Int, from pool: inout ChunkPool) -> Bool {
        room >= bytes || makeRoom(bytes, &pool)
    }

    @usableFromInline
    mutating func makeRoom(_ bytes: Int, _ pool: inout ChunkPool) -> Bool {
        if capacity - count >= bytes {
            moveToFront()
            return true
        }
        guard let larger = pool.lend(atLeast: count + bytes) else { return false }
        replaceChunk(with: larger, pool: &pool)
        return true
    }

    /// Gives the chunk back when nothing waits in it.
    public mutating func release(to pool: inout ChunkPool) {
        guard isEmpty, let chunk = chunk.take() else { return }
        start = 0
        end = 0
        pool.giveBack(chunk)
    }

    /// Drops what waits and gives the chunk back.
    public mutating func discard(to pool: inout ChunkPool) {
        clear()
        release(to: &pool)
    }

    private mutating func moveToFront() {
        guard start > 0, let base = unsafe memory else { return }
        unsafe base.update(from: base + start, count: count)
        end -= start
        start = 0
    }

    private mutating func replaceChunk(with larger: consuming Chunk, pool: inout ChunkPool) {
        let waiting = count
        if let old = chunk.take() {
            unsafe larger.base.update(from: old.base + start, count: waiting)
            pool.giveBack(old)
        }
        chunk = consume larger
        start = 0
        end = waiting
    }
}

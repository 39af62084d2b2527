/// A block of memory lent by a `ChunkPool` while data is in flight.
///
/// Give it back with `ChunkPool.giveBack`; one that is dropped is freed instead.
@safe
public struct Chunk: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<UInt8>
    /// Bytes the block holds.
    public let capacity: Int

    /// A block of zeros.
    public init(capacity: Int) {
        unsafe base = .allocate(capacity: capacity)
        unsafe base.initialize(repeating: 0, count: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }
}

/// One worker's stock of chunks in three sizes, so that an idle connection holds no buffer and a
/// busy one no more than it needs.
public struct ChunkPool: ~Copyable {
    /// Bytes of a small chunk: a request's head, or one TLS record and as much again.
    public static let smallBytes = 32 * 1024
    /// Bytes of a middle chunk, lent to a connection whose data flows in bulk.
    public static let middleBytes = 96 * 1024

    /// Bytes of a large chunk: the largest head, and what else may wait beside it.
    public private(set) var largeBytes: Int
    private let keptLarge: Int
    private var small: Stack<Chunk>
    private var middle: Stack<Chunk>
    private var large: Stack<Chunk>
    /// Chunks lent now.
    public private(set) var lent = 0

    /// - Parameters:
    ///   - largeBytes: the size of a large chunk; more than `smallBytes`.
    ///   - keptMaximum: how many free small chunks are kept, and a quarter of it of each larger
    ///     size;
    ///     more are freed.
    public init(largeBytes: Int, keptMaximum: Int) {
        self.largeBytes = max(largeBytes, Self.smallBytes + 1)
        keptLarge = max(keptMaximum / 4, 1)
        small = Stack(capacity: max(keptMaximum, 1))
        middle = Stack(capacity: keptLarge)
        large = Stack(capacity: keptLarge)
    }

    /// Makes large chunks larger from now on; those that are lent stay as they are, and are freed
    /// when they come back.
    public mutating func growLarge(to bytes: Int) {
        guard bytes > largeBytes else { return }
        largeBytes = bytes
        large = Stack(capacity: keptLarge)
    }

    /// A chunk of the smallest size that holds `bytes`; nil when it is more than `largeBytes`.
    public mutating func lend(atLeast bytes: Int) -> Chunk? {
        guard bytes <= largeBytes else { return nil }
        lent += 1
        if bytes <= Self.smallBytes {
            if let chunk = small.pop() { return chunk }
            return Chunk(capacity: Self.smallBytes)
        }
        if bytes <= Self.middleBytes, Self.middleBytes < largeBytes {
            if let chunk = middle.pop() { return chunk }
            return Chunk(capacity: Self.middleBytes)
        }
        if let chunk = large.pop() { return chunk }
        return Chunk(capacity: largeBytes)
    }

    /// Takes a lent chunk back.
    public mutating func giveBack(_ chunk: consuming Chunk) {
        lent -= 1
        switch chunk.capacity {
        case Self.smallBytes: small.push(chunk)
        case largeBytes: large.push(chunk)
        case Self.middleBytes: middle.push(chunk)
        default: break
        }
    }
}

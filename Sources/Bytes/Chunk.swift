/// A block of memory lent by a `ChunkPool` while data is in flight.
///
/// Give it back with `ChunkPool.giveBack`; one that is dropped is freed instead.
@safe
public struct Chunk: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<UInt8>
    /// Bytes the block holds.
    public let capacity: Int

    /// Takes over memory that `UnsafeMutablePointer.allocate` gave.
    @unsafe
    fileprivate init(base: UnsafeMutablePointer<UInt8>, capacity: Int) {
        unsafe self.base = base
        self.capacity = capacity
    }

    /// A block that no pool lent: for tests and for threads without a pool.
    public init(capacity: Int) {
        unsafe base = .allocate(capacity: capacity)
        unsafe base.initialize(repeating: 0, count: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    fileprivate consuming func intoMemory() -> UnsafeMutablePointer<UInt8> {
        let memory = unsafe base
        discard self
        return unsafe memory
    }
}

/// One worker's stock of chunks in three sizes, so that an idle connection holds no buffer and a
/// busy one no more than it needs.
@safe
public struct ChunkPool: ~Copyable {
    /// Bytes of a small chunk: a request's head, or one TLS record and as much again.
    public static let smallBytes = 32 * 1024
    /// Bytes of a middle chunk, lent to a connection whose data flows in bulk.
    public static let middleBytes = 96 * 1024

    /// Bytes of a large chunk: the largest head, and what else may wait beside it.
    public let largeBytes: Int
    private var small: [UnsafeMutablePointer<UInt8>]
    private var middle: [UnsafeMutablePointer<UInt8>]
    private var large: [UnsafeMutablePointer<UInt8>]
    private let keptMaximum: Int
    /// Chunks lent now.
    public private(set) var lent = 0

    /// - Parameters:
    ///   - largeBytes: the size of a large chunk; more than `smallBytes`.
    ///   - keptMaximum: how many free small chunks are kept, and a quarter of it of each larger
    ///     size;
    ///     more are freed.
    public init(largeBytes: Int, keptMaximum: Int) {
        self.largeBytes = max(largeBytes, Self.smallBytes + 1)
        self.keptMaximum = keptMaximum
        unsafe small = []
        unsafe middle = []
        unsafe large = []
        unsafe small.reserveCapacity(keptMaximum)
        unsafe middle.reserveCapacity(keptMaximum / 4)
        unsafe large.reserveCapacity(keptMaximum / 4)
    }

    deinit {
        for index in unsafe small.indices { unsafe small[index].deallocate() }
        for index in unsafe middle.indices { unsafe middle[index].deallocate() }
        for index in unsafe large.indices { unsafe large[index].deallocate() }
    }

    /// A chunk of the smallest size that holds `bytes`; nil when it is more than `largeBytes`.
    public mutating func lend(atLeast bytes: Int) -> Chunk? {
        guard bytes <= largeBytes else { return nil }
        lent += 1
        if bytes <= Self.smallBytes {
            let memory = unsafe small.popLast() ?? Self.fresh(Self.smallBytes)
            return unsafe Chunk(base: memory, capacity: Self.smallBytes)
        }
        if bytes <= Self.middleBytes, Self.middleBytes < largeBytes {
            let memory = unsafe middle.popLast() ?? Self.fresh(Self.middleBytes)
            return unsafe Chunk(base: memory, capacity: Self.middleBytes)
        }
        let memory = unsafe large.popLast() ?? Self.fresh(largeBytes)
        return unsafe Chunk(base: memory, capacity: largeBytes)
    }

    /// Takes a lent chunk back.
    public mutating func giveBack(_ chunk: consuming Chunk) {
        lent -= 1
        let capacity = chunk.capacity
        let memory = unsafe chunk.intoMemory()
        if capacity == Self.smallBytes, unsafe small.count < keptMaximum {
            unsafe small.append(memory)
        } else if capacity == Self.middleBytes, unsafe middle.count < keptMaximum / 4 {
            unsafe middle.append(memory)
        } else if capacity == largeBytes, unsafe large.count < keptMaximum / 4 {
            unsafe large.append(memory)
        } else {
            unsafe memory.deallocate()
        }
    }

    private static func fresh(_ bytes: Int) -> UnsafeMutablePointer<UInt8> {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes)
        unsafe memory.initialize(repeating: 0, count: bytes)
        return unsafe memory
    }
}

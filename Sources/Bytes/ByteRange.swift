/// A run of bytes named by where it lies in its connection's buffer, so that it can be
/// stored without keeping a pointer, a slice or a reference alive.
@frozen
public struct ByteRange: Equatable, Sendable {
    /// Bytes from the buffer's first readable byte.
    public var offset: UInt32
    /// Bytes in the run.
    public var count: UInt32

    /// A run of `count` bytes from `offset` on; nothing is checked.
    @inlinable
    public init(offset: UInt32, count: UInt32) {
        self.offset = offset
        self.count = count
    }

    /// The run that indices of a span name; both ends are below 2^32.
    @inlinable
    public init(_ range: Range<Int>) {
        offset = UInt32(truncatingIfNeeded: range.lowerBound)
        count = UInt32(truncatingIfNeeded: range.count)
    }

    /// A run of no bytes.
    public static let empty = ByteRange(offset: 0, count: 0)

    /// Whether the run has no bytes.
    @inlinable public var isEmpty: Bool { count == 0 }

    /// The first byte after the run.
    @inlinable public var end: UInt32 { offset &+ count }

    /// The same run as indices of a span.
    @inlinable public var indices: Range<Int> { Int(offset)..<Int(offset) + Int(count) }
}

extension Span where Element == UInt8 {
    /// The bytes that `range` names; traps when it lies outside, so ranges come from parsers only.
    @inlinable
    @_lifetime(copy self)
    public func bytes(_ range: ByteRange) -> Span<UInt8> {
        extracting(range.indices)
    }
}

public import Bytes
public import HTTPCore

/// Finds the content in the bytes that follow a head, of either direction (RFC 9112 §6, §7).
///
/// It copies nothing: steps name ranges of the input, and the caller drops what was consumed before
/// it asks again.
///
/// ```
/// length ------------------------------------------------> finished
/// untilClose --endOfStream-------------------------------> finished
/// chunkLine --size--> chunkData --> chunkEnd --> chunkLine
///     \--0--> trailers ----------------------------------> finished
/// ```
public struct ContentDecoder: Sendable {
    /// What the input holds next. `consumed` counts from the input's first byte.
    public enum Step: Equatable, Sendable {
        /// Content: use the range, then drop `consumed` bytes.
        case content(ByteRange, consumed: Int)
        /// The input is spent but for what must be given again with more behind it.
        case needsMore(consumed: Int)
        /// Trailer fields came; their ranges count from the input's first byte. `end` follows.
        case trailers(consumed: Int)
        /// The content is complete; what is behind `consumed` belongs to the next message.
        case end(consumed: Int)
    }

    private enum Phase: Equatable {
        case length(UInt64)
        case untilClose
        case chunkLine
        case chunkData(UInt64)
        case chunkEnd
        case chunkEndLineFeed
        case trailers
        case finished
    }

    private var phase: Phase
    private var chunkLine = ChunkLine()
    private var trailerLines = LineReader()
    private var trailerCount = 0
    private let trailersMaximum: Int

    /// - Parameters:
    ///   - framing: what the head said.
    ///   - trailersMaximum: how many trailer fields may come.
    public init(_ framing: ContentFraming, trailersMaximum: Int = Limits().requestFields) {
        self.trailersMaximum = trailersMaximum
        switch framing {
        case .none, .length(0): phase = .finished
        case .length(let length): phase = .length(length)
        case .chunked: phase = .chunkLine
        case .untilClose: phase = .untilClose
        }
    }

    /// Whether the content is complete; nothing that follows belongs to it.
    public var isFinished: Bool { phase == .finished }

    /// Bytes that a content of known length still lacks; nil for any other.
    public var remaining: UInt64? {
        if case .length(let left) = phase { return left }
        return nil
    }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - bytes: the input from the first byte not yet consumed.
    ///   - trailers: set by the step `trailers`, and never read: other connections may use the same
    ///     array in between.
    /// - Returns: what the input holds next.
    /// - Throws: the rule of the chunked coding, or of a trailer section, that the input breaks.
    public mutating func next(
        _ bytes: Span<UInt8>,
        trailers: inout [FieldLine]
    ) throws(HTTP1Failure) -> Step {
        switch phase {
        case .finished:
            return .end(consumed: 0)
        case .length(let left):
            guard !bytes.isEmpty else { return .needsMore(consumed: 0) }
            let taken = min(left, UInt64(bytes.count))
            phase = taken == left ? .finished : .length(left - taken)
            return Self.content(from: 0, taken)
        case .untilClose:
            guard !bytes.isEmpty else { return .needsMore(consumed: 0) }
            return Self.content(from: 0, UInt64(bytes.count))
        case .chunkLine, .chunkData, .chunkEnd, .chunkEndLineFeed, .trailers:
            return try nextOfChunked(bytes, &trailers)
        }
    }

    /// Tells that the peer closed its side of the connection.
    ///
    /// - Throws: `incompleteContent` where the content should have gone on.
    public mutating func endOfStream() throws(HTTP1Failure) {
        guard phase == .untilClose || phase == .finished else { throw .incompleteContent }
        phase = .finished
    }

    private mutating func nextOfChunked(
        _ bytes: Span<UInt8>,
        _ trailers: inout [FieldLine]
    ) throws(HTTP1Failure) -> Step {
        var position = 0
        while phase != .trailers {
            guard position < bytes.count else { return .needsMore(consumed: position) }
            switch phase {
            case .chunkLine:
                guard let size = try chunkLine.read(bytes, from: &position) else { continue }
                phase = size == 0 ? .trailers : .chunkData(size)
            case .chunkData(let left):
                let taken = min(left, UInt64(bytes.count &- position))
                phase = taken == left ? .chunkEnd : .chunkData(left - taken)
                return Self.content(from: position, taken)
            case .chunkEnd:
                guard bytes[position] == 0x0D else { throw .missingChunkEnd }
                phase = .chunkEndLineFeed
                position &+= 1
            case .chunkEndLineFeed:
                guard bytes[position] == 0x0A else { throw .missingChunkEnd }
                phase = .chunkLine
                position &+= 1
            case .length, .untilClose, .trailers, .finished:
                return .end(consumed: position)
            }
        }
        return try readTrailers(bytes, from: position, &trailers)
    }

    /// Reads the trailer section (RFC 9112 §7.1.2), which begins at `start`. Until it is complete
    /// its bytes are not consumed; then its lines, each of which was judged as it came, are
    /// collected.
    private mutating func readTrailers(
        _ bytes: Span<UInt8>,
        from start: Int,
        _ trailers: inout [FieldLine]
    ) throws(HTTP1Failure) -> Step {
        let section = bytes.extracting(start...)
        let window = section.extracting(first: Limits.trailerSection)
        while let line = try trailerLines.next(window) {
            guard !line.isEmpty else {
                phase = .finished
                let end = start &+ trailerLines.start
                if trailerCount == 0 { return .end(consumed: end) }
                try Self.collect(window, into: &trailers)
                Self.shift(&trailers, by: start)
                return .trailers(consumed: end)
            }
            guard trailerCount < trailersMaximum else { throw .tooManyFields }
            let field = try FieldLine(window, line: line)
            guard field.id.mayBeTrailer else { throw .forbiddenTrailer }
            trailerCount &+= 1
        }
        guard section.count < Limits.trailerSection else { throw .trailersTooLarge }
        return .needsMore(consumed: start)
    }

    /// The lines of a complete section, in place of what `trailers` held.
    private static func collect(
        _ section: Span<UInt8>,
        into trailers: inout [FieldLine]
    ) throws(HTTP1Failure) {
        trailers.removeAll(keepingCapacity: true)
        var lines = LineReader()
        while let line = try lines.next(section), !line.isEmpty {
            trailers.append(try FieldLine(section, line: line))
        }
    }

    private static func content(from start: Int, _ count: UInt64) -> Step {
        let end = start &+ Int(truncatingIfNeeded: count)
        return .content(ByteRange(start..<end), consumed: end)
    }

    private static func shift(_ lines: inout [FieldLine], by bytes: Int) {
        guard bytes > 0 else { return }
        for index in lines.indices {
            lines[index].name.offset &+= UInt32(truncatingIfNeeded: bytes)
            lines[index].value.offset &+= UInt32(truncatingIfNeeded: bytes)
        }
    }
}

extension FieldName {
    /// Whether a trailer section may hold the field at all (RFC 9110 §6.5.1). Names that only fold
    /// to one of these may not either.
    fileprivate var mayBeTrailer: Bool {
        switch self {
        case .host, .contentLength, .transferEncoding, .authorization, .cookie: false
        default: true
        }
    }
}

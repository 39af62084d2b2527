import Bytes

/// The other ways in which servers are known to read one canonical path.
///
/// Each step (see `PathStep`) is taken alone, and all together until nothing changes: with escapes
/// decoded before the other steps, and after them. All lie in one storage that is kept, so that a
/// worker that has read such a path before allocates nothing.
public struct PathReadings: Sendable {
    /// Bytes of storage that are kept from one path to the next.
    static let keptCapacity = 16 * 1024
    /// Decoding rounds that may change a path.
    static let maximumRounds = 3

    /// One reading.
    struct Reading: Sendable {
        var range: ByteRange
        /// Whether its letters were turned to lower case: patterns are compared without case.
        var isFolded: Bool
    }

    /// The path itself, then the readings.
    private(set) var bytes: [UInt8] = []
    private var readings: [Reading] = []

    public init() {}

    /// How many there are.
    public var count: Int { readings.count }

    /// The bytes of one; begins with `/`.
    public subscript(index: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.bytes(readings[index].range) }
    }

    /// Whether letters were turned to lower case in this one, and so must be in patterns.
    public func isFolded(_ index: Int) -> Bool { readings[index].isFolded }

    /// Drops all and keeps the storage.
    mutating func removeAll() {
        bytes.removeAll(keepingUpTo: PathReadings.keptCapacity)
        readings.removeAll(keepingCapacity: true)
    }

    /// Reads a canonical path in every way.
    ///
    /// - Throws: `dotSegment` when a reading, or a step on the way to one, has a dot segment;
    ///   `escapedControl`, `overlongUTF8` and `nestedEscapes` when decoding meets them.
    mutating func read(_ path: [UInt8], features: PathFeatures) throws(TargetFailure) {
        removeAll()
        bytes.append(contentsOf: path)
        let path = ByteRange(offset: 0, count: UInt32(truncatingIfNeeded: path.count))
        try checkSegments(path)
        if features == .capital {
            keep(take(.lowercase, from: path), isFolded: true)
            return
        }
        for step in PathStep.allCases where step != .lowercase {
            let result = take(step, from: path)
            try checkSegments(result)
            keep(result, isFolded: false)
        }
        keep(take(.lowercase, from: path), isFolded: true)
        let decoded = try decode(path)
        keep(try takeAll(from: decoded, rounds: 0), isFolded: true)
        keep(try takeAll(from: path, rounds: PathReadings.maximumRounds), isFolded: true)
    }

    /// Takes note of a reading that is new.
    private mutating func keep(_ range: ByteRange, isFolded: Bool) {
        guard isFolded || range.offset > 0 else { return }
        for reading in readings where reading.isFolded == isFolded {
            if bytes.span.bytes(reading.range).equals(bytes.span.bytes(range)) { return }
        }
        readings.append(Reading(range: range, isFolded: isFolded))
    }

    /// Decodes until nothing changes, each round being a reading.
    private mutating func decode(_ path: ByteRange) throws(TargetFailure) -> ByteRange {
        var current = path
        var rounds = 0
        while let next = try decodeOnce(current) {
            rounds &+= 1
            guard rounds <= PathReadings.maximumRounds else { throw .nestedEscapes }
            try checkSegments(next)
            keep(next, isFolded: false)
            current = next
        }
        return current
    }

    /// Takes every step, then decodes a round, until nothing changes.
    private mutating func takeAll(
        from start: ByteRange,
        rounds: Int
    ) throws(TargetFailure) -> ByteRange {
        var current = start
        var roundsLeft = rounds
        while true {
            let before = current
            for step in PathStep.allCases {
                current = take(step, from: current)
                try checkSegments(current)
            }
            if roundsLeft > 0, let next = try decodeOnce(current) {
                roundsLeft &-= 1
                try checkSegments(next)
                current = next
            } else if current == before {
                return current
            }
        }
    }
}

extension PathReadings {
    /// - Returns: `source` itself when the step changes nothing.
    private mutating func take(_ step: PathStep, from source: ByteRange) -> ByteRange {
        let start = bytes.count
        step.append(source.indices, of: &bytes)
        return settle(start, source: source)
    }

    /// - Returns: nil when there is nothing to decode.
    private mutating func decodeOnce(_ source: ByteRange) throws(TargetFailure) -> ByteRange? {
        let start = bytes.count
        try PathEscapes.append(source.indices, of: &bytes)
        let result = settle(start, source: source)
        return result == source ? nil : result
    }

    private mutating func settle(_ start: Int, source: ByteRange) -> ByteRange {
        let result = ByteRange(start..<bytes.count)
        guard result.count == source.count,
            bytes.span.bytes(result).equals(bytes.span.bytes(source))
        else { return result }
        bytes.removeLast(Int(result.count))
        return source
    }

    private func checkSegments(_ range: ByteRange) throws(TargetFailure) {
        if DotSegments.areIn(bytes.span.bytes(range)) { throw .dotSegment }
    }
}

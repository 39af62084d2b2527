import Bytes

/// The other ways in which servers are known to read one canonical path.
///
/// Each step (see `PathStep`) is taken alone, and all together until nothing changes. Where path
/// parameters meet escapes it matters what is done first (`;%2F` drops the slash or ends the
/// parameter with it), so there all steps are taken in every order, after each round of decoding. All
/// readings lie in one storage that is kept, so that reading such a path again allocates nothing.
public struct PathReadings: Sendable {
    /// Bytes of storage that are kept from one path to the next.
    static let keptCapacity = 16 * 1024
    /// Decoding rounds that may change a path.
    static let maximumRounds = 3
    /// Bytes that the readings of one path may take: this, and so many times the path's own.
    static let baseBudget = 8 * 1024
    static let budgetFactor = 32

    /// One reading.
    struct Reading: Sendable {
        var range: ByteRange
        /// Whether its letters were turned to lower case: patterns are compared without case.
        var isFolded: Bool
    }

    /// The path itself, then the readings.
    private(set) var bytes: [UInt8] = []
    private var readings: [Reading] = []
    /// The path, then what each round of decoding makes of it.
    private var rounds: [ByteRange] = []
    /// Bytes that the storage may grow to.
    private var budget = 0
    /// Whether the path, a reading, or a step on the way to one, begins with two slashes, `\` being
    /// one too: some servers take what follows for an authority.
    public private(set) var beginWithTwoSlashes = false

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
        rounds.removeAll(keepingCapacity: true)
        beginWithTwoSlashes = false
    }

    /// Reads a canonical path in every way.
    ///
    /// - Throws: `dotSegment` when a reading, or a step on the way to one, has a dot segment;
    ///   `escapedControl`, `overlongUTF8` and `nestedEscapes` when decoding meets them;
    ///   `tooManyReadings`.
    mutating func read(_ path: [UInt8], features: PathFeatures) throws(TargetFailure) {
        removeAll()
        bytes.append(contentsOf: path)
        budget = PathReadings.baseBudget &+ PathReadings.budgetFactor &* path.count
        let path = ByteRange(offset: 0, count: UInt32(truncatingIfNeeded: path.count))
        try check(path)
        keep(try take(.lowercase, from: path), isFolded: true)
        if features == .capital { return }
        for step in PathStep.allCases where step != .lowercase {
            keep(try take(step, from: path), isFolded: false)
        }
        try decode(path)
        try takeAll()
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
    private mutating func decode(_ path: ByteRange) throws(TargetFailure) {
        rounds.append(path)
        var current = path
        while let next = try decodeOnce(current) {
            guard rounds.count <= PathReadings.maximumRounds else { throw .nestedEscapes }
            rounds.append(next)
            keep(next, isFolded: false)
            current = next
        }
    }

    /// Takes all steps, in every order where the order matters.
    private mutating func takeAll() throws(TargetFailure) {
        let last = rounds.count &- 1
        let hasParameters =
            bytes.span.bytes(rounds[last]).firstIndex(of: UInt8(ascii: ";")) != nil
        guard last > 0, hasParameters else {
            // Who drops a segment's last dots before decoding leaves one of `%252e.`.
            for round in (last > 1 ? 0 : last)...last {
                try takeAll(from: rounds[round], order: .slashesFirst)
            }
            return
        }
        for round in 0...last {
            for order in PathStepOrder.allCases { try takeAll(from: rounds[round], order: order) }
        }
    }

    /// Takes every step, then decodes a round, until nothing changes.
    private mutating func takeAll(
        from start: ByteRange,
        order: PathStepOrder
    ) throws(TargetFailure) {
        var current = start
        var before: ByteRange
        repeat {
            before = current
            for index in 0..<PathStepOrder.count {
                current = try take(order[index], from: current)
            }
            if let next = try decodeOnce(current) { current = next }
        } while current != before
        keep(current, isFolded: false)
        keep(try take(.lowercase, from: current), isFolded: true)
    }
}

extension PathReadings {
    /// - Returns: `source` itself when the step changes nothing.
    private mutating func take(
        _ step: PathStep,
        from source: ByteRange
    ) throws(TargetFailure) -> ByteRange {
        let start = bytes.count
        step.append(source.indices, of: &bytes)
        return try settle(start, source: source)
    }

    /// - Returns: nil when there is nothing to decode.
    private mutating func decodeOnce(_ source: ByteRange) throws(TargetFailure) -> ByteRange? {
        let start = bytes.count
        try PathEscapes.append(source.indices, of: &bytes)
        let result = try settle(start, source: source)
        return result == source ? nil : result
    }

    /// Checks what was appended, and drops it when it is the source again.
    private mutating func settle(
        _ start: Int,
        source: ByteRange
    ) throws(TargetFailure) -> ByteRange {
        let result = ByteRange(start..<bytes.count)
        if result.count == source.count,
            bytes.span.bytes(result).equals(bytes.span.bytes(source))
        {
            bytes.removeLast(Int(result.count))
            return source
        }
        guard bytes.count <= budget else { throw .tooManyReadings }
        try check(result)
        return result
    }

    private mutating func check(_ range: ByteRange) throws(TargetFailure) {
        if DotSegments.areIn(bytes.span.bytes(range)) { throw .dotSegment }
        guard range.count > 1 else { return }
        let second = bytes[Int(range.offset) &+ 1]
        if second == UInt8(ascii: "/") || second == UInt8(ascii: "\\") {
            beginWithTwoSlashes = true
        }
    }
}

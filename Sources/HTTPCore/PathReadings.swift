import Bytes

/// The other ways in which servers are known to read one canonical path.
///
/// Each step (see `PathStep`) is taken alone, and all together until nothing changes. Where path
/// parameters meet escapes it matters what is done first (`;%2F` drops the slash or ends the
/// parameter with it), so there all steps are taken in every order, after each round of decoding.
/// Whatever begins with two slashes on the way is also read as servers do that take what follows
/// them for an authority (RFC 3986 §4.2, as `//host/path`), and that reading in all ways again.
/// All readings lie in one storage that is kept, so that reading such a path again allocates
/// nothing.
public struct PathReadings: Sendable {
    /// Bytes of storage that are kept from one path to the next.
    static let keptCapacity = 2 * 1024
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

    /// The path itself, then the readings: the first `used` bytes.
    private var bytes: [UInt8] = []
    private var used = 0
    private var readings: [Reading] = []
    /// The path, then what each round of decoding makes of it.
    private var rounds: [ByteRange] = []
    /// Bytes that the storage may grow to.
    private var budget = 0
    /// The path, readings and steps on the way to one that begin with two slashes, `\` being one
    /// too: some servers take what follows for an authority.
    private var authorities: [ByteRange] = []

    /// Whether the path, a reading, or a step on the way to one, begins with two slashes.
    public var beginWithTwoSlashes: Bool { !authorities.isEmpty }

    /// Without a path, and so without readings.
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

    /// Drops all, and keeps the storage unless it is larger than most paths need.
    mutating func removeAll() {
        used = 0
        if bytes.count > PathReadings.keptCapacity { bytes = [] }
        readings.removeAll(keepingCapacity: true)
        rounds.removeAll(keepingCapacity: true)
        authorities.removeAll(keepingCapacity: true)
    }

    /// Reads a canonical path in every way.
    ///
    /// - Throws: `dotSegment` when a reading, or a step on the way to one, has a dot segment;
    ///   `escapedControl`, `overlongUTF8` and `nestedEscapes` when decoding meets them;
    ///   `tooManyReadings`.
    mutating func read(_ path: [UInt8], features: PathFeatures) throws(TargetFailure) {
        removeAll()
        budget = PathReadings.baseBudget &+ PathReadings.budgetFactor &* path.count
        let path = try begin(path)
        let traits = PathTraits(bytes.span.bytes(path))
        keep(try take(.lowercase, from: path, traits), isFolded: true)
        if features == .capital { return }
        for step in PathStep.allCases where step != .lowercase {
            keep(try take(step, from: path, traits), isFolded: false)
        }
        try decode(path)
        try takeAll()
        try dropAuthorities()
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
        while let next = try decodeOnce(current, PathTraits(bytes.span.bytes(current))) {
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

    /// Reads what begins with two slashes without its authority; ends because each is shorter.
    private mutating func dropAuthorities() throws(TargetFailure) {
        var index = 0
        while index < authorities.count {
            let path = try dropAuthority(authorities[index])
            keep(path, isFolded: false)
            for order in PathStepOrder.allCases { try takeAll(from: path, order: order) }
            index &+= 1
        }
    }

    /// Takes every step, then decodes a round, until nothing changes.
    private mutating func takeAll(
        from start: ByteRange,
        order: PathStepOrder
    ) throws(TargetFailure) {
        var current = start
        var before: ByteRange
        var traits = PathTraits(bytes.span.bytes(current))
        repeat {
            before = current
            for index in 0..<PathStepOrder.count {
                let next = try take(order[index], from: current, traits)
                guard next != current else { continue }
                current = next
                traits = PathTraits(bytes.span.bytes(current))
            }
            if let next = try decodeOnce(current, traits) {
                current = next
                traits = PathTraits(bytes.span.bytes(current))
            }
        } while current != before
        keep(current, isFolded: false)
        keep(try take(.lowercase, from: current, traits), isFolded: true)
    }
}

extension PathReadings {
    /// Copies the path to the storage's begin.
    private mutating func begin(_ path: [UInt8]) throws(TargetFailure) -> ByteRange {
        makeRoom(path.count)
        var output = PathOutput(bytes.mutableSpan, count: 0)
        for byte in path { output.append(byte) }
        used = output.count
        let range = ByteRange(0..<path.count)
        try check(range)
        return range
    }

    /// - Returns: `source` itself when the step changes nothing.
    private mutating func take(
        _ step: PathStep,
        from source: ByteRange,
        _ traits: PathTraits
    ) throws(TargetFailure) -> ByteRange {
        guard traits.contains(PathTraits(step)) else { return source }
        makeRoom(Int(source.count))
        let start = used
        var output = PathOutput(bytes.mutableSpan, count: start)
        step.take(source.indices, to: &output)
        used = output.count
        return try settle(ByteRange(start..<used))
    }

    /// Appends what follows the authority after the first slashes, or `/`.
    private mutating func dropAuthority(_ source: ByteRange) throws(TargetFailure) -> ByteRange {
        makeRoom(Int(source.count))
        let start = used
        var output = PathOutput(bytes.mutableSpan, count: start)
        PathStep.dropAuthority(source.indices, to: &output)
        used = output.count
        return try settle(ByteRange(start..<used))
    }

    /// - Returns: nil when there is nothing to decode.
    private mutating func decodeOnce(
        _ source: ByteRange,
        _ traits: PathTraits
    ) throws(TargetFailure) -> ByteRange? {
        guard traits.contains(.escapes) else { return nil }
        makeRoom(Int(source.count))
        let start = used
        var output = PathOutput(bytes.mutableSpan, count: start)
        try PathEscapes.decode(source.indices, to: &output)
        used = output.count
        return try settle(ByteRange(start..<used))
    }

    /// Sees to it that a path of `count` bytes can be appended.
    private mutating func makeRoom(_ count: Int) {
        guard bytes.count &- used < count else { return }
        let missing = max(count &- (bytes.count &- used), bytes.count, 512)
        bytes.append(contentsOf: repeatElement(0, count: missing))
    }

    /// Checks what was appended.
    private mutating func settle(_ range: ByteRange) throws(TargetFailure) -> ByteRange {
        guard used <= budget else { throw .tooManyReadings }
        try check(range)
        return range
    }

    private mutating func check(_ range: ByteRange) throws(TargetFailure) {
        if DotSegments.areIn(bytes.span.bytes(range)) { throw .dotSegment }
        guard range.count > 1 else { return }
        let second = bytes[Int(range.offset) &+ 1]
        guard second == UInt8(ascii: "/") || second == UInt8(ascii: "\\") else { return }
        for known in authorities where bytes.span.bytes(known).equals(bytes.span.bytes(range)) {
            return
        }
        authorities.append(range)
    }
}

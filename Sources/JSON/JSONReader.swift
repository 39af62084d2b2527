internal import Bytes

/// Reads a text from its first byte to its last and notes where each value stands. All readers of
/// JSON are made of this one.
///
/// Does not recurse: the containers around a place are linked by their nodes.
struct JSONReader {
    private let limits: JSONLimits
    /// Whether the whole text is UTF-8. Between bytes of ASCII, as quotation marks are, each string
    /// is then too.
    private let isUTF8: Bool
    private var index = 0
    private var values = 0
    private var depth = 0
    private var innermost = JSONNode.none
    private var found = JSONNodes()

    /// The nodes of a text that is exactly one value; the first is that value's.
    static func nodes(of bytes: Span<UInt8>, limits: JSONLimits) throws(JSONFailure) -> JSONNodes {
        guard bytes.count <= limits.bytes, bytes.count < Int(JSONNode.none) else {
            throw .tooLarge
        }
        var reader = JSONReader(bytes, limits: limits)
        try reader.read(bytes)
        return reader.found
    }

    private init(_ bytes: Span<UInt8>, limits: JSONLimits) {
        self.limits = limits
        isUTF8 = (try? UTF8Span(validating: bytes)) != nil
        // Members of tokens have rarely less than 32 bytes and are two nodes.
        found.nodes.reserveCapacity(bytes.count / 16 + 8)
    }

    private mutating func read(_ bytes: Span<UInt8>) throws(JSONFailure) {
        while true {
            guard try beginValue(bytes) else { continue }
            if try endValue(bytes) { return }
        }
    }

    /// Reads a whole value, or opens a container and returns false.
    private mutating func beginValue(_ bytes: Span<UInt8>) throws(JSONFailure) -> Bool {
        values += 1
        guard values <= limits.values else { throw .tooManyValues }
        switch try nextByte(bytes) {
        case 0x7B:
            return try open(.object, end: 0x7D, bytes)
        case 0x5B:
            return try open(.array, end: 0x5D, bytes)
        case 0x22:
            try string(bytes)
        case 0x2D, 0x30...0x39:
            try number(bytes)
        case 0x74:
            try literal("true", .bool, bytes)
        case 0x66:
            try literal("false", .bool, bytes)
        case 0x6E:
            try literal("null", .null, bytes)
        default:
            throw .unexpectedByte
        }
        return true
    }

    /// Reads what follows a whole value, up to the next one or through the ends of containers.
    ///
    /// - Returns: whether that was the end of the text.
    private mutating func endValue(_ bytes: Span<UInt8>) throws(JSONFailure) -> Bool {
        while innermost != JSONNode.none {
            let place = Int(innermost)
            let isObject = found.nodes[place].kind == .object
            if try comma(orEnd: isObject ? 0x7D : 0x5D, bytes) {
                if isObject { try memberName(bytes) }
                return false
            }
            innermost = found.nodes[place].next
            depth -= 1
            found.nodes[place].end = UInt32(truncatingIfNeeded: index)
            found.nodes[place].next = UInt32(truncatingIfNeeded: found.nodes.count)
            if isObject, !JSONNames.areDistinct(ofObject: place, in: found, bytes) {
                throw .duplicateMember
            }
        }
        skipWhitespace(bytes)
        guard index == bytes.count else { throw .trailingBytes }
        return true
    }

    /// Opens a container, or reads a whole one that is empty and returns true.
    private mutating func open(
        _ kind: JSONNode.Kind,
        end: UInt8,
        _ bytes: Span<UInt8>
    ) throws(JSONFailure) -> Bool {
        guard depth < limits.depth else { throw .tooDeep }
        let start = index
        index += 1
        if try nextByte(bytes) == end {
            index += 1
            append(kind, start..<index)
            return true
        }
        append(kind, start..<index)
        let place = found.nodes.count - 1
        found.nodes[place].next = innermost
        innermost = UInt32(truncatingIfNeeded: place)
        depth += 1
        if kind == .object { try memberName(bytes) }
        return false
    }

    private mutating func append(
        _ kind: JSONNode.Kind,
        _ range: Range<Int>,
        isEscaped: Bool = false
    ) {
        found.nodes.append(
            JSONNode(
                kind: kind,
                isEscaped: isEscaped,
                start: UInt32(truncatingIfNeeded: range.lowerBound),
                end: UInt32(truncatingIfNeeded: range.upperBound),
                next: UInt32(truncatingIfNeeded: found.nodes.count &+ 1)
            )
        )
    }

    private mutating func memberName(_ bytes: Span<UInt8>) throws(JSONFailure) {
        guard try nextByte(bytes) == 0x22 else { throw .unexpectedByte }
        try string(bytes)
        guard try nextByte(bytes) == 0x3A else { throw .unexpectedByte }
        index += 1
    }

    private mutating func string(_ bytes: Span<UInt8>) throws(JSONFailure) {
        let start = index + 1
        let before = found.unescaped.count
        let isEscaped = try JSONStringReader.skip(
            bytes,
            index: &index,
            unescaped: &found.unescaped
        )
        let range = start..<index - 1
        if !isUTF8, (try? UTF8Span(validating: bytes.extracting(range))) == nil {
            throw .invalidUTF8
        }
        if isEscaped {
            append(.string, before..<found.unescaped.count, isEscaped: true)
        } else {
            append(.string, range)
        }
    }

    private mutating func literal(
        _ text: StaticString,
        _ kind: JSONNode.Kind,
        _ bytes: Span<UInt8>
    ) throws(JSONFailure) {
        let end = index + text.utf8CodeUnitCount
        guard end <= bytes.count else { throw .unexpectedEnd }
        guard bytes.extracting(index..<end).equals(text) else { throw .unexpectedByte }
        append(kind, index..<end)
        index = end
    }

    /// A number by the grammar of RFC 8259 §6.
    private mutating func number(_ bytes: Span<UInt8>) throws(JSONFailure) {
        let start = index
        if bytes[index] == 0x2D { index += 1 }
        let first = index
        try digits(bytes)
        if bytes[first] == 0x30, index > first + 1 { throw .malformedNumber }
        if index < bytes.count, bytes[index] == 0x2E {
            index += 1
            try digits(bytes)
        }
        if index < bytes.count, bytes[index] | 0x20 == 0x65 {
            index += 1
            if index < bytes.count, bytes[index] == 0x2B || bytes[index] == 0x2D { index += 1 }
            try digits(bytes)
        }
        guard index - start <= limits.numberBytes else { throw .numberTooLong }
        append(.number, start..<index)
    }
}

// Single bytes.
extension JSONReader {
    /// Whether a comma follows; false when the container's end does.
    private mutating func comma(
        orEnd end: UInt8,
        _ bytes: Span<UInt8>
    ) throws(JSONFailure) -> Bool {
        let byte = try nextByte(bytes)
        guard byte == 0x2C || byte == end else { throw .unexpectedByte }
        index += 1
        return byte == 0x2C
    }

    /// The next byte that is not whitespace; it is not consumed.
    private mutating func nextByte(_ bytes: Span<UInt8>) throws(JSONFailure) -> UInt8 {
        skipWhitespace(bytes)
        guard index < bytes.count else { throw .unexpectedEnd }
        return bytes[index]
    }

    private mutating func skipWhitespace(_ bytes: Span<UInt8>) {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    /// One digit or more.
    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONFailure) {
        let start = index
        while index < bytes.count, bytes[index].isDigit { index += 1 }
        guard index > start else { throw .malformedNumber }
    }
}

internal import Bytes

extension JSONValue {
    /// Reads exactly one value, with nothing but whitespace around it (RFC 8259 §2).
    ///
    /// Stricter than many readers: two members of one name, half surrogate pairs and invalid UTF-8
    /// are refused, for another reader may see another value there. Does not recurse.
    public static func parse(
        _ bytes: Span<UInt8>,
        limits: JSONLimits = .standard
    ) throws(JSONFailure) -> JSONValue {
        guard bytes.count <= limits.bytes else { throw .tooLarge }
        var reader = JSONReader(limits: limits)
        return try reader.read(bytes)
    }
}

/// An array or object whose end has not been read.
///
/// One struct for both: to append through an enum's payload would copy all elements each time.
private struct OpenContainer {
    let isObject: Bool
    /// What an array has so far.
    var elements: [JSONValue] = []
    /// What an object has so far.
    var object = JSONObject()
    /// The name of the object's member whose value is being read.
    var name = ""

    mutating func append(_ value: JSONValue) {
        if isObject {
            object.append(JSONObject.Member(name: name, value: value))
        } else {
            elements.append(value)
        }
    }
}

/// The reader's state: where it is, and the containers around that place.
private struct JSONReader {
    private let limits: JSONLimits
    private var index = 0
    private var values = 0
    private var open: [OpenContainer] = []

    init(limits: JSONLimits) {
        self.limits = limits
    }

    mutating func read(_ bytes: Span<UInt8>) throws(JSONFailure) -> JSONValue {
        while true {
            guard let value = try beginValue(bytes) else { continue }
            if let whole = try place(value, bytes) { return whole }
        }
    }

    /// Reads a whole value, or opens a container and returns nil.
    private mutating func beginValue(_ bytes: Span<UInt8>) throws(JSONFailure) -> JSONValue? {
        values += 1
        guard values <= limits.values else { throw .tooManyValues }
        switch try nextByte(bytes) {
        case 0x7B:
            return try openObject(bytes)
        case 0x5B:
            return try openArray(bytes)
        case 0x22:
            return .string(try JSONStringReader.read(bytes, index: &index))
        case 0x2D, 0x30...0x39:
            return .number(try number(bytes))
        case 0x74:
            try expect("true", bytes)
            return .bool(true)
        case 0x66:
            try expect("false", bytes)
            return .bool(false)
        case 0x6E:
            try expect("null", bytes)
            return .null
        default:
            throw .unexpectedByte
        }
    }

    /// Puts a value into the innermost container, and each container that ends there into its own.
    ///
    /// - Returns: the outermost value once its end is read; nil when another value must follow.
    private mutating func place(
        _ value: JSONValue,
        _ bytes: Span<UInt8>
    ) throws(JSONFailure) -> JSONValue? {
        var value = value
        while let innermost = open.indices.last {
            open[innermost].append(value)
            let isObject = open[innermost].isObject
            if try comma(orEnd: isObject ? 0x7D : 0x5D, bytes) {
                if isObject { open[innermost].name = try memberName(bytes) }
                return nil
            }
            let container = open.removeLast()
            guard container.object.hasDistinctNames else { throw .duplicateMember }
            value = isObject ? .object(container.object) : .array(container.elements)
        }
        skipWhitespace(bytes)
        guard index == bytes.count else { throw .trailingBytes }
        return value
    }

    private mutating func openObject(_ bytes: Span<UInt8>) throws(JSONFailure) -> JSONValue? {
        guard open.count < limits.depth else { throw .tooDeep }
        index += 1
        if try nextByte(bytes) == 0x7D {
            index += 1
            return .object(JSONObject())
        }
        open.append(OpenContainer(isObject: true, name: try memberName(bytes)))
        return nil
    }

    private mutating func openArray(_ bytes: Span<UInt8>) throws(JSONFailure) -> JSONValue? {
        guard open.count < limits.depth else { throw .tooDeep }
        index += 1
        if try nextByte(bytes) == 0x5D {
            index += 1
            return .array([])
        }
        open.append(OpenContainer(isObject: false))
        return nil
    }

    private mutating func memberName(_ bytes: Span<UInt8>) throws(JSONFailure) -> String {
        guard try nextByte(bytes) == 0x22 else { throw .unexpectedByte }
        let name = try JSONStringReader.read(bytes, index: &index)
        guard try nextByte(bytes) == 0x3A else { throw .unexpectedByte }
        index += 1
        return name
    }

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

    private mutating func expect(
        _ literal: StaticString,
        _ bytes: Span<UInt8>
    ) throws(JSONFailure) {
        let end = index + literal.utf8CodeUnitCount
        guard end <= bytes.count else { throw .unexpectedEnd }
        guard bytes.extracting(index..<end).equals(literal) else { throw .unexpectedByte }
        index = end
    }

    /// A number by the grammar of RFC 8259 §6.
    private mutating func number(_ bytes: Span<UInt8>) throws(JSONFailure) -> JSONNumber {
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
        return JSONNumber(checked: bytes.extracting(start..<index).text)
    }

    /// One digit or more.
    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONFailure) {
        let start = index
        while index < bytes.count, bytes[index].isDigit { index += 1 }
        guard index > start else { throw .malformedNumber }
    }
}

extension JSONObject {
    /// Whether no two members have one name. Few are compared each with each, many by a set.
    fileprivate var hasDistinctNames: Bool {
        if count > 16 {
            var names: Set<[UInt8]> = []
            names.reserveCapacity(count)
            for member in members where !names.insert(Array(member.name.utf8)).inserted {
                return false
            }
            return true
        }
        let members = members.span
        for index in members.indices {
            for earlier in 0..<index
            where members[earlier].name.hasSameBytes(as: members[index].name) {
                return false
            }
        }
        return true
    }
}

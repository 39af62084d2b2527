internal import Bytes

extension JSONValue {
    /// The value in UTF-8 without whitespace: members in their order, numbers as they were written.
    public func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.result
    }
}

/// A container whose end has not been written.
private enum Unfinished {
    case array(ArraySlice<JSONValue>)
    case object(ArraySlice<JSONObject.Member>)
}

/// Writes without recursion, so that no value is too deep.
private struct JSONWriter {
    private(set) var result: [UInt8] = []
    private var open: [Unfinished] = []

    mutating func write(_ value: JSONValue) {
        begin(value)
        while let container = open.popLast() {
            switch container {
            case .array(var rest): writeNext(of: &rest)
            case .object(var rest): writeNext(of: &rest)
            }
        }
    }

    /// Writes a whole value, or opens a container.
    private mutating func begin(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .bool(true): append("true")
        case .bool(false): append("false")
        case .number(let number): result.append(contentsOf: number.text.utf8)
        case .string(let text): append(quoted: text)
        case .array(let elements):
            result.append(0x5B)
            open.append(.array(elements[...]))
        case .object(let object):
            result.append(0x7B)
            open.append(.object(object.members[...]))
        }
    }

    private mutating func writeNext(of rest: inout ArraySlice<JSONValue>) {
        guard let value = rest.popFirst() else { return result.append(0x5D) }
        separate(from: 0x5B)
        open.append(.array(rest))
        begin(value)
    }

    private mutating func writeNext(of rest: inout ArraySlice<JSONObject.Member>) {
        guard let member = rest.popFirst() else { return result.append(0x7D) }
        separate(from: 0x7B)
        append(quoted: member.name)
        result.append(0x3A)
        open.append(.object(rest))
        begin(member.value)
    }

    /// A comma, unless the container has just been opened.
    private mutating func separate(from opening: UInt8) {
        if result.last != opening { result.append(0x2C) }
    }

    /// Escapes what RFC 8259 §7 says must be escaped, and nothing else.
    private mutating func append(quoted text: String) {
        result.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C: result.append(contentsOf: [0x5C, byte])
            case 0x08: append("\\b")
            case 0x0C: append("\\f")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0..<0x20:
                append("\\u00")
                result.append(Self.hexadecimal(byte >> 4))
                result.append(Self.hexadecimal(byte & 15))
            default: result.append(byte)
            }
        }
        result.append(0x22)
    }

    private mutating func append(_ literal: String) {
        result.append(contentsOf: literal.utf8)
    }

    private static func hexadecimal(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x57 + value
    }
}

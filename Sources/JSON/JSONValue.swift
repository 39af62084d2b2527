internal import Bytes

/// A JSON value (RFC 8259) as it was written: members in their order, numbers as their text.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The value where it is a boolean.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The value where it is a string.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The value where it is a number.
    public var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }

    /// The value where it is a number and exactly an `Int64`; see `JSONNumber.int64`.
    public var int64: Int64? { number?.int64 }

    /// The nearest value where it is a number within a `Double`'s range.
    public var double: Double? { number?.double }

    /// The elements where it is an array.
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The members where it is an object.
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The value of an object's member; nil where there is none, and for what is no object.
    public subscript(_ name: String) -> JSONValue? { object?[name] }

    /// A number without a fraction.
    public static func integer(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }

    /// Strings are equal when their bytes are; Swift's own comparison takes more for equal.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): one.hasSameBytes(as: other)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        default: false
        }
    }
}

/// An object's members in their order. Two members of one name cannot be read, only made.
public struct JSONObject: Sendable, Equatable {
    /// A name and its value.
    public struct Member: Sendable, Equatable {
        /// The name, unescaped.
        public var name: String
        /// What stands under the name.
        public var value: JSONValue

        /// A member, to be written.
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }

        /// Names are equal when their bytes are.
        public static func == (left: Member, right: Member) -> Bool {
            left.name.hasSameBytes(as: right.name) && left.value == right.value
        }
    }

    /// In the order they were read or set in.
    public private(set) var members: [Member]

    /// An object without members.
    public init() {
        members = []
    }

    /// Keeps the order; that the names differ is up to the caller.
    public init(_ members: [Member]) {
        self.members = members
    }

    /// Members it has.
    public var count: Int { members.count }

    /// Whether it has no members.
    public var isEmpty: Bool { members.isEmpty }

    /// A member's value. Setting one that is there keeps its place, a new one comes last, nil
    /// removes.
    public subscript(_ name: String) -> JSONValue? {
        get {
            index(of: name).map { members[$0].value }
        }
        set {
            switch (index(of: name), newValue) {
            case (.some(let index), .some(let value)): members[index].value = value
            case (.some(let index), .none): members.remove(at: index)
            case (.none, .some(let value)): members.append(Member(name: name, value: value))
            case (.none, .none): break
            }
        }
    }

    private func index(of name: String) -> Int? {
        // A span lends its elements, where an array's iterator would copy name and value of each.
        let members = members.span
        for index in members.indices where members[index].name.hasSameBytes(as: name) {
            return index
        }
        return nil
    }

    mutating func append(_ member: Member) {
        members.append(member)
    }
}

extension String {
    /// Byte for byte, where `==` compares characters whatever their encoding.
    func hasSameBytes(as other: String) -> Bool {
        let count = utf8.count
        guard count == other.utf8.count else { return false }
        // Equal bytes are equal characters, and that short names differ is told faster by these. Of
        // long ones a stranger's combining marks would make it slow.
        if count <= Self.shortBytes, self != other { return false }
        let left = utf8Span.span
        let right = other.utf8Span.span
        return left.equals(right)
    }

    /// Bytes of a string that need no memory of their own.
    private static let shortBytes = 15
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Members in the order written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        members = elements.map { Member(name: $0.0, value: $0.1) }
    }
}

extension JSONValue: ExpressibleByStringLiteral {
    /// A string.
    public init(stringLiteral value: String) {
        self = .string(value)
    }
}

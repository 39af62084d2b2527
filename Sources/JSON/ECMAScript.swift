/// Values as `JSON.stringify` writes what `JSON.parse` read.
extension JSONValue {
    /// A number, or null where JSON has none for it.
    public static func ecmaScript(_ value: Double) -> JSONValue {
        JSONNumber(ecmaScript: value).map { .number($0) } ?? .null
    }

    /// The value with its numbers as ECMAScript writes them, and members whose names are numbers
    /// before all others. Recurses as deep as the value is.
    public var ecmaScript: JSONValue {
        switch self {
        case .null, .bool, .string: return self
        case .number(let number): return .ecmaScript(number.double ?? .infinity)
        case .array(let elements): return .array(elements.map(\.ecmaScript))
        case .object(let object):
            let members = object.members.map {
                JSONObject.Member(name: $0.name, value: $0.value.ecmaScript)
            }
            let numbered = members.filter { $0.arrayIndex != nil }
                .sorted { ($0.arrayIndex ?? 0) < ($1.arrayIndex ?? 0) }
            return .object(JSONObject(numbered + members.filter { $0.arrayIndex == nil }))
        }
    }
}

extension JSONObject.Member {
    /// The name where it is what ECMAScript calls an array index.
    fileprivate var arrayIndex: UInt32? {
        guard let index = UInt32(name), index < .max, String(index) == name else { return nil }
        return index
    }
}

extension JSONNumber {
    /// A number as ECMAScript writes it (RFC 8785 §3.2.2.3): the shortest digits that read back as
    /// the same value, with an exponent from 10²¹ on and below 10⁻⁶.
    ///
    /// Nil for infinities and for what is no number.
    public init?(ecmaScript value: Double) {
        guard value.isFinite else { return nil }
        let sign = value < 0 ? "-" : ""
        self.init(checked: sign + DecimalDigits(value.magnitude).text)
    }
}

/// The shortest digits of a number: `0.d₁d₂… · 10^point`.
private struct DecimalDigits {
    private var digits: [UInt8] = []
    private var point = 0

    init(_ magnitude: Double) {
        // `1234.5`, `5e-05`, `1.5e+16`
        let parts = magnitude.description.utf8.split(separator: UInt8(ascii: "e"))
        let exponent = parts.count > 1 ? Int(String(parts[1]) ?? "") ?? 0 : 0
        var hasPoint = false
        for byte in parts[0] {
            if byte == UInt8(ascii: ".") {
                hasPoint = true
            } else if digits.isEmpty, byte == UInt8(ascii: "0") {
                if hasPoint { point -= 1 }
            } else {
                digits.append(byte)
                if !hasPoint { point += 1 }
            }
        }
        point += exponent
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    }

    var text: String {
        guard !digits.isEmpty else { return "0" }
        let count = digits.count
        switch point {
        case count...21:
            return string(digits[...]) + zeros(point - count)
        case 1...21:
            return string(digits[..<point]) + "." + string(digits[point...])
        case -5...0:
            return "0." + zeros(-point) + string(digits[...])
        default:
            let exponent = point - 1
            let fraction = count > 1 ? "." + string(digits[1...]) : ""
            let sign = exponent < 0 ? "-" : "+"
            return string(digits[..<1]) + fraction + "e" + sign + String(exponent.magnitude)
        }
    }

    private func string(_ digits: ArraySlice<UInt8>) -> String {
        String(decoding: digits, as: UTF8.self)
    }

    private func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
}

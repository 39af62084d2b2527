import JOSE
import JSON

/// JSON that was read is read again from what is written, and Base64 has one spelling.
enum JSONMachine {
    private static let smallLimits = JSONLimits(bytes: 64, depth: 3, values: 8, numberBytes: 6)

    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        try checkBase64(input)
        guard let value = try? JSONValue.parse(input.span) else {
            let small = try? JSONValue.parse(input.span, limits: smallLimits)
            return try require(small == nil, "smaller limits allow no more")
        }
        let written = value.serialized()
        guard let again = try? JSONValue.parse(written.span) else {
            throw BrokenRule(what: "what is written is JSON")
        }
        try require(again == value, "what is written is what was read")
        try require(again.serialized() == written, "it is written in one way")
        if let small = try? JSONValue.parse(input.span, limits: smallLimits) {
            try require(small == value, "limits change nothing but what is refused")
            try require(input.count <= smallLimits.bytes, "limits are kept")
        }
        try checkParts(value)
        for cut in [1, written.count / 2] where value.object != nil || value.array != nil {
            let start = try? JSONValue.parse(Array(written.dropLast(cut)).span)
            try require(start == nil || cut == 0, "a cut text is none")
        }
    }

    /// Walks without recursion, as the reader does.
    private static func checkParts(_ value: JSONValue) throws(BrokenRule) {
        var waiting = [value]
        while let next = waiting.popLast() {
            switch next {
            case .number(let number): try checkNumber(number)
            case .array(let elements): waiting += elements
            case .object(let object):
                let names = object.members.map { Array($0.name.utf8) }
                try require(Set(names).count == names.count, "a name stands once")
                waiting += object.members.map(\.value)
            case .null, .bool, .string: break
            }
        }
    }

    private static func checkNumber(_ number: JSONNumber) throws(BrokenRule) {
        guard let whole = number.int64 else { return }
        try require(JSONNumber(whole) == number, "a whole number is itself")
        try require(number.double.map { $0 == Double(whole) } ?? true, "in either form")
    }

    private static func checkBase64(_ input: [UInt8]) throws(BrokenRule) {
        if let data = Base64.decodeURL(input.span) {
            try require(Base64.encodeURL(data.span) == input, "base64url has one spelling")
        }
        if let data = Base64.decodeStandard(input.span) {
            try require(Base64.encodeStandard(data.span) == input, "Base64 has one spelling")
        }
        let encoded = Base64.encodeURL(input.span)
        try require(Base64.decodeURL(encoded.span) == input, "what is encoded is decoded")
        let standard = Base64.encodeStandard(input.span)
        try require(Base64.decodeStandard(standard.span) == input, "in either alphabet")
    }
}

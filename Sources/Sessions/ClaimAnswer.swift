internal import JSON

/// What a client is told of claims that are not as a route wants them, in the words of the Node SDK
/// and in the order of its members (protocol, section 3.6).
struct ClaimAnswer {
    private var errors: [UInt8] = []
    private var count = 0

    /// Bytes of all errors. One that does not fit is told without the claim's own value, and left
    /// out when it still does not fit.
    static let maximumBytes = 16 * 1024

    /// The answer's body.
    var content: [UInt8] {
        Array(#"{"message":"invalid claim","claimValidationErrors":["#.utf8) + errors
            + Array("]}".utf8)
    }

    mutating func add(_ rule: ClaimRule, _ fault: ClaimFault) {
        guard !append(Self.error(rule, rule.reason(fault))) else { return }
        guard case .wrongValue = fault else { return }
        var reason = rule.reason(fault)
        reason["actualValue"] = nil
        _ = append(Self.error(rule, reason))
    }

    private mutating func append(_ error: [UInt8]) -> Bool {
        guard errors.count + error.count < Self.maximumBytes else { return false }
        if count > 0 { errors.append(UInt8(ascii: ",")) }
        errors += error
        count += 1
        return true
    }

    private static func error(_ rule: ClaimRule, _ reason: JSONObject) -> [UInt8] {
        let id = String(decoding: rule.id, as: UTF8.self)
        let error: JSONObject = ["id": .string(id), "reason": .object(reason)]
        return JSONValue.object(error).serialized()
    }
}

extension ClaimRule {
    fileprivate func reason(_ fault: ClaimFault) -> JSONObject {
        switch fault {
        case .absent:
            return reason("value does not exist", expectedWhenAbsent)
        case .expired(let age):
            let limit = Double(maximumAge?.wholeMilliseconds ?? 0) / 1000
            return [
                "message": "expired",
                "ageInSeconds": age.map { .ecmaScript($0) } ?? .null,
                "maxAgeInSeconds": .ecmaScript(limit),
            ]
        case .wrongValue(let value):
            var reason = reason("wrong value", expected)
            reason["actualValue"] = value.ecmaScript
            return reason
        }
    }

    private func reason(_ message: String, _ expected: (String, JSONValue)?) -> JSONObject {
        var reason: JSONObject = ["message": .string(message)]
        if let (name, value) = expected { reason[name] = value }
        return reason
    }

    private var expected: (String, JSONValue)? {
        switch test {
        case nil: nil
        case .equals(let value): ("expectedValue", value.json)
        case .includes(let values): ("expectedToInclude", values.json)
        case .excludes(let values): ("expectedToNotInclude", values.json)
        case .includesAny(let values):
            ("expectedToIncludeAtLeastOneOf", .array(values.map(\.json)))
        }
    }

    /// The SDK says the contrary of what it means where `includesAny` finds no claim.
    private var expectedWhenAbsent: (String, JSONValue)? {
        guard case .includesAny(let values) = test else { return expected }
        return ("expectedToNotInclude", .array(values.map(\.json)))
    }

    /// Bytes of the ID and of what is expected, as an answer has them.
    public var answerBytes: Int {
        id.count + (expected?.1.serialized().count ?? 0)
    }
}

extension ClaimRule.Expectation {
    fileprivate var json: JSONValue {
        switch self {
        case .one(let value): value.json
        case .all(let values): .array(values.map(\.json))
        }
    }
}

extension ClaimValue {
    fileprivate var json: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let value): .ecmaScript(value)
        case .text(let bytes): .string(String(decoding: bytes, as: UTF8.self))
        }
    }
}

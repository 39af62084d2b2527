import JSON
import Sessions

/// Rules for the claim `c` of whatever payload comes, and a second, plain reading of what they ask.
enum ClaimsOracle {
    private static let expected: [ClaimValue] = [
        .null, .bool(true), .number(0), .number(1.5), .text(Array("a".utf8)), .text([]),
    ]
    private static let age = Duration.seconds(60)

    /// Each list is one rule; none is the sessions' own, which asks nothing.
    static let rules: [ClaimRule] = {
        var tests = expected.map { ClaimRule.Test.equals($0) }
        tests += expected.map { .includes(.one($0)) }
        tests += [
            .includes(.all(expected)), .excludes(.all(expected)), .excludes(.one(expected[4])),
            .includesAny(expected),
        ]
        let rules = tests.map { ClaimRule(claim: Array("c".utf8), test: $0) }
        let aged = [nil, tests[1], tests[15]].map {
            ClaimRule(claim: Array("c".utf8), test: $0, maximumAge: age)
        }
        return rules + aged
    }()

    static let lists: ClaimLists = {
        var lists = ClaimLists()
        for rule in rules { _ = lists.number(of: [rule]) }
        return lists
    }()

    /// Whether a payload's claim is as a rule wants it.
    static func isMet(_ rule: ClaimRule, by payload: JSONValue, at now: Int64) -> Bool {
        guard let member = payload["c"], member != .null else { return false }
        let value = member.object == nil ? member : member["v"]
        guard let value else { return false }
        if rule.maximumAge != nil {
            guard let set = member["t"]?.double, Double(now) - set <= 60_000 else { return false }
        }
        switch rule.test {
        case nil: return true
        case .equals(let one): return isSame(one, value)
        case .includes(.one(let one)): return value.array?.contains { isSame(one, $0) } ?? false
        case .includes(.all(let all)):
            guard let array = value.array else { return false }
            return all.allSatisfy { one in array.contains { isSame(one, $0) } }
        case .excludes(.one(let one)):
            return value.array?.allSatisfy { !isSame(one, $0) } ?? false
        case .excludes(.all(let all)):
            guard let array = value.array else { return false }
            return array.allSatisfy { element in !all.contains { isSame($0, element) } }
        case .includesAny(let any):
            return value.array?.contains { element in any.contains { isSame($0, element) } }
                ?? false
        }
    }

    private static func isSame(_ expected: ClaimValue, _ value: JSONValue) -> Bool {
        switch expected {
        case .null: value == .null
        case .bool(let bool): value.bool == bool
        case .number(let number): value.double == number
        case .text(let bytes): value.string.map { Array($0.utf8) == bytes } ?? false
        }
    }

    private static let messages = ["value does not exist", "expired", "wrong value"]

    /// What a client is told is JSON of the promised shape and size: one error for the list's one
    /// rule where it is not met, and none where it is.
    static func check(_ answer: [UInt8], isMet: Bool) throws(BrokenRule) {
        try require(answer.count <= Authenticator.maximumClaimAnswerBytes, "answers are bounded")
        guard let content = try? JSONValue.parse(answer.span),
            let errors = content["claimValidationErrors"]?.array
        else { throw BrokenRule(what: "an answer is JSON") }
        try require(content["message"]?.string == "invalid claim", "the SDKs' message")
        try require(errors.count == (isMet ? 0 : 1), "an error for each rule that is not met")
        for error in errors {
            try require(error["id"]?.string == "c", "the rule is named")
            let message = error["reason"]?["message"]?.string ?? ""
            try require(messages.contains(message), "the SDKs' reasons")
        }
    }
}

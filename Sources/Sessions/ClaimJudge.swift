internal import JSON

/// What a session's payload says of one claim, where it is there.
struct ClaimContent {
    let value: JSONValue
    /// Milliseconds since the epoch at which the value was set; nil when that is not said.
    let setAt: Double?

    init?(_ member: JSONValue?) {
        switch member {
        case nil, .null:
            return nil
        case .object(let claim):
            guard let value = claim["v"] else { return nil }
            self.value = value
            setAt = claim["t"]?.double
        case .some(let plain):
            value = plain
            setAt = nil
        }
    }
}

/// Why a rule is not met.
enum ClaimFault {
    case absent
    /// Seconds since the value was set; nil when that is not said.
    case expired(age: Double?)
    case wrongValue(JSONValue)
}

extension ClaimRule {
    /// Judges in the SDKs' order: the claim's presence, its age, its value.
    func fault(in content: ClaimContent?, wallMilliseconds: Int64) -> ClaimFault? {
        guard let content else { return .absent }
        if let limit = maximumAge?.wholeMilliseconds {
            guard let setAt = content.setAt else { return .expired(age: nil) }
            let age = Double(wallMilliseconds) - setAt
            if age > Double(limit) { return .expired(age: age / 1000) }
        }
        guard let test, !test.isMet(by: content.value) else { return nil }
        return .wrongValue(content.value)
    }

    /// The last millisecond at which `maximumAge` leaves the value what it is.
    func end(of content: ClaimContent?) -> Int64 {
        guard let limit = maximumAge?.wholeMilliseconds, let setAt = content?.setAt else {
            return .max
        }
        let end = (setAt + Double(limit)).rounded(.down)
        guard end.magnitude < 9_007_199_254_740_992 else { return end < 0 ? .min : .max }
        return Int64(end)
    }
}

extension ClaimRule.Test {
    /// Arrays only are searched: the SDKs search strings too, and find an `admin` in `nonadmin`.
    fileprivate func isMet(by value: JSONValue) -> Bool {
        switch self {
        case .equals(let expected):
            return expected.isEqual(to: value)
        case .includes(let expected):
            guard let elements = value.array else { return false }
            return expected.values.allSatisfy { $0.isAmong(elements) }
        case .excludes(let expected):
            guard let elements = value.array else { return false }
            return !expected.values.contains { $0.isAmong(elements) }
        case .includesAny(let expected):
            guard let elements = value.array else { return false }
            return expected.contains { $0.isAmong(elements) }
        }
    }
}

extension ClaimValue {
    fileprivate func isEqual(to value: JSONValue) -> Bool {
        switch (self, value) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other.double
        case (.text(let one), .string(let other)): other.utf8.elementsEqual(one)
        default: false
        }
    }

    fileprivate func isAmong(_ elements: [JSONValue]) -> Bool {
        elements.contains { isEqual(to: $0) }
    }
}

/// What the judge found of one session: now, and what time changes of it.
struct ClaimVerdicts: Sendable, Equatable {
    /// The lists that are not met now.
    var failures: ClaimFailures
    /// For each list the last millisecond at which it is met; empty when time changes none.
    var ends: [Int64] = []

    /// Of a session that nobody has judged: it meets nothing.
    static let none = ClaimVerdicts(failures: .all)
}

/// The lists of rules, made ready to judge payloads.
struct ClaimJudge {
    private struct Rule {
        var rule: ClaimRule
        /// Which of `names` it asks for.
        var name: Int
    }

    /// The claims that the lists ask for, each once.
    private var names: [[UInt8]] = []
    private var lists: [[Rule]] = []

    init(_ lists: ClaimLists) {
        for rules in lists.lists {
            var list: [Rule] = []
            for rule in rules { list.append(Rule(rule: rule, name: number(of: rule.claim))) }
            self.lists.append(list)
        }
    }

    private mutating func number(of name: [UInt8]) -> Int {
        if let known = names.firstIndex(of: name) { return known }
        names.append(name)
        return names.count - 1
    }

    /// Judges every list by a session's payload, be it of a token or of the core's answer.
    func verdicts(_ payload: JSONElement, wallMilliseconds: Int64) -> ClaimVerdicts {
        var contents: [ClaimContent?] = []
        for name in names { contents.append(ClaimContent(payload[name.span]?.value)) }
        var verdicts = ClaimVerdicts.none
        var ends: [Int64] = []
        for (number, list) in lists.enumerated() {
            let isMet = list.allSatisfy {
                $0.rule.fault(in: contents[$0.name], wallMilliseconds: wallMilliseconds) == nil
            }
            if isMet { verdicts.failures.remove(number) }
            ends.append(list.map { $0.rule.end(of: contents[$0.name]) }.min() ?? .max)
        }
        if ends.contains(where: { $0 < .max }) { verdicts.ends = ends }
        return verdicts
    }

    /// The body of the answer to a session that does not meet a list.
    func answer(_ list: Int, _ payload: JSONElement, wallMilliseconds: Int64) -> [UInt8] {
        var answer = ClaimAnswer()
        guard lists.indices.contains(list) else { return answer.content }
        for item in lists[list] {
            let name = names[item.name]
            let content = ClaimContent(payload[name.span]?.value)
            guard let fault = item.rule.fault(in: content, wallMilliseconds: wallMilliseconds)
            else { continue }
            answer.add(item.rule, fault)
        }
        return answer.content
    }
}

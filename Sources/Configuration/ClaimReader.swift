import Bytes
import Sessions

/// `claims`, of the sessions and of a route.
enum ClaimReader {
    private static let longestAge = Duration.seconds(365 * 24 * 3600)

    /// The rules of a mapping's `claims`; nil where there is no such key, or it is no list.
    static func read(_ section: inout Section) -> [ClaimRule]? {
        guard let items = section.list("claims") else { return nil }
        guard items.count <= ClaimLists.maximumRules else {
            section.report.error(
                items[ClaimLists.maximumRules].position,
                "`\(section.name("claims"))` has \(items.count) rules",
                "write at most \(ClaimLists.maximumRules)"
            )
            return nil
        }
        var rules: [ClaimRule] = []
        for (index, item) in items.enumerated() {
            let path = section.name("claims[\(index)]")
            guard let entry = Section(item, path: path, reading: section.reading),
                let rule = rule(entry)
            else { continue }
            if rules.contains(rule) {
                section.report.error(
                    item.position,
                    "this rule is in `\(section.name("claims"))` twice",
                    "leave one out"
                )
            } else {
                rules.append(rule)
            }
        }
        return rules
    }

    private static func rule(_ section: consuming Section) -> ClaimRule? {
        let errorsBefore = section.report.problems.count
        let claim = label("claim", &section)
        let id = label("id", &section)
        let test = test(&section)
        var age = Duration.zero
        section.duration("max_age", in: .milliseconds(1)...longestAge, into: &age)
        if section.keyPosition("claim") == nil {
            section.report.error(
                section.position,
                "a rule without a claim",
                "write one, such as {claim: st-ev, equals: true}"
            )
        }
        section.finish()
        guard section.report.problems.count == errorsBefore, let claim else { return nil }
        guard test != nil || age > .zero else {
            section.report.error(
                section.position,
                "a rule that asks nothing of its claim",
                "write one of \(operators.joined(separator: ", ")), or max_age"
            )
            return nil
        }
        var rule = ClaimRule(
            claim: Array(claim.utf8),
            test: test,
            maximumAge: age > .zero ? age : nil
        )
        if let id { rule.id = Array(id.utf8) }
        guard rule.answerBytes <= ClaimRule.maximumAnswerBytes else {
            section.report.error(
                section.position,
                "the values of this rule are too long for an answer",
                "write at most \(ClaimRule.maximumAnswerBytes) bytes of them"
            )
            return nil
        }
        return rule
    }

    private static func label(_ key: String, _ section: inout Section) -> String? {
        guard let text = section.text(key) else { return nil }
        if Names.isLabel(text.value) { return text.value }
        section.report.error(
            text.position,
            "`\(section.name(key))` is \(text.quoted)",
            "write up to 128 bytes without control characters, such as st-role"
        )
        return nil
    }

    // MARK: - Operators

    private static let operators = ["equals", "includes", "excludes", "includes_any"]

    private static func test(_ section: inout Section) -> ClaimRule.Test? {
        let given = operators.filter { section.keyPosition($0) != nil }
        var tests: [ClaimRule.Test] = []
        for key in operators {
            if let test = test(key, &section) { tests.append(test) }
        }
        guard given.count > 1, let position = section.keyPosition(given[1]) else {
            return tests.first
        }
        section.report.error(
            position,
            "`\(given[1])` beside `\(given[0])` in one rule",
            "write a rule of its own for each, with the same claim"
        )
        return nil
    }

    private static func test(_ key: String, _ section: inout Section) -> ClaimRule.Test? {
        switch key {
        case "equals":
            return section.text(key).flatMap { value($0, section.report) }.map { .equals($0) }
        case "includes": return expectation(key, &section).map { .includes($0) }
        case "excludes": return expectation(key, &section).map { .excludes($0) }
        default: return values(key, &section).map { .includesAny($0) }
        }
    }

    /// One value, or a list of which each counts.
    private static func expectation(
        _ key: String,
        _ section: inout Section
    ) -> ClaimRule.Expectation? {
        if case .list? = section.peek(key) { return values(key, &section).map { .all($0) } }
        return section.text(key).flatMap { value($0, section.report) }.map { .one($0) }
    }

    private static func values(_ key: String, _ section: inout Section) -> [ClaimValue]? {
        guard let values = section.set(key, value) else { return nil }
        if case .list(let items, let position)? = section.peek(key), items.isEmpty {
            section.report.error(
                position,
                "`\(section.name(key))` is empty",
                "write at least one value"
            )
            return nil
        }
        return values
    }

    // MARK: - Values

    /// What a scalar stands for. A plain one that other readers of YAML take for something else
    /// than JSON does is an error: whoever wrote it may have meant either.
    private static func value(_ text: Text, _ report: Report) -> ClaimValue? {
        if text.isQuoted { return .text(Array(text.value.utf8)) }
        switch text.value.lowercased() {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        case "yes", "no", "on", "off", "y", "n":
            report.error(
                text.position,
                "\(text.quoted) may be a text or a boolean",
                "write it in quotation marks, or true or false"
            )
            return nil
        default: break
        }
        guard mayBeNumber(text.value) else { return .text(Array(text.value.utf8)) }
        if let number = Double(text.value), number.isFinite, isJSONNumber(text.value) {
            return .number(number)
        }
        report.error(
            text.position,
            "\(text.quoted) may be a text or a number",
            "write it in quotation marks, or as JSON writes numbers"
        )
        return nil
    }

    /// Whether some reader of YAML 1.1 or 1.2 takes it for a number: `1_000`, `0o17`, `12:30:00`,
    /// `.inf`.
    private static func mayBeNumber(_ text: String) -> Bool {
        let bare = text.lowercased().drop { $0 == "-" || $0 == "+" }
        if bare == ".inf" || bare == ".nan" { return true }
        guard let first = bare.utf8.first, first.isDigit || first == UInt8(ascii: ".") else {
            return false
        }
        if Double(text) != nil { return true }
        let digits = bare.hasPrefix("0o") || bare.hasPrefix("0b") ? bare.dropFirst(2) : bare
        return !digits.isEmpty && digits.utf8.allSatisfy { $0.isDigit || "_:.".utf8.contains($0) }
            && digits.utf8.count { $0 == UInt8(ascii: ".") } < 2
    }

    /// RFC 8259 §6, of what is known to be a number.
    private static func isJSONNumber(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, first.isDigit,
            digits.utf8.allSatisfy({ $0.isDigit || "+-.eE".utf8.contains($0) })
        else { return false }
        let whole = digits.prefix { $0.isNumber }
        let rest = digits[whole.endIndex...]
        if first == UInt8(ascii: "0"), whole.count > 1 { return false }
        guard rest.hasPrefix(".") else { return true }
        return rest.dropFirst().utf8.first?.isDigit ?? false
    }
}

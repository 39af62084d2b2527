import Bytes

/// Single values of a mapping; each `into` keeps its default when the key is absent or wrong.
extension Section {
    /// YAML 1.1 has these for false; `off` is one of them where it is a value of its own.
    static let falseWords = ["false", "no", "off"]
    static let trueWords = ["true", "yes", "on"]

    /// The scalar of a key; anything else is reported.
    mutating func text(_ key: String) -> Text? {
        guard let value = value(key) else { return nil }
        guard case .text(let text) = value else {
            report.error(
                value.position,
                "`\(name(key))` is \(value.kind), not a single value",
                "write `\(key): VALUE`"
            )
            return nil
        }
        return text.isBroken ? nil : text
    }

    mutating func text(_ key: String, into target: inout String) {
        if let text = text(key) { target = text.value }
    }

    mutating func boolean(_ key: String, into target: inout Bool) {
        guard let text = text(key) else { return }
        switch text.value.lowercased() {
        case let word where Self.trueWords.contains(word): target = true
        case let word where Self.falseWords.contains(word): target = false
        default:
            report.error(
                text.position,
                "`\(name(key))` is \(text.quoted)",
                "write true or false"
            )
        }
    }

    /// One of a few words.
    mutating func choice<Value>(
        _ key: String,
        _ choices: KeyValuePairs<String, Value>,
        into target: inout Value
    ) {
        guard let text = text(key) else { return }
        if let found = choices.first(where: { $0.key == text.value }) {
            target = found.value
        } else {
            unknownWord(text, name(key), choices.map(\.key))
        }
    }

    func unknownWord(_ text: Text, _ what: String, _ words: [String]) {
        let list = words.joined(separator: ", ")
        let meant = Spelling.nearest(to: text.value, among: words)
        report.error(
            text.position,
            "`\(what)` cannot be \(text.quoted)",
            meant.map { "did you mean `\($0)`? It can be \(list)" }
                ?? (words.count == 1 ? "write \(list)" : "write one of \(list)")
        )
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>, into target: inout Int) {
        guard let text = text(key) else { return }
        guard !text.value.isEmpty, text.value.utf8.allSatisfy(\.isDigit) else {
            report.error(
                text.position,
                "`\(name(key))` is \(text.quoted), not a whole number",
                "write a number from \(range.lowerBound) to \(range.upperBound)"
            )
            return
        }
        guard let number = Int(text.value), range.contains(number) else {
            outOfRange(text, key, "\(range.lowerBound)", "\(range.upperBound)")
            return
        }
        target = number
    }

    mutating func duration(
        _ key: String,
        in range: ClosedRange<Duration> = .milliseconds(1)...(.seconds(24 * 3600)),
        into target: inout Duration
    ) {
        guard let text = text(key) else { return }
        let duration = Quantities.duration(text.value)
        guard duration != nil || Quantities.isDuration(text.value) else {
            report.error(
                text.position,
                "`\(name(key))` is \(text.quoted), not a duration",
                Quantities.durationForm
            )
            return
        }
        guard let duration, range.contains(duration) else {
            let (least, most) = (range.lowerBound, range.upperBound)
            outOfRange(text, key, Quantities.text(least), Quantities.text(most))
            return
        }
        target = duration
    }

    /// Bytes; `minimum...maximum`, or 0 for no limit where `allowsNone`.
    mutating func size<Number: FixedWidthInteger>(
        _ key: String,
        in range: ClosedRange<Number>,
        allowsNone: Bool = false,
        into target: inout Number
    ) {
        guard let text = text(key) else { return }
        guard Quantities.isSize(text.value) else {
            report.error(
                text.position,
                "`\(name(key))` is \(text.quoted), not a size",
                text.isSubstituted ? Quantities.sizeForm : Quantities.sizeRemedy(for: text.value)
            )
            return
        }
        let bytes = Quantities.size(text.value)
        if allowsNone, bytes == 0 {
            target = 0
            return
        }
        guard let number = bytes.flatMap({ Number(exactly: $0) }), range.contains(number) else {
            let (least, most) = (UInt64(range.lowerBound), UInt64(range.upperBound))
            outOfRange(text, key, Quantities.text(bytes: least), Quantities.text(bytes: most))
            return
        }
        target = number
    }

    private func outOfRange(_ text: Text, _ key: String, _ least: String, _ most: String) {
        let isNone = ["0", "0s", "0ms"].contains(text.value)
        report.error(
            text.position,
            isNone
                ? "`\(name(key))` is 0, and there is no \"without limit\" here"
                : "`\(name(key))` is \(text.quoted), out of range",
            "write a value from \(least) to \(most)"
        )
    }
}

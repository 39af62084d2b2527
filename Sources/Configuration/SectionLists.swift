import Bytes

/// Lists of a mapping.
extension Section {
    /// The list of a key; anything else is reported.
    mutating func list(_ key: String) -> [YAMLValue]? {
        guard let value = value(key) else { return nil }
        switch value {
        case .list(let items, _): return items
        case .text(let text) where text.isBroken: return nil
        case .text(let text):
            report.error(
                value.position,
                "`\(name(key))` is a single value, not a list",
                "write `\(key): [\(text.written)]`"
            )
        case .mapping, .empty:
            report.error(
                value.position,
                "`\(name(key))` is \(value.kind), not a list",
                "write `- ` before each item"
            )
        }
        return nil
    }

    /// The list of a key whose items are single values; wrong items are reported and left out.
    mutating func texts(_ key: String) -> [Text]? {
        list(key)?.compactMap { item in
            guard case .text(let text) = item else {
                report.error(
                    item.position,
                    "an item of `\(name(key))` is \(item.kind), not a single value",
                    "write `- VALUE`"
                )
                return nil
            }
            return text.isBroken ? nil : text
        }
    }

    /// Like `texts`, each turned into what it stands for by `read`, which reports what is wrong;
    /// equal ones are errors.
    mutating func set<Value: Equatable>(
        _ key: String,
        _ read: (Text, Report) -> Value?
    ) -> [Value]? {
        guard let texts = texts(key) else { return nil }
        var values: [Value] = []
        for text in texts {
            guard let value = read(text, report) else { continue }
            if values.contains(value) {
                report.error(
                    text.position,
                    "\(text.quoted) is in `\(name(key))` twice",
                    "leave one out"
                )
            } else {
                values.append(value)
            }
        }
        return values
    }
}

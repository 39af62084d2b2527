import JSON

/// How the demo writes text.
enum DemoText {
    /// JSON with a line for each member, and for each member or element of those.
    static func indented(_ object: JSONObject) -> String {
        let lines = object.members.map { "  \(name($0.name)): \(inner($0.value))" }
        return "{\n\(lines.joined(separator: ",\n"))\n}\n"
    }

    private static func inner(_ value: JSONValue) -> String {
        switch value {
        case .object(let object) where !object.isEmpty:
            let lines = object.members.map { "    \(name($0.name)): \(compact($0.value))" }
            return "{\n\(lines.joined(separator: ",\n"))\n  }"
        case .array(let elements) where !elements.isEmpty:
            let lines = elements.map { "    \(compact($0))" }
            return "[\n\(lines.joined(separator: ",\n"))\n  ]"
        default:
            return compact(value)
        }
    }

    private static func name(_ name: String) -> String { compact(.string(name)) }

    private static func compact(_ value: JSONValue) -> String {
        String(decoding: value.serialized(), as: UTF8.self)
    }

    /// Text as content of an HTML element or of a quoted attribute.
    static func escaped(_ text: String) -> String {
        var result = ""
        // By scalars: a `<` with a combining mark is one character, and still opens a tag.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

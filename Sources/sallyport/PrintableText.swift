/// Text of somebody else's that is shown on a terminal.
enum PrintableText {
    /// The text with what a terminal obeys or does not show as JSON's escapes: control characters,
    /// line ends, marks of direction and the like. JSON text keeps its meaning.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                for unit in scalar.utf16 { result += escape(unit) }
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func escape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

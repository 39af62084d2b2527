/// Whether letter case can matter in a pattern to a subject without capitals.
enum PatternCase {
    /// Whether the pattern surely matches the same subjects without capitals as it is written and
    /// caselessly: a quick look, that rather says no.
    static func isNeutral(_ source: String) -> Bool {
        let bytes = Array(source.utf8)
        for (index, byte) in bytes.enumerated() {
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            let previous = index > 0 ? bytes[index - 1] : 0
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...: return false
            case UInt8(ascii: "\\"): if isSpecialEscape(next) { return false }
            // Option settings, POSIX classes, and ranges over more than digits or small letters.
            case UInt8(ascii: "("): if next == UInt8(ascii: "?") { return false }
            case UInt8(ascii: "["): if next == UInt8(ascii: ":") { return false }
            case UInt8(ascii: "-"): if !isPlain(previous) || !isPlain(next) { return false }
            default: continue
            }
        }
        return true
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// Letters and digits after a backslash mean something, but for `d`, `w` and `s`, that have
    /// both cases or none.
    private static func isSpecialEscape(_ byte: UInt8) -> Bool {
        isPlain(byte)
            && ![UInt8(ascii: "d"), UInt8(ascii: "w"), UInt8(ascii: "s")].contains(byte)
    }
}

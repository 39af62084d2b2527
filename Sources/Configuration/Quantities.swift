import Bytes

/// Durations and sizes as the configuration writes them.
enum Quantities {
    /// What a duration's remedy says.
    static let durationForm = "write a whole number with ms, s, m or h, such as 30s"
    /// What a size's remedy says.
    static let sizeForm = "write a whole number with KiB, MiB or GiB, such as 64KiB"

    private static let durationUnits: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
    ]
    private static let sizeUnits: [(suffix: String, bytes: UInt64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1),
    ]

    /// `250ms`, `5s`, `10m`, `4h`; a bare `0` needs no unit. nil = not of this form, or too large.
    static func duration(_ text: String) -> Duration? {
        let (number, unit) = split(text)
        guard let count = Int64(number) else { return nil }
        if unit.isEmpty { return count == 0 ? .zero : nil }
        guard let found = durationUnits.first(where: { $0.suffix == unit }) else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: found.milliseconds)
        return overflow || milliseconds > Int64.max / 1_000_000
            ? nil : .milliseconds(milliseconds)
    }

    /// `16KiB`, `1MiB`, or a bare count of bytes. nil = not of this form, or too large.
    static func size(_ text: String) -> UInt64? {
        let (number, unit) = split(text)
        guard let count = UInt64(number) else { return nil }
        if unit.isEmpty { return count }
        guard let found = sizeUnits.first(where: { $0.suffix == unit }) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: found.bytes)
        return overflow ? nil : bytes
    }

    /// Whether the text has a duration's form, however large its number is.
    static func isDuration(_ text: String) -> Bool {
        let (number, unit) = split(text)
        return !number.isEmpty && durationUnits.contains { $0.suffix == unit }
    }

    /// Whether the text has a size's form, however large its number is.
    static func isSize(_ text: String) -> Bool {
        let (number, unit) = split(text)
        return !number.isEmpty && (unit.isEmpty || sizeUnits.contains { $0.suffix == unit })
    }

    /// What to write instead of what is no size: the binary unit meant by `64k`, `64KB`, `64Ki`.
    static func sizeRemedy(for text: String) -> String {
        let (number, unit) = split(text)
        guard !number.isEmpty, let letter = unit.first?.uppercased() else { return sizeForm }
        let meant = sizeUnits.prefix(3).first { $0.suffix.hasPrefix(letter) }
        return meant.map { "did you mean `\(number)\($0.suffix)`?" } ?? sizeForm
    }

    /// The duration in the largest unit that is exact.
    static func text(_ duration: Duration) -> String {
        let milliseconds =
            duration.components.seconds * 1000
            + duration.components.attoseconds / 1_000_000_000_000_000
        guard milliseconds != 0 else { return "0s" }
        for unit in durationUnits.reversed() where milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
        }
        return "\(milliseconds)ms"
    }

    /// The size in the largest unit that is exact.
    static func text(bytes: UInt64) -> String {
        guard bytes != 0 else { return "0" }
        for unit in sizeUnits.prefix(3).reversed() where bytes % unit.bytes == 0 {
            return "\(bytes / unit.bytes)\(unit.suffix)"
        }
        return "\(bytes)"
    }

    /// Leading digits, and what follows them.
    private static func split(_ text: String) -> (number: Substring, unit: Substring) {
        let digits = text.utf8.prefix { $0.isDigit }
        return (text[..<digits.endIndex], text[digits.endIndex...])
    }
}

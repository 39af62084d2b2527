public import Bytes

/// The current time as an IMF-fixdate (RFC 9110 §5.6.7), written once a second and then copied.
public struct HTTPDate: Sendable {
    private static let length = 29
    private static let days: StaticString = "SunMonTueWedThuFriSat"
    private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"

    private var text = [29 of UInt8](repeating: 0)
    private var second: Int64?

    /// A date that is written at its first use.
    public init() {}

    /// Appends the date, 29 bytes, if there is room for all of it.
    ///
    /// - Parameters:
    ///   - secondsSinceEpoch: seconds since 1970-01-01T00:00:00Z without leap seconds; what lies
    ///     outside the years 0001 to 9999 becomes their first or last second.
    ///   - buffer: where it goes.
    public mutating func append(secondsSinceEpoch: Int64, to buffer: inout Buffer) {
        let second = min(max(secondsSinceEpoch, -62_135_596_800), 253_402_300_799)
        if self.second != second {
            write(second)
            self.second = second
        }
        guard buffer.room >= Self.length else { return }
        buffer.append(text.span)
    }

    private mutating func write(_ second: Int64) {
        // Counted from 0000-03-01 so that a leap day is the last of its year.
        let day = second.flooredQuotient(by: 86_400)
        let time = second - day * 86_400
        let date = CivilDate(daysSinceEpoch: day)
        let weekday = Int((day + 4) - (day + 4).flooredQuotient(by: 7) * 7)
        put(Self.days, item: weekday, at: 0)
        put(", ", at: 3)
        put(number: date.day, digits: 2, at: 5)
        put(" ", at: 7)
        put(Self.months, item: date.month - 1, at: 8)
        put(" ", at: 11)
        put(number: date.year, digits: 4, at: 12)
        put(" ", at: 16)
        put(number: Int(time / 3600), digits: 2, at: 17)
        put(":", at: 19)
        put(number: Int(time / 60 % 60), digits: 2, at: 20)
        put(":", at: 22)
        put(number: Int(time % 60), digits: 2, at: 23)
        put(" GMT", at: 25)
    }

    private mutating func put(number: Int, digits: Int, at offset: Int) {
        var rest = number
        for index in stride(from: offset + digits - 1, through: offset, by: -1) {
            text[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    private mutating func put(_ literal: StaticString, at offset: Int) {
        for index in 0..<literal.utf8CodeUnitCount {
            unsafe text[offset + index] = literal.utf8Start[index]
        }
    }

    private mutating func put(_ names: StaticString, item: Int, at offset: Int) {
        for index in 0..<3 { unsafe text[offset + index] = names.utf8Start[item * 3 + index] }
    }
}

/// A day of the Gregorian calendar.
private struct CivilDate {
    var year: Int
    /// 1 to 12.
    var month: Int
    /// 1 to 31.
    var day: Int

    /// The calendar repeats every 146,097 days; years are counted from March, so that the leap day
    /// ends one and a month's first day is a linear function of its number.
    init(daysSinceEpoch: Int64) {
        let sinceMarch0000 = daysSinceEpoch + 719_468
        let era = sinceMarch0000.flooredQuotient(by: 146_097)
        let dayOfEra = sinceMarch0000 - era * 146_097
        let leapDays = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leapDays) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5) + 1
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = Int(era * 400 + yearOfEra) + (month <= 2 ? 1 : 0)
    }
}

extension Int64 {
    /// The quotient rounded towards negative infinity; `divisor` is positive.
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}

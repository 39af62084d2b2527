import Bytes

/// Wall time as RFC 3339 writes it, in UTC with milliseconds: `2026-02-03T04:05:06.789Z`.
enum Timestamp {
    /// Appends the 24 bytes; times before 1970 are written as 1970, those past 9999 as its end.
    static func append(millisecondsSinceEpoch: Int64, to buffer: inout Buffer) {
        let milliseconds = min(max(millisecondsSinceEpoch, 0), 253_402_300_799_999)
        let (seconds, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let (days, time) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = civilDate(daysSinceEpoch: days)
        // Put together first: one append is cheaper than 24.
        var text = InlineArray<24, UInt8>(repeating: UInt8(ascii: "-"))
        set(year / 100, at: 0, in: &text)
        set(year % 100, at: 2, in: &text)
        set(month, at: 5, in: &text)
        set(day, at: 8, in: &text)
        text[10] = UInt8(ascii: "T")
        set(time / 3600, at: 11, in: &text)
        text[13] = UInt8(ascii: ":")
        set(time / 60 % 60, at: 14, in: &text)
        text[16] = UInt8(ascii: ":")
        set(time % 60, at: 17, in: &text)
        text[19] = UInt8(ascii: ".")
        text[20] = 0x30 + UInt8(truncatingIfNeeded: fraction / 100)
        set(fraction % 100, at: 21, in: &text)
        text[23] = UInt8(ascii: "Z")
        buffer.append(text.span)
    }

    /// The Gregorian date of a day number that is not negative.
    private static func civilDate(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64)
    {
        // Counted from 0000-03-01: leap days end the year, and 400 years are one cycle.
        let days = daysSinceEpoch + 719_468
        let (cycle, dayOfCycle) = days.quotientAndRemainder(dividingBy: 146_097)
        let leapDays = dayOfCycle / 1460 - dayOfCycle / 36_524 + dayOfCycle / 146_096
        let yearOfCycle = (dayOfCycle - leapDays) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        // Months of 31, 30, 31, 30, 31 days repeat from March on: 153 days in five of them.
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, day)
    }

    /// Writes a number below 100 as two digits.
    private static func set(_ number: Int64, at index: Int, in text: inout InlineArray<24, UInt8>) {
        text[index] = 0x30 + UInt8(truncatingIfNeeded: number / 10)
        text[index + 1] = 0x30 + UInt8(truncatingIfNeeded: number % 10)
    }
}

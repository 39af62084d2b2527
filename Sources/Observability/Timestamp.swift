import Bytes

/// Wall time as RFC 3339 writes it, in UTC with milliseconds: `2026-02-03T04:05:06.789Z`.
enum Timestamp {
    /// Appends the 24 bytes; times before 1970 are written as 1970, those past 9999 as its end.
    static func append(millisecondsSinceEpoch: Int64, to buffer: inout Buffer) {
        let milliseconds = min(max(millisecondsSinceEpoch, 0), 253_402_300_799_999)
        let (seconds, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let (days, time) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = civilDate(daysSinceEpoch: days)
        append(year, digits: 4, to: &buffer)
        buffer.append(UInt8(ascii: "-"))
        append(month, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: "-"))
        append(day, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: "T"))
        append(time / 3600, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: ":"))
        append(time / 60 % 60, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: ":"))
        append(time % 60, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: "."))
        append(fraction, digits: 3, to: &buffer)
        buffer.append(UInt8(ascii: "Z"))
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

    private static func append(_ number: Int64, digits: Int, to buffer: inout Buffer) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            buffer.append(0x30 + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}

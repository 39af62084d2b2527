import EventLoop

/// How long things took, in buckets from 100 µs to 10 s.
struct Histogram: Sendable {
    /// The buckets' upper bounds in microseconds, as `bucket(of:)` has them; one more bucket is for
    /// all above.
    static let bounds: [UInt64] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
        1_000_000, 2_500_000, 5_000_000, 10_000_000,
    ]

    /// How many fell into each bucket alone, not counting the smaller ones.
    private(set) var counts = InlineArray<17, UInt64>(repeating: 0)
    /// Microseconds in all.
    private(set) var sum: UInt64 = 0

    /// Counts one duration; a negative one as zero.
    mutating func count(_ duration: Duration) {
        let microseconds = Self.microseconds(duration)
        counts[Self.bucket(of: microseconds)] &+= 1
        sum &+= microseconds
    }

    /// Adds what another has counted.
    mutating func merge(_ other: Histogram) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
        sum &+= other.sum
    }

    static func microseconds(_ duration: Duration) -> UInt64 {
        UInt64(max(duration.nanoseconds, 0)) / 1000
    }

    /// Written out: no table to load, and most answers are in the first few.
    static func bucket(of microseconds: UInt64) -> Int {
        switch microseconds {
        case ...100: 0
        case ...250: 1
        case ...500: 2
        case ...1_000: 3
        case ...2_500: 4
        case ...5_000: 5
        case ...10_000: 6
        case ...25_000: 7
        case ...50_000: 8
        case ...100_000: 9
        case ...250_000: 10
        case ...500_000: 11
        case ...1_000_000: 12
        case ...2_500_000: 13
        case ...5_000_000: 14
        case ...10_000_000: 15
        default: 16
        }
    }
}

import Bytes

/// Escapes (RFC 3986 §2.1) in paths, decoded one round at a time.
enum PathEscapes {
    /// The byte that the escape at `index` stands for; nil when none begins there.
    static func value(_ path: Span<UInt8>, at index: Int) -> UInt8? {
        guard path[index] == UInt8(ascii: "%"), index &+ 2 < path.count,
            let high = path[index &+ 1].hexadecimalValue,
            let low = path[index &+ 2].hexadecimalValue
        else { return nil }
        return high &<< 4 | low
    }

    /// Appends the path at `range` with every escape decoded once; a `%` that begins none stays.
    static func decode(
        _ range: Range<Int>,
        to output: inout PathOutput
    ) throws(TargetFailure) {
        let start = output.count
        var index = range.lowerBound
        while index < range.upperBound {
            if let value = output.escape(at: index, before: range.upperBound) {
                guard value >= 0x20, value != 0x7F else { throw .escapedControl }
                output.append(value)
                index &+= 3
            } else {
                output.append(output[index])
                index &+= 1
            }
        }
        if hasOverlongUTF8(output, from: start) { throw .overlongUTF8 }
    }

    /// Whether a sequence says in more bytes what fewer can say (RFC 3629 §3), those of five and
    /// six bytes of older UTF-8 included.
    private static func hasOverlongUTF8(_ bytes: borrowing PathOutput, from start: Int) -> Bool {
        var index = start
        while index < bytes.count {
            let next = index &+ 1 < bytes.count ? bytes[index &+ 1] : 0
            switch bytes[index] {
            case 0xC0, 0xC1: return true
            case 0xE0: if (0x80...0x9F).contains(next) { return true }
            case 0xF0: if (0x80...0x8F).contains(next) { return true }
            case 0xF8: if (0x80...0x87).contains(next) { return true }
            case 0xFC: if (0x80...0x83).contains(next) { return true }
            default: break
            }
            index &+= 1
        }
        return false
    }
}

/// The storage that readings lie in, while one is appended to it. No step makes a path longer, so
/// the room is there before it begins.
struct PathOutput: ~Copyable, ~Escapable {
    private var bytes: MutableSpan<UInt8>
    /// Bytes written so far.
    private(set) var count: Int

    @_lifetime(copy bytes)
    init(_ bytes: consuming MutableSpan<UInt8>, count: Int) {
        self.bytes = bytes
        self.count = count
    }

    subscript(index: Int) -> UInt8 { bytes[index] }

    mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count &+= 1
    }

    mutating func removeLast(_ count: Int = 1) {
        self.count &-= count
    }

    /// The byte that the escape at `index` stands for; nil when none begins there and ends before
    /// `end`.
    func escape(at index: Int, before end: Int) -> UInt8? {
        guard bytes[index] == UInt8(ascii: "%"), index &+ 2 < end,
            let high = bytes[index &+ 1].hexadecimalValue,
            let low = bytes[index &+ 2].hexadecimalValue
        else { return nil }
        return high &<< 4 | low
    }
}

import Bytes

/// Segments that mean a place rather than name one: `.` and `..`.
enum DotSegments {
    /// Whether a path has one, before or after any step: segments end at slashes of both kinds and
    /// at parameters, and what follows a space after the dots counts for nothing if it is spaces
    /// and dots, as in some file systems. `%2e..` is one too: the last dots are lost to who drops
    /// them before decoding.
    static func areIn(_ path: Span<UInt8>) -> Bool {
        var index = 0
        while index < path.count {
            // `index` is at a slash: paths begin with one.
            var end = index &+ 1
            if isDotSegment(path, from: &end) { return true }
            while end < path.count, !isSlash(path[end]) { end &+= 1 }
            index = end
        }
        return false
    }

    /// Whether the segment at `index` is one; moves `index` behind its dots and spaces.
    private static func isDotSegment(_ path: Span<UInt8>, from index: inout Int) -> Bool {
        var dots = 0
        var dotsToLastEscape = 0
        while let (byte, count) = dotOrSpace(path, at: index), byte == UInt8(ascii: ".") {
            dots &+= 1
            if count > 1 { dotsToLastEscape = dots }
            index &+= count
        }
        while let (_, count) = dotOrSpace(path, at: index) { index &+= count }
        guard isEnd(path, at: index) else { return false }
        return dots == 1 || dots == 2 || dotsToLastEscape == 1 || dotsToLastEscape == 2
    }

    /// A dot or a space, escaped however often, and its length.
    private static func dotOrSpace(_ path: Span<UInt8>, at index: Int) -> (UInt8, Int)? {
        guard index < path.count else { return nil }
        let byte = path[index]
        if byte == UInt8(ascii: ".") || byte == UInt8(ascii: " ") { return (byte, 1) }
        guard byte == UInt8(ascii: "%") else { return nil }
        var end = index &+ 1
        while end &+ 1 < path.count, path[end] == 0x32, path[end &+ 1] == 0x35 { end &+= 2 }
        guard end &+ 1 < path.count, path[end] == 0x32 else { return nil }
        switch path[end &+ 1] {
        case UInt8(ascii: "E"), UInt8(ascii: "e"): return (UInt8(ascii: "."), end &+ 2 &- index)
        case UInt8(ascii: "0"): return (UInt8(ascii: " "), end &+ 2 &- index)
        default: return nil
        }
    }

    private static func isEnd(_ path: Span<UInt8>, at index: Int) -> Bool {
        index == path.count || path[index] == UInt8(ascii: ";") || isSlash(path[index])
    }

    private static func isSlash(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\")
    }
}

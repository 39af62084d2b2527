import Bytes

/// Finds the lines of a head or trailer section that arrives in pieces; no byte is searched twice.
///
/// A line is judged only once its line feed is there, so that the outcome does not depend on how
/// the bytes were cut.
struct LineReader {
    /// The first byte of the line that is next.
    private(set) var start = 0
    /// The first byte not yet searched for a line feed.
    private var searched = 0

    /// Finds the next line.
    ///
    /// - Parameter bytes: everything since the section began.
    /// - Returns: the line without its CRLF; nil when it is not complete yet.
    /// - Throws: `bareLineFeed`.
    mutating func next(_ bytes: Span<UInt8>) throws(HTTP1Failure) -> Range<Int>? {
        let lineFeed = bytes.scan(for: 0x0A, from: searched, to: bytes.count)
        searched = lineFeed
        guard lineFeed < bytes.count else { return nil }
        // RFC 9112 §2.2 lets a recipient take a bare LF for a line's end, and not all do.
        guard lineFeed > start, bytes[lineFeed &- 1] == 0x0D else { throw .bareLineFeed }
        let line = start..<(lineFeed &- 1)
        start = lineFeed &+ 1
        searched = start
        return line
    }
}

import Bytes

/// The canonical form of a request's path: escapes of unreserved characters decoded, other escapes
/// in upper case (RFC 3986 §6.2.2), the rest as received.
enum CanonicalPath {
    /// Appends the canonical form of the path that `bytes` begins with; it ends before the first
    /// `?`.
    ///
    /// - Returns: what may be read in more than one way, and the index after the path.
    static func read(
        _ bytes: Span<UInt8>,
        into storage: inout [UInt8]
    ) throws(TargetFailure) -> (features: PathFeatures, end: Int) {
        let (features, end) = try scan(bytes)
        let path = bytes.extracting(0..<end)
        guard features.contains(.escape) else {
            storage.append(bytes: path)
            return (features, end)
        }
        let start = storage.count
        try decodeUnreserved(path, into: &storage)
        let canonical = storage.span
        return (try scan(canonical.extracting(start..<canonical.count)).features, end)
    }

    /// Looks at each byte once: what is refused, what has a second reading, where the path ends.
    private static func scan(
        _ bytes: Span<UInt8>
    ) throws(TargetFailure) -> (features: PathFeatures, end: Int) {
        var features: PathFeatures = []
        var previous: UInt8 = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if !isPlain(byte) {
                if byte == UInt8(ascii: "?") { break }
                features.formUnion(try feature(of: byte, after: previous))
            }
            previous = byte
            index &+= 1
        }
        if previous == UInt8(ascii: ".") { features.insert(.dotEdge) }
        if previous == UInt8(ascii: "/"), index > 1 { features.insert(.finalSlash) }
        return (features, index)
    }

    private static func feature(
        of byte: UInt8,
        after previous: UInt8
    ) throws(TargetFailure) -> PathFeatures {
        switch byte {
        case UInt8(ascii: "/"):
            previous == byte ? .emptySegment : previous == UInt8(ascii: ".") ? .dotEdge : []
        case UInt8(ascii: "."): previous == UInt8(ascii: "/") ? .dotEdge : []
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): .capital
        case UInt8(ascii: "%"): .escape
        case UInt8(ascii: ";"): .parameter
        default: throw .forbiddenPathByte
        }
    }

    /// Whether a byte is let through and never begins or ends a second reading.
    private static func isPlain(_ byte: UInt8) -> Bool {
        // Of 0x21–0x3F all but `# % . / ; ?`; of 0x40–0x7E all but the capitals and `\`.
        byte < 64
            ? (0x77FF_3FD6_0000_0000 as UInt64) &>> UInt64(byte) & 1 == 1
            : byte < 127 && (0x7FFF_FFFF_E800_0001 as UInt64) &>> UInt64(byte &- 64) & 1 == 1
    }

    private static func decodeUnreserved(
        _ path: Span<UInt8>,
        into storage: inout [UInt8]
    ) throws(TargetFailure) {
        var index = 0
        while index < path.count {
            let byte = path[index]
            guard byte == UInt8(ascii: "%") else {
                storage.append(byte)
                index &+= 1
                continue
            }
            guard index &+ 2 < path.count, let high = path[index &+ 1].hexadecimalValue,
                let low = path[index &+ 2].hexadecimalValue
            else { throw .malformedEscape }
            let value = high &<< 4 | low
            guard value >= 0x20, value != 0x7F else { throw .escapedControl }
            PercentEncoding.append(value, to: &storage)
            index &+= 3
        }
    }
}

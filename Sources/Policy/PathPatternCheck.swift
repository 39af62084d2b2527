import Bytes
import HTTPCore

/// One route's path, checked: what it is looked up by.
struct PathKey: Hashable {
    enum Kind: Hashable {
        case exact, prefix
        /// PCRE2 source; the key is the prefix beside it.
        case pattern(String)
    }

    var kind: Kind
    /// As written, without a final slash; the prefix `/` is empty.
    var bytes: [UInt8]

    /// The key of readings without case. A pattern's letters mean what they mean.
    var folded: PathKey { PathKey(kind: kind, bytes: bytes.map(\.lowercased)) }
}

/// Why a path cannot be a route's.
struct PathPatternFailure: Error {
    var message: String
    var remedy: String
}

extension PathKey {
    /// Checks that requests can meet the path, and in one reading only, letter case apart.
    init(_ path: PathPattern) throws(PathPatternFailure) {
        switch path {
        case .exact(let text):
            kind = .exact
            bytes = try PathKey.check(text)
        case .prefix(let text):
            kind = .prefix
            bytes = try PathKey.check(text)
        case .pattern(let source, let prefix):
            kind = .pattern(source)
            bytes = try PathKey.check(prefix)
        }
        if kind != .exact, bytes == [UInt8(ascii: "/")] { bytes = [] }
    }

    /// - Returns: the path without its final slash.
    private static func check(_ text: String) throws(PathPatternFailure) -> [UInt8] {
        var bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "/") else {
            throw PathPatternFailure(
                message: "path \"\(text)\" does not begin with a slash",
                remedy: "write \"/\(text)\""
            )
        }
        let slash = UInt8(ascii: "/")
        if bytes.count > 1, bytes.last == slash, bytes[bytes.count - 2] != slash {
            bytes.removeLast()
        }
        var target = RequestTarget()
        do {
            try target.read(path: bytes.span)
        } catch {
            throw PathPatternFailure(
                message: "path \"\(text)\" meets no request: \(explanation(error))",
                remedy: "write the path as requests are read: without escapes and dot segments"
            )
        }
        guard target.query.isEmpty else {
            throw PathPatternFailure(
                message: "path \"\(text)\" has a query, which is never matched",
                remedy: "write only what stands before the \"?\""
            )
        }
        try checkReadings(of: target, against: bytes, text: text)
        return bytes
    }

    private static func checkReadings(
        of target: borrowing RequestTarget,
        against bytes: [UInt8],
        text: String
    ) throws(PathPatternFailure) {
        let canonical = target.path
        guard canonical.equals(bytes.span) else {
            throw PathPatternFailure(
                message: "path \"\(text)\" has escapes of plain characters",
                remedy: "write \"\(canonical.text)\""
            )
        }
        let folded = bytes.map(\.lowercased)
        for index in 0..<target.readings.count {
            let reading = target.readings[index]
            let expected = target.readings.isFolded(index) ? folded : bytes
            guard reading.equals(expected.span) else {
                throw PathPatternFailure(
                    message: "path \"\(text)\" can be read in more than one way",
                    remedy:
                        "write it without \"%\", \";\", \"//\", and dots before a slash or the end"
                )
            }
        }
    }

    private static func explanation(_ failure: TargetFailure) -> String {
        switch failure {
        case .malformedEscape: "a \"%\" begins no escape"
        case .escapedControl: "a control byte is escaped"
        case .overlongUTF8: "an escaped character is longer than it need be"
        case .nestedEscapes: "escapes are nested"
        case .dotSegment: "it has a dot segment"
        default: "it holds a space, a control byte, \"\\\", \"#\", or a byte that must be escaped"
        }
    }
}

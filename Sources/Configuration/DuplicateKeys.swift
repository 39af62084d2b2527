import Bytes

/// Finds the second of two equal keys in YAML text.
///
/// Yams stops at the first mapping with two equal keys and tells where the first of them stands. To
/// report the second, and to read on, its place is found by layout and its name is replaced by one
/// that stands for nothing and is as long.
enum DuplicateKeys {
    /// Files with more are reported up to this one.
    static let maximum = 50

    /// From the private use area: in no name, and one scalar as the character it replaces.
    private static let firstMarker: UInt32 = 0xE000
    private static let lastMarker: UInt32 = 0xF8FF

    static func isRenamed(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first else { return false }
        return first.value >= firstMarker && first.value <= lastMarker
    }

    /// Renames the key that repeats the one at `first`, and returns its place; nil = not found.
    static func rename(
        _ name: String,
        first: SourcePosition,
        in text: inout String
    ) -> SourcePosition? {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { Array($0) }
        let key = Array(name.unicodeScalars)
        guard !key.isEmpty, first.line <= lines.count,
            let found = inBlock(key, first, lines) ?? inFlow(key, first, lines),
            let marker = unusedMarker(in: text)
        else { return nil }
        var start = found.column - 1
        if ["\"", "'"].contains(lines[found.line - 1][start]) { start += 1 }
        lines[found.line - 1][start] = marker
        text = lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
        return found
    }

    /// The key in the same column of a later line, with nothing further left in between.
    private static func inBlock(
        _ key: [Unicode.Scalar],
        _ first: SourcePosition,
        _ lines: [[Unicode.Scalar]]
    )
        -> SourcePosition?
    {
        for number in first.line..<lines.count {
            let line = lines[number]
            guard let start = line.firstIndex(where: { $0 != " " }), line[start] != "#" else {
                continue
            }
            if start < first.column - 1 { return nil }
            if start == first.column - 1, begins(key, line[start...]) {
                return SourcePosition(file: first.file, line: number + 1, column: start + 1)
            }
        }
        return nil
    }

    /// The key later between the same braces.
    private static func inFlow(
        _ key: [Unicode.Scalar],
        _ first: SourcePosition,
        _ lines: [[Unicode.Scalar]]
    )
        -> SourcePosition?
    {
        var depth = 0
        for number in (first.line - 1)..<lines.count {
            let line = lines[number]
            var index = number == first.line - 1 ? first.column - 1 + key.count : 0
            while index < line.count {
                switch line[index] {
                case "{", "[": depth += 1
                case "}", "]": depth -= 1
                case "#" where index > 0 && line[index - 1] == " ": index = line.count - 1
                case _ where depth == 0 && isStart(line, index) && begins(key, line[index...]):
                    return SourcePosition(file: first.file, line: number + 1, column: index + 1)
                default: break
                }
                if depth < 0 { return nil }
                index += 1
            }
        }
        return nil
    }

    /// Whether a key may begin here: after a space, a brace, a comma or nothing.
    private static func isStart(_ line: [Unicode.Scalar], _ index: Int) -> Bool {
        index == 0 || [" ", "{", ","].contains(line[index - 1])
    }

    /// Whether the line goes on with the key, quoted or not, and its colon.
    private static func begins(_ key: [Unicode.Scalar], _ line: ArraySlice<Unicode.Scalar>) -> Bool
    {
        var rest = line
        let quote = rest.first.flatMap { ["\"", "'"].contains($0) ? $0 : nil }
        if quote != nil { rest = rest.dropFirst() }
        guard rest.starts(with: key) else { return false }
        rest = rest.dropFirst(key.count)
        if let quote {
            guard rest.first == quote else { return false }
            rest = rest.dropFirst()
        }
        return rest.drop { $0 == " " }.first == ":"
    }

    private static func unusedMarker(in text: String) -> Unicode.Scalar? {
        let used = Set(text.unicodeScalars.lazy.map(\.value).filter { $0 >= firstMarker })
        let free = (firstMarker...lastMarker).first { !used.contains($0) }
        return free.flatMap { Unicode.Scalar($0) }
    }
}

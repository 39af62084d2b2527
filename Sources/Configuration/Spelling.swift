/// "Did you mean": the known name nearest to one that is not known.
enum Spelling {
    /// The nearest of `known` if it is near enough to be what was meant.
    static func nearest(to name: String, among known: [String]) -> String? {
        let wanted = Array(name.lowercased().utf8.prefix(64))
        let allowed = max(1, wanted.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in known {
            let distance = distance(wanted, Array(candidate.lowercased().utf8))
            if distance <= allowed, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    /// `did you mean …?` when there is a near one, else all that is known.
    static func remedy(for name: String, among known: [String], called what: String) -> String {
        if let meant = nearest(to: name, among: known) { return "did you mean `\(meant)`?" }
        let list = known.map { "`\($0)`" }.joined(separator: ", ")
        return known.isEmpty ? "there are no \(what)" : "the \(what) are \(list)"
    }

    /// Edits (insert, delete, replace, swap of neighbours) that make one of the other.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var least = previous[column] + (byte == other ? 0 : 1)
                least = min(least, previous[column + 1] + 1, current[column] + 1)
                let isSwap =
                    row > 0 && column > 0 && byte == right[column - 1] && left[row - 1] == other
                if isSwap { least = min(least, beforePrevious[column - 1] + 1) }
                current.append(least)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}

import Bytes
import Patterns

/// What a path meets in one class of hosts.
enum PathOutcome: Equatable {
    /// Index of a group of routes: those with one host class and one path.
    case group(Int)
    case none
    case patternLimit
}

/// The paths of all routes, by host class, each as written and in lower case.
///
/// A prefix is kept without a final slash, so `/` is empty; it is looked up at every slash of a
/// path and at its end. The longest one found is tried first, then those that are its prefixes.
struct PathIndex: ~Copyable {
    /// What hangs on one exact path or prefix.
    struct Entry {
        /// Group of routes for exactly this path; -1 = none.
        var exact = -1
        /// Group of routes for this prefix; -1 = none.
        var prefix = -1
        /// Patterns written beside this prefix, in the order of the file: in `patterns`.
        var patterns: Range<Int> = 0..<0
        /// The longest entry that is a prefix of this one; -1 = none.
        var parent = -1
    }

    /// One compiled pattern; the caseless twin is used for readings without case.
    struct PatternReference {
        var written: Int
        var folded: Int
        var group: Int
    }

    private let table: KeyTable
    private let entries: [Entry]
    private let references: [PatternReference]
    private let compiled: PatternList
    /// Whether a path without capitals may meet one group as written and another without case.
    let distinguishesCase: Bool

    init(
        table: KeyTable,
        entries: [Entry],
        references: [PatternReference],
        compiled: consuming PatternList,
        distinguishesCase: Bool
    ) {
        self.table = table
        self.entries = entries
        self.references = references
        self.compiled = compiled
        self.distinguishesCase = distinguishesCase
    }

    /// The tag of one host class's entries in the table.
    static func tag(hostClass: Int, isFolded: Bool) -> UInt32 {
        UInt32(truncatingIfNeeded: hostClass) &* 2 &+ (isFolded ? 1 : 0)
    }

    /// What a path meets in one host class; `isFolded` when it is in lower case, and patterns are
    /// to be too.
    func find(_ path: Span<UInt8>, hostClass: Int, isFolded: Bool) -> PathOutcome {
        let tag = PathIndex.tag(hostClass: hostClass, isFolded: isFolded)
        var (index, isWhole) = longest(path, tag: tag)
        while index >= 0 {
            let entry = entries[index]
            if isWhole, entry.exact >= 0 { return .group(entry.exact) }
            isWhole = false
            for pattern in entry.patterns {
                let reference = references[pattern]
                let code = isFolded ? reference.folded : reference.written
                switch compiled.match(code, path) {
                case .matched: return .group(reference.group)
                case .noMatch: continue
                case .limitReached: return .patternLimit
                }
            }
            if entry.prefix >= 0 { return .group(entry.prefix) }
            index = entry.parent
        }
        return .none
    }

    /// The longest entry that is the path or ends before one of its slashes.
    private func longest(_ path: Span<UInt8>, tag: UInt32) -> (index: Int, isWhole: Bool) {
        var best = -1
        var hash = RunningHash()
        let end = min(path.count, table.maximumCount &+ 1)
        var index = 0
        while index < end {
            if path[index] == UInt8(ascii: "/") {
                let found = table.find(hash, tag: tag, key: 0..<index, in: path)
                if found >= 0 { best = found }
            }
            hash.add(path[index])
            index &+= 1
        }
        guard end == path.count else { return (best, false) }
        let found = table.find(hash, tag: tag, key: 0..<end, in: path)
        return found >= 0 ? (found, true) : (best, false)
    }
}

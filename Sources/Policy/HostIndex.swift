import Bytes

/// Which classes of routes a host meets, one after the other: its own name's, those of the
/// wildcards that match it from the longest to the shortest, that of any host.
struct HostIndex {
    /// The class of routes without hosts.
    static let any = 0

    private enum Tag {
        static let exact: UInt32 = 0
        static let wildcard: UInt32 = 1
    }

    private var table = KeyTable()
    /// By class: the pattern it stands for, nil for any host.
    private var patterns: [HostPattern?] = [nil]
    /// By class: the next less specific one; -1 = none.
    private var following: [Int] = [-1]
    private var hasWildcards = false

    /// How many classes there are.
    var count: Int { patterns.count }

    /// The class of a pattern in canonical form, made when there is none.
    mutating func insert(_ pattern: HostPattern) -> Int {
        if let known = patterns.firstIndex(of: pattern) { return known }
        let index = patterns.count
        patterns.append(pattern)
        switch pattern {
        case .exact(let name):
            table.insertReversed(Array(name.utf8), tag: Tag.exact, value: index)
        case .wildcard(let base):
            table.insertReversed(Array(base.utf8), tag: Tag.wildcard, value: index)
            hasWildcards = true
        }
        return index
    }

    /// Finds each class's next one; call it when all patterns are in.
    mutating func link() {
        following = patterns.map { pattern in
            switch pattern {
            case nil: -1
            case .exact(let name): longestWildcard(of: Array(name.utf8).span)
            case .wildcard(let base): longestWildcard(of: Array(base.utf8).span)
            }
        }
    }

    private func longestWildcard(of name: Span<UInt8>) -> Int {
        find(name, findsExact: false)
    }

    /// The most specific class of a host in canonical form; empty = no host.
    func find(_ host: Span<UInt8>) -> Int {
        find(host, findsExact: true)
    }

    /// The next less specific class; -1 = none.
    func next(after index: Int) -> Int { following[index] }

    /// From the last byte to the first, so that one pass meets every suffix.
    private func find(_ host: Span<UInt8>, findsExact: Bool) -> Int {
        guard !table.isEmpty else { return HostIndex.any }
        var best = HostIndex.any
        var hash = RunningHash()
        var index = host.count &- 1
        while index >= 0 {
            if hasWildcards, host[index] == UInt8(ascii: ".") {
                let suffix = (index &+ 1)..<host.count
                let found = table.find(hash, tag: Tag.wildcard, key: suffix, in: host)
                if found >= 0 { best = found }
            }
            hash.add(host[index])
            index &-= 1
        }
        guard findsExact else { return best }
        let found = table.find(hash, tag: Tag.exact, key: 0..<host.count, in: host)
        return found >= 0 ? found : best
    }
}

import Bytes
import HTTPCore
import Patterns

/// Makes the tables of `RouteTable` out of options, and collects all that is wrong with them.
struct RouteCompiler: ~Copyable {
    /// One host class and one path.
    private struct GroupKey: Hashable {
        var hostClass: Int
        var path: PathKey
    }

    /// One prefix or exact path of one host class; `isFolded` as in `PathIndex.tag`.
    private struct EntryKey: Hashable {
        var hostClass: Int
        var isFolded: Bool
        var bytes: [UInt8]
    }

    private struct EntryDraft {
        var exact = -1
        var prefix = -1
        var patterns: [PathIndex.PatternReference] = []
    }

    private let routes: [RouteOptions]
    private(set) var problems: [RouteProblem] = []
    private(set) var hosts = HostIndex()
    private(set) var groups = RouteGroups()
    /// By route: bytes that `strip_prefix` cuts.
    private(set) var strippedCounts: [Int] = []
    private var groupsByKey: [GroupKey: Int] = [:]
    /// By group: its routes.
    private var members: [[Int]] = []
    private var entries: [EntryKey: EntryDraft] = [:]
    /// In the order they were made, so that compiling is repeatable.
    private var entryOrder: [EntryKey] = []
    private var compiled = PatternList()
    private var compiledBySource: [String: (written: Int, folded: Int)] = [:]
    private var conflicts: Set<[Int]> = []
    private var distinguishesCase = false

    init(_ routes: [RouteOptions]) {
        self.routes = routes
        for index in routes.indices { add(index) }
        hosts.link()
    }

    private mutating func add(_ index: Int) {
        let route = routes[index]
        problems += RouteChecks.problems(of: route)
        strippedCounts.append(0)
        let path: PathKey
        do {
            path = try PathKey(route.path)
        } catch {
            problems.append(
                RouteProblem(
                    position: route.pathPosition,
                    message: error.message,
                    remedy: error.remedy
                )
            )
            return
        }
        if route.stripsPrefix { strippedCounts[index] = path.bytes.count }
        if path.bytes != path.folded.bytes { distinguishesCase = true }
        var pattern: (written: Int, folded: Int)?
        if case .pattern(let source) = path.kind {
            pattern = compile(source, position: route.pathPosition)
            if pattern == nil { return }
        }
        for hostClass in hostClasses(of: route) {
            add(index, path: path, pattern: pattern, hostClass: hostClass)
        }
    }

    /// Classes of a route's hosts, each once.
    private mutating func hostClasses(of route: RouteOptions) -> [Int] {
        guard !route.hosts.isEmpty else { return [HostIndex.any] }
        var classes: [Int] = []
        for host in route.hosts {
            guard let canonical = RouteChecks.canonical(host) else { continue }
            let hostClass = hosts.insert(canonical)
            if !classes.contains(hostClass) { classes.append(hostClass) }
        }
        return classes
    }

    private mutating func add(
        _ index: Int,
        path: PathKey,
        pattern: (written: Int, folded: Int)?,
        hostClass: Int
    ) {
        let key = GroupKey(hostClass: hostClass, path: path.folded)
        if let group = groupsByKey[key] {
            if isFree(index, in: group) {
                groups.insert(index, methods: RouteChecks.methods(of: routes[index]), into: group)
            }
            members[group].append(index)
            return
        }
        let group = groups.append()
        groupsByKey[key] = group
        members.append([index])
        groups.insert(index, methods: RouteChecks.methods(of: routes[index]), into: group)
        for isFolded in [false, true] {
            let bytes = isFolded ? path.folded.bytes : path.bytes
            hang(
                group,
                kind: path.kind,
                pattern: pattern,
                on: EntryKey(hostClass: hostClass, isFolded: isFolded, bytes: bytes)
            )
        }
    }

    private mutating func hang(
        _ group: Int,
        kind: PathKey.Kind,
        pattern: (written: Int, folded: Int)?,
        on key: EntryKey
    ) {
        if entries[key] == nil { entryOrder.append(key) }
        var entry = entries[key] ?? EntryDraft()
        switch kind {
        case .exact: entry.exact = group
        case .prefix: entry.prefix = group
        case .pattern:
            guard let pattern else { return }
            entry.patterns.append(
                PathIndex.PatternReference(
                    written: pattern.written,
                    folded: pattern.folded,
                    group: group
                )
            )
        }
        entries[key] = entry
    }
}

extension RouteCompiler {
    /// Whether no route of the group has this one's methods and its path's spelling.
    private mutating func isFree(_ index: Int, in group: Int) -> Bool {
        for other in members[group] {
            guard let message = RouteChecks.conflict(of: routes[index], with: routes[other]) else {
                continue
            }
            if conflicts.insert([other, index]).inserted {
                problems.append(
                    RouteProblem(
                        position: routes[index].position,
                        message: "\(message) at \(routes[other].position)",
                        remedy: "give one of the two another host, path or method, or remove it"
                    )
                )
            }
            return false
        }
        return true
    }

    private mutating func compile(
        _ source: String,
        position: SourcePosition
    ) -> (written: Int, folded: Int)? {
        if let known = compiledBySource[source] { return known }
        if !PatternCase.isNeutral(source) { distinguishesCase = true }
        do {
            let written = try compiled.append(source, caseless: false)
            let folded = try compiled.append(source, caseless: true)
            compiledBySource[source] = (written, folded)
            return (written, folded)
        } catch {
            problems.append(
                RouteProblem(
                    position: position,
                    message:
                        "path_regex does not compile: \(error.message) at byte \(error.offset)",
                    remedy: "write a PCRE2 pattern; it is anchored at both ends"
                )
            )
            return nil
        }
    }

    /// The paths of all routes, ready for matching.
    consuming func makePathIndex() -> PathIndex {
        var table = KeyTable()
        var finished: [PathIndex.Entry] = []
        var references: [PathIndex.PatternReference] = []
        var places: [EntryKey: Int] = [:]
        for (index, key) in entryOrder.enumerated() { places[key] = index }
        for (index, key) in entryOrder.enumerated() {
            let draft = entries[key] ?? EntryDraft()
            let start = references.count
            references += draft.patterns
            finished.append(
                PathIndex.Entry(
                    exact: draft.exact,
                    prefix: draft.prefix,
                    patterns: start..<references.count,
                    parent: RouteCompiler.parent(of: key, in: places)
                )
            )
            let tag = PathIndex.tag(hostClass: key.hostClass, isFolded: key.isFolded)
            table.insert(key.bytes, tag: tag, value: index)
        }
        return PathIndex(
            table: table,
            entries: finished,
            references: references,
            compiled: compiled,
            distinguishesCase: distinguishesCase
        )
    }

    /// The entry of the longest prefix that ends before a slash.
    private static func parent(of key: EntryKey, in places: [EntryKey: Int]) -> Int {
        for end in key.bytes.indices.reversed() where key.bytes[end] == UInt8(ascii: "/") {
            var shorter = key
            shorter.bytes = Array(key.bytes[..<end])
            if let place = places[shorter] { return place }
        }
        return -1
    }
}

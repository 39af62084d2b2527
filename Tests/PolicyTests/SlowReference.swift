import Policy

/// The rules of matching once more, slowly and by other means: every reading that any order of
/// steps leads to, and every route looked at. What the gateway accepts must hold here too.
enum SlowReference {
    struct Reading: Hashable {
        var path: [UInt8]
        var isFolded: Bool
        var rounds: Int
    }

    private static let slash = UInt8(ascii: "/")

    /// The canonical path; nil when it is refused.
    static func canonical(_ path: [UInt8]) -> [UInt8]? {
        guard path.first == slash, path.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !path.contains(UInt8(ascii: "\\")), !path.contains(UInt8(ascii: "#"))
        else { return nil }
        let hexadecimal = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        var rest = path[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let value = value(of: rest.prefix(2)) else { return nil }
            rest = rest.dropFirst(2)
            let text = String(decoding: [value], as: UTF8.self)
            if value < 0x80,
                text.first?.isLetter == true || text.first?.isNumber == true
                    || "-._~".contains(text)
            {
                result.append(value)
            } else {
                result += [byte, hexadecimal[Int(value / 16)], hexadecimal[Int(value % 16)]]
            }
        }
        return result
    }

    private static func value(of digits: ArraySlice<UInt8>) -> UInt8? {
        guard digits.count == 2, digits.allSatisfy({ $0 != 0x2B && $0 != 0x2D }) else { return nil }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    /// Every reading that some order of steps leads to; nil when one of them is refused.
    static func readings(_ canonical: [UInt8]) -> Set<Reading>? {
        var known: Set<Reading> = []
        var waiting = [Reading(path: canonical, isFolded: false, rounds: 0)]
        while let reading = waiting.popLast() {
            guard known.insert(reading).inserted else { continue }
            if hasDotSegment(reading.path) { return nil }
            for path in [
                slashes(reading.path), end(reading.path), parameters(reading.path),
                trailing(reading.path), merged(reading.path), final(reading.path),
                withoutAuthority(reading.path),
            ] {
                waiting.append(
                    Reading(path: path, isFolded: reading.isFolded, rounds: reading.rounds)
                )
            }
            let lower = Array(
                String(
                    decoding: reading.path.map { $0 | ($0 > 64 && $0 < 91 ? 32 : 0) },
                    as: Unicode.ASCII.self
                ).utf8
            )
            if reading.path.allSatisfy({ $0 < 0x80 }) {
                waiting.append(Reading(path: lower, isFolded: true, rounds: reading.rounds))
            }
            guard let decoded = decode(reading.path) else { return nil }
            guard decoded != reading.path else { continue }
            guard reading.rounds < 3 else { return nil }
            waiting.append(
                Reading(path: decoded, isFolded: reading.isFolded, rounds: reading.rounds + 1)
            )
        }
        return known
    }

    /// One round; nil when it meets what is refused. The paths of these tests hold no other
    /// overlong sequences than those that begin with 0xC0.
    private static func decode(_ path: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = path[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = value(of: rest.prefix(2)) {
                if value < 0x20 || value == 0x7F || value == 0xC0 { return nil }
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func replacing(
        _ path: [UInt8],
        _ escapes: [String],
        with text: String
    ) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < path.count {
            let here = String(decoding: path[index..<min(index + 3, path.count)], as: UTF8.self)
            if let escape = escapes.first(where: { here.uppercased().hasPrefix($0) }) {
                result += Array(text.utf8)
                index += escape.utf8.count
            } else {
                result.append(path[index])
                index += 1
            }
        }
        return result
    }

    private static func slashes(_ path: [UInt8]) -> [UInt8] {
        replacing(path, ["%2F", "%5C", "\\"], with: "/")
    }

    /// What follows the authority, where the path begins with two slashes.
    private static func withoutAuthority(_ path: [UInt8]) -> [UInt8] {
        let isSlash: (UInt8) -> Bool = { $0 == slash || $0 == UInt8(ascii: "\\") }
        guard path.count > 1, isSlash(path[1]) else { return path }
        let rest = path.drop(while: isSlash).drop { !isSlash($0) }
        return [slash] + rest.dropFirst()
    }

    private static func end(_ path: [UInt8]) -> [UInt8] {
        var index = 0
        while index < path.count {
            let here = String(decoding: path[index..<min(index + 3, path.count)], as: UTF8.self)
            let upper = here.uppercased()
            if ["%3F", "%23", "?", "#"].contains(where: upper.hasPrefix) { break }
            index += 1
        }
        return Array(path[..<index])
    }

    private static func segments(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: slash, omittingEmptySubsequences: false).map(Array.init)
    }

    private static func joined(_ segments: [[UInt8]]) -> [UInt8] {
        Array(segments.joined(separator: [slash]))
    }

    private static func parameters(_ path: [UInt8]) -> [UInt8] {
        joined(
            segments(path).map { segment in
                var index = 0
                while index < segment.count {
                    let here = segment[index..<min(index + 3, segment.count)]
                    let text = String(decoding: here, as: UTF8.self).uppercased()
                    if text.hasPrefix(";") || text == "%3B" { break }
                    index += 1
                }
                return Array(segment[..<index])
            }
        )
    }

    private static func trailing(_ path: [UInt8]) -> [UInt8] {
        joined(
            segments(path).map { segment in
                var segment = segment
                while true {
                    if let last = segment.last,
                        last == UInt8(ascii: ".") || last == UInt8(ascii: " ")
                    {
                        segment.removeLast()
                    } else if segment.suffix(3) == Array("%20".utf8)[...] {
                        segment.removeLast(3)
                    } else {
                        return segment
                    }
                }
            }
        )
    }

    private static func merged(_ path: [UInt8]) -> [UInt8] {
        let parts = segments(path)
        let kept = parts.enumerated().filter { index, part in
            !part.isEmpty || index == 0 || index == parts.count - 1
        }
        return joined(kept.map(\.element))
    }

    private static func final(_ path: [UInt8]) -> [UInt8] {
        path.count > 1 && path.last == slash ? Array(path.dropLast()) : path
    }

    /// One or two dots, then nothing or a space that only spaces and dots follow.
    private static func hasDotSegment(_ path: [UInt8]) -> Bool {
        segments(path).contains { segment in
            let rest = segment.drop { $0 == UInt8(ascii: ".") }
            let dots = segment.count - rest.count
            return (1...2).contains(dots)
                && rest.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ".") }
        }
    }
}

extension SlowReference {
    /// The route that one reading meets; routes have no patterns and no methods here.
    static func route(_ reading: Reading, host: String, in routes: [RouteOptions]) -> Int? {
        let matching = routes.indices.filter { index in
            rank(host, routes[index]) != nil && length(reading, routes[index].path) != nil
        }
        return matching.max { left, right in
            let hosts = (rank(host, routes[left]) ?? 0, rank(host, routes[right]) ?? 0)
            if hosts.0 != hosts.1 { return hosts.0 < hosts.1 }
            return length(reading, routes[left].path) ?? 0 < length(reading, routes[right].path)
                ?? 0
        }
    }

    /// How specific a route's hosts are to this one; nil = they do not match.
    private static func rank(_ host: String, _ route: RouteOptions) -> Int? {
        guard !route.hosts.isEmpty else { return 0 }
        return route.hosts.compactMap { pattern in
            switch pattern {
            case .exact(let name): name == host ? 1000 : nil
            case .wildcard(let base): host.hasSuffix("." + base) ? base.utf8.count : nil
            }
        }.max()
    }

    /// How specific a path is to this reading; nil = it does not match.
    private static func length(_ reading: Reading, _ pattern: PathPattern) -> Int? {
        let fold = { (text: String) in reading.isFolded ? text.lowercased() : text }
        switch pattern {
        case .exact(let text): return reading.path == Array(fold(text).utf8) ? 10_000 : nil
        case .prefix(let text):
            let path = segments(reading.path)
            let prefix = text == "/" ? [[]] : segments(Array(fold(text).utf8))
            return path.starts(with: prefix) ? prefix.count : nil
        case .pattern: return nil
        }
    }
}

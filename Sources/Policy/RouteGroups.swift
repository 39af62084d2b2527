import Bytes
import HTTPCore

/// Groups of routes that differ in their methods only: those of one host class and one path.
struct RouteGroups {
    private struct NamedMethod {
        var group: Int
        var name: [UInt8]
        var route: Int
    }

    private static let methods = Method.allCases.count

    /// By group and method: the route, -1 = none. Methods without a case of their own are in
    /// `named`.
    private var routes: [Int] = []
    /// By group: the route for any other method, -1 = none.
    private var fallbacks: [Int] = []
    private var named: [NamedMethod] = []
    /// By group: the value of `Allow`.
    private var allowed: [[UInt8]] = []

    /// Makes an empty group.
    mutating func append() -> Int {
        routes += [Int](repeating: -1, count: RouteGroups.methods)
        fallbacks.append(-1)
        allowed.append([])
        return fallbacks.count - 1
    }

    /// Adds a route for the methods named; none = for all that no other route names.
    mutating func insert(_ route: Int, methods: [String], into group: Int) {
        if methods.isEmpty { fallbacks[group] = route }
        for method in methods {
            let name = Array(method.utf8)
            let known = Method.lookup(name.span)
            if known == .other {
                named.append(NamedMethod(group: group, name: name, route: route))
            } else {
                routes[group * RouteGroups.methods + Int(known.rawValue)] = route
            }
            if !allowed[group].isEmpty { allowed[group] += Array(", ".utf8) }
            allowed[group] += name
        }
    }

    /// - Returns: -1 when the group has no route for the method.
    func route(_ group: Int, method: Method, name: Span<UInt8>) -> Int {
        if method != .other {
            let route = routes[group &* RouteGroups.methods &+ Int(method.rawValue)]
            return route >= 0 ? route : fallbacks[group]
        }
        for candidate in named where candidate.group == group {
            let bytes = candidate.name.span
            if bytes.equals(name) { return candidate.route }
        }
        return fallbacks[group]
    }

    /// Appends the methods that have a route: `GET, POST`.
    func appendAllow(_ group: Int, to buffer: inout Buffer) {
        let value = allowed[group]
        buffer.append(value.span)
    }
}

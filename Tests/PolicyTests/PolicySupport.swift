import Bytes
import HTTPCore
import Policy

/// A route in one line; its name is what tests expect.
func route(
    _ name: String,
    _ path: PathPattern,
    hosts: [HostPattern] = [],
    methods: [String] = [],
    session: SessionRule = .required,
    strips: Bool = false,
    upstream: Int = 0
) -> RouteOptions {
    let line = name.utf8.reduce(0) { $0 * 31 % 997 + Int($1) }
    var route = RouteOptions(
        name: name,
        position: SourcePosition(file: "test.yaml", line: line, column: 5),
        path: path,
        action: .forward(upstream: upstream)
    )
    route.hosts = hosts
    route.methods = methods
    route.session = session
    route.stripsPrefix = strips
    return route
}

/// What a request met, in words.
enum Met: Equatable, CustomStringConvertible {
    case route(String)
    case noRoute
    case methodNotAllowed(allow: String)
    case ambiguous
    case patternLimit
    case refused(TargetFailure)

    var description: String {
        switch self {
        case .route(let name): name
        case .noRoute: "404"
        case .methodNotAllowed(let allow): "405 \(allow)"
        case .ambiguous: "ambiguous"
        case .patternLimit: "pattern limit"
        case .refused(let failure): "refused: \(failure.detail)"
        }
    }

    /// Whether the answer is 400 with the detail `ambiguous_path`.
    var isAmbiguousPath: Bool {
        switch self {
        case .ambiguous: true
        case .refused(let failure): "\(failure.detail)" == "ambiguous_path"
        default: false
        }
    }

    var isBadRequest: Bool {
        switch self {
        case .ambiguous, .patternLimit, .refused: true
        case .route, .noRoute, .methodNotAllowed: false
        }
    }
}

/// Reads one request's target; an empty host stands for HTTP/1.0 without one.
@discardableResult
func readTarget(_ path: [UInt8], host: String) throws(TargetFailure) -> RequestTarget {
    var head = RequestHead()
    let host = Array(host.utf8)
    head.target = ByteRange(0..<path.count)
    if host.isEmpty {
        head.version = .http10
    } else {
        head.fields.append(
            FieldLine(
                name: .empty,
                value: ByteRange(path.count..<path.count + host.count),
                id: .host,
                isAlias: false
            )
        )
    }
    var target = RequestTarget()
    let bytes = path + host
    try target.read(head, in: bytes.span)
    return target
}

extension RouteTable {
    borrowing func met(_ path: String, host: String = "h", method: String = "GET") -> Met {
        met(Array(path.utf8), host: host, method: method)
    }

    borrowing func met(_ path: [UInt8], host: String = "h", method: String = "GET") -> Met {
        let target: RequestTarget
        do {
            target = try readTarget(path, host: host)
        } catch {
            return .refused(error)
        }
        let name = Array(method.utf8)
        switch match(target, method: Method.lookup(name.span), methodName: name.span) {
        case .route(let index): return .route(self.name(index))
        case .noRoute: return .noRoute
        case .ambiguous: return .ambiguous
        case .patternLimit: return .patternLimit
        case .methodNotAllowed(let id):
            var buffer = Buffer(capacity: 256)
            appendAllow(id, to: &buffer)
            return .methodNotAllowed(allow: buffer.readable.text)
        }
    }

    /// The path that is forwarded.
    borrowing func forwarded(_ path: String) throws(TargetFailure) -> String {
        let target = try readTarget(Array(path.utf8), host: "h")
        let name = Array("GET".utf8)
        guard case .route(let index) = match(target, method: .get, methodName: name.span) else {
            return "not routed"
        }
        var buffer = Buffer(capacity: path.utf8.count + 1)
        try appendForwardedPath(route: index, target: target, to: &buffer)
        return buffer.readable.text
    }
}

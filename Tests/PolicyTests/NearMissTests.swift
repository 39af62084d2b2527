import Bytes
import HTTPCore
import Policy
import Testing

/// Routes that a request nearly meets, each by the matcher itself.
@Suite struct NearMissTests {
    private static func route(
        _ path: PathPattern,
        _ change: (inout RouteOptions) -> Void = { _ in }
    ) -> RouteOptions {
        var route = RouteOptions(
            name: "r",
            position: .init(file: "f", line: 1, column: 1),
            path: path,
            action: .forward(upstream: 0)
        )
        change(&route)
        return route
    }

    private static let routes = [
        route(.prefix("/api")) { $0.methods = ["GET"] },
        route(.prefix("/api")) { $0.hosts = [.exact("a.test")] },
        route(.exact("/api/one")),
        route(.prefix("/")),
        route(.pattern("/api/[0-9]+", prefix: "/api")),
        route(.prefix("/far")),
        route(.prefix("/apix")) { $0.hosts = [.wildcard("b.test")] },
    ]

    private func misses(
        _ path: String,
        host: String = "c.test",
        method: Method = .get,
        matched: Int? = nil,
        among routes: [RouteOptions] = routes
    ) throws -> [String] {
        let text = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n"
        let bytes = Array(text.utf8)
        var head = RequestHead()
        head.method = method
        head.target = .init(4..<4 + path.utf8.count)
        let start = text.utf8.count - 4 - host.utf8.count
        head.fields = [
            FieldLine(
                name: .init(start - 6..<start - 2),
                value: .init(start..<start + host.utf8.count),
                id: .host,
                isAlias: false
            )
        ]
        var target = RequestTarget()
        try target.read(head, in: bytes.span)
        let name = Array("\(method.name)".utf8)
        return NearMiss.find(
            among: routes,
            target: target,
            method: method,
            methodName: name.span,
            matched: matched
        ).map { "\($0.route) \($0.cause)" }
    }

    @Test func fromTheNearestToTheFarthest() throws {
        #expect(
            try misses("/api/two", method: .post, matched: 3) == [
                "0 method", "1 host", "2 path", "4 path",
            ]
        )
        #expect(
            try misses("/api/7", matched: 4) == [
                "1 host", "2 path", "0 lessSpecific", "3 lessSpecific",
            ]
        )
        #expect(try misses("/far/x", matched: 5) == ["3 lessSpecific"])
        #expect(try misses("/else", matched: 3) == [])
    }

    @Test func pathsThatResembleOnlyOnTheirHost() throws {
        let onHost = try misses("/apixy", host: "x.b.test", matched: 3)
        #expect(onHost.contains("6 path"))
        let elsewhere = try misses("/apixy", matched: 3)
        #expect(!elsewhere.contains("6 path"))
    }

    @Test func areBounded() throws {
        let many = (0..<9).map { index in
            Self.route(.exact("/api/\(index)")) { $0.methods = ["GET"] }
        }
        #expect(try misses("/api/x", among: many).count == NearMiss.maximum)
    }
}

import Bytes
import HTTPCore
import Policy
import Testing

/// What is refused at load, and what is warned of.
@Suite struct RouteProblemTests {
    private func problems(_ routes: [RouteOptions]) -> [RouteProblem] {
        do {
            let table = try RouteTable(routes)
            _ = table.count
            return []
        } catch {
            return error.problems
        }
    }

    @Test(arguments: [
        [route("a", .prefix("/x")), route("b", .prefix("/x"))],
        [route("a", .prefix("/x")), route("b", .prefix("/x/"))],
        [route("a", .exact("/x")), route("b", .exact("/x"))],
        [route("a", .prefix("/x")), route("b", .prefix("/X"))],
        [route("a", .prefix("/x"), methods: ["GET"]), route("b", .prefix("/X"), methods: ["PUT"])],
        ([
            route("a", .prefix("/x"), methods: ["GET", "PUT"]),
            route("b", .prefix("/x"), methods: ["POST", "PUT"]),
        ]),
        ([
            route("a", .prefix("/x"), hosts: [.exact("a"), .wildcard("b")]),
            route("b", .prefix("/x"), hosts: [.exact("c"), .wildcard("b"), .exact("a")]),
        ]),
        ([
            route("a", .prefix("/x"), hosts: [.exact("A.example.")]),
            route("b", .prefix("/x"), hosts: [.exact("a.example")]),
        ]),
        ([
            route("a", .pattern("/x/.*", prefix: "/")), route("b", .pattern("/x/.*", prefix: "/")),
        ]),
    ])
    func refusesEqualRoutesOnceAndNamesBothLines(_ routes: [RouteOptions]) {
        let found = problems(routes)
        #expect(found.count == 1 && found.first?.position == routes[1].position)
        #expect(found.first?.message.contains("\(routes[0].position)") == true)
    }

    @Test(arguments: [
        [route("a", .prefix("/x")), route("b", .exact("/x"))],
        [route("a", .prefix("/x"), methods: ["GET"]), route("b", .prefix("/x"), methods: ["PUT"])],
        [route("a", .prefix("/x"), methods: ["GET"]), route("b", .prefix("/x"))],
        [route("a", .prefix("/x"), hosts: [.exact("a")]), route("b", .prefix("/x"))],
        ([
            route("a", .prefix("/x"), hosts: [.exact("a.b")]),
            route("b", .prefix("/x"), hosts: [.wildcard("b")]),
        ]),
        ([
            route("a", .pattern("/x/\\d", prefix: "/")),
            route("b", .pattern("/x/\\D", prefix: "/")),
        ]),
        ([
            route("a", .pattern("/.*", prefix: "/x")), route("b", .pattern("/.*", prefix: "/y")),
        ]),
        [route("a", .prefix("/x"), hosts: [.exact("a"), .exact("a"), .exact("A")])],
    ])
    func takesRoutesThatDiffer(_ routes: [RouteOptions]) {
        #expect(problems(routes) == [])
    }

    @Test(arguments: [
        "", "x", "/a b", "/a\u{0}", "/é", "/a\\b", "/a#b", "/a?b", "/a//b", "//", "/a//", "/a;b",
        "/a.",
        "/a./b", "/a/../b", "/.", "/..", "/a%2Fb", "/a%2fb", "/a%20b", "/%61", "/a%", "/a%zz",
        "/a%00",
        "/a%3Bb", "/a/...", "/%C3%A9", "/%c0%ae",
    ])
    func refusesPathsWithSecondReadings(_ path: String) {
        for pattern in [PathPattern.prefix(path), .exact(path), .pattern(".*", prefix: path)] {
            let one = route("a", pattern)
            let found = problems([one])
            #expect(found.count == 1 && found.first?.position == one.pathPosition)
            #expect(found.first?.remedy.isEmpty == false)
        }
    }

    @Test(arguments: [
        "/", "/a", "/a/", "/getJWT", "/A/B", "/.well-known/x", "/v1.0/x", "/a..b", "/~u",
        "/a!$&'()*+,=:@",
    ])
    func takesPathsWithOneReadingButForCase(_ path: String) {
        #expect(problems([route("a", .prefix(path))]) == [])
        #expect(problems([route("a", .exact(path))]) == [])
    }

    @Test func refusesWhatNoRequestCanMeet() {
        var exact = route("exact", .exact("/x"), strips: true)
        exact.stripsPrefix = true
        var open = route("open", .exact("/y"), session: .public)
        open.action = .respondJWT(exposesAccessToken: false)
        var post = route("post", .exact("/z"), methods: ["POST"])
        post.action = .respondJWT(exposesAccessToken: false)
        let routes = [
            exact, open, post,
            route("trace", .prefix("/1"), methods: ["TRACE"]),
            route("connect", .prefix("/2"), methods: ["CONNECT"]),
            route("lower", .prefix("/3"), methods: ["get"]),
            route("list", .prefix("/4"), methods: ["GET,POST"]),
            route("empty", .prefix("/5"), methods: [""]),
            route("port", .prefix("/6"), hosts: [.exact("a:80")]),
            route("star", .prefix("/7"), hosts: [.exact("a.*.b")]),
            route("number", .prefix("/8"), hosts: [.wildcard("0.0.1")]),
            route("brackets", .prefix("/9"), hosts: [.wildcard("[::1]")]),
            route("pattern", .pattern("/(", prefix: "/")),
        ]
        let found = problems(routes)
        #expect(found.map(\.position) == routes.map(\.position))
    }

    @Test func tellsEverythingThatIsWrong() {
        let found = problems([
            route("a", .prefix("x")), route("b", .prefix("/b")), route("c", .prefix("/b")),
            route("d", .pattern("[", prefix: "/")),
        ])
        #expect(found.count == 3)
    }
}

/// Warnings of `check`.
@Suite struct RouteWarningTests {
    private static let host: [HostPattern] = [.exact("app.example.com")]

    @Test(arguments: [
        // Met through any other Host.
        [route("weak", .prefix("/"), session: .public), route("s", .prefix("/a"), hosts: host)],
        [route("weak", .prefix("/a"), session: .public), route("s", .prefix("/a"), hosts: host)],
        ([
            route("weak", .prefix("/a/b"), session: .optional),
            route("s", .prefix("/a"), hosts: host),
        ]),
        ([
            route("weak", .exact("/a/b"), session: .passthrough),
            route("s", .prefix("/"), hosts: host),
        ]),
        ([
            route("weak", .prefix("/"), session: .public),
            route("s", .prefix("/a"), hosts: [.wildcard("b")], session: .optional),
        ]),
        ([
            route("weak", .pattern("/.*", prefix: "/"), session: .public),
            route("s", .pattern("/a/.*", prefix: "/a"), hosts: host),
        ]),
        // What stands between them does not take all methods or all paths.
        ([
            route("weak", .prefix("/"), session: .public), route("s", .prefix("/a"), hosts: host),
            route("some", .prefix("/a"), methods: ["GET"]),
        ]),
        ([
            route("weak", .prefix("/"), session: .public), route("s", .prefix("/a"), hosts: host),
            route("some", .prefix("/a/b")),
        ]),
        // Upstream the paths are the same.
        ([
            route("weak", .prefix("/x"), session: .public, strips: true),
            route("s", .prefix("/a"), hosts: host),
        ]),
    ])
    func warnsOfRoutesThatGuardLess(_ routes: [RouteOptions]) {
        let warnings = RouteTable.warnings(routes)
        #expect(warnings.map(\.position) == [routes[0].position])
        #expect(warnings.first?.message.contains("\(routes[1].position)") == true)
    }

    @Test(arguments: [
        [route("same", .prefix("/")), route("s", .prefix("/a"), hosts: host)],
        ([
            route("other", .prefix("/"), session: .public, upstream: 1),
            route("s", .prefix("/a"), hosts: host),
        ]),
        [route("apart", .prefix("/b"), session: .public), route("s", .prefix("/a"), hosts: host)],
        [route("apart", .prefix("/ab"), session: .public), route("s", .prefix("/a"), hosts: host)],
        [route("apart", .exact("/"), session: .public), route("s", .prefix("/a"), hosts: host)],
        ([
            route("get", .prefix("/"), methods: ["GET"], session: .public),
            route("s", .prefix("/a"), hosts: host, methods: ["POST"]),
        ]),
        // Another route without hosts stands between them.
        ([
            route("all", .prefix("/"), session: .public), route("s", .prefix("/a"), hosts: host),
            route("between", .prefix("/a")),
        ]),
        ([
            route("hosts", .prefix("/"), hosts: [.exact("b")], session: .public),
            route("s", .prefix("/a"), hosts: host),
        ]),
    ])
    func isSilentOtherwise(_ routes: [RouteOptions]) {
        #expect(RouteTable.warnings(routes) == [])
    }

    @Test func warnsOfAnExactPathWithAFinalSlash() {
        #expect(RouteTable.warnings([route("a", .exact("/a/"))]).count == 1)
        #expect(RouteTable.warnings([route("a", .exact("/")), route("b", .prefix("/a/"))]) == [])
    }
}

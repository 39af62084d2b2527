import Bytes
import HTTPCore
import Policy
import Testing

/// "Route: by host, then path, methods last", line by line.
@Suite struct RouteTableTests {
    private static let paths = [
        route("root", .prefix("/")),
        route("a", .prefix("/a")),
        route("ab", .prefix("/a/b/")),
        route("exact", .exact("/a/b/exact")),
        route("number", .pattern("/a/[0-9]+", prefix: "/a")),
        route("second", .pattern("/a/[0-9]{3}", prefix: "/a")),
        route("deep", .pattern("/x/(y|z)/.*", prefix: "/")),
        route("beside", .pattern("/.*/beside", prefix: "/a/b")),
    ]

    @Test(arguments: [
        ("/", "root"), ("/other", "root"), ("/a", "a"), ("/ab", "root"), ("/a/", "a"),
        ("/a/c", "a"),
        ("/a/b", "ab"), ("/a/b/", "ab"), ("/a/b/c", "ab"), ("/a/bc", "a"),
        ("/a/b/exact", "exact"), ("/a/b/exact/more", "ab"), ("/a/b/exactly", "ab"),
        ("/a/12", "number"), ("/a/123", "number"), ("/a/12x", "a"), ("/a/12/3", "a"),
        ("/x/y/1", "deep"), ("/x/z/1/2", "deep"), ("/x/w/1", "root"), ("/p/x/y/1", "root"),
        ("/a/b/c/beside", "beside"), ("/a/c/beside", "a"), ("/beside", "root"),
    ])
    func meetsTheMostSpecificPath(_ path: String, _ name: String) throws {
        let table = try RouteTable(RouteTableTests.paths)
        let met = table.met(path)
        #expect(met == .route(name))
    }

    @Test func anExactRootIsNotAllPaths() throws {
        let table = try RouteTable([route("root", .exact("/")), route("a", .exact("/a/"))])
        let found = table.met("/")
        let other = table.met("/b")
        let plain = table.met("/a")
        let slash = table.met("/a/")
        #expect(found == .route("root") && other == .noRoute && plain == .route("a"))
        #expect(slash == .ambiguous)
    }

    private static let hosts = [
        route(
            "exact",
            .prefix("/who"),
            hosts: [.exact("app.example.com"), .exact("[2001:db8::1]")]
        ),
        route("wild", .prefix("/who"), hosts: [.wildcard("example.com")]),
        route("wild-only", .prefix("/wild"), hosts: [.wildcard("example.com")]),
        route("longer", .prefix("/who"), hosts: [.wildcard("w.example.com")]),
        route("any", .prefix("/who")),
        route("any-only", .prefix("/any")),
    ]

    @Test(arguments: [
        ("app.example.com", "/who", "exact"), ("APP.Example.COM", "/who", "exact"),
        ("app.example.com.", "/who", "exact"), ("app.example.com:8443", "/who", "exact"),
        ("[2001:DB8:0::1]:443", "/who", "exact"),
        ("other.example.com", "/who", "wild"), ("a.b.example.com", "/who", "wild"),
        ("a.w.example.com", "/who", "longer"), ("w.example.com", "/who", "wild"),
        ("example.com", "/who", "any"), ("badexample.com", "/who", "any"),
        ("1.2.3.4", "/who", "any"),
        ("", "/who", "any"),
        // A host whose own routes lack the path falls to the next class.
        ("app.example.com", "/wild/x", "wild-only"), ("a.w.example.com", "/wild", "wild-only"),
        ("app.example.com", "/any", "any-only"), ("a.w.example.com", "/any", "any-only"),
    ])
    func meetsTheMostSpecificHost(_ host: String, _ path: String, _ name: String) throws {
        let table = try RouteTable(RouteTableTests.hosts)
        let met = table.met(path, host: host)
        #expect(met == .route(name))
    }

    /// CVE-2026-27587, CVE-2026-27588: host matching changed its case rules above 100 hosts.
    @Test func manyHostsWorkAsFewDo() throws {
        let names = (0..<500).map { "h\($0).many.example" }
        let each = names.map { route($0, .prefix("/x"), hosts: [.exact($0)]) }
        let table = try RouteTable(each + [route("other", .prefix("/"), session: .public)])
        for number in [0, 1, 99, 100, 101, 255, 256, 499] {
            let met = table.met("/x", host: "H\(number).MANY.Example.:80")
            #expect(met == .route("h\(number).many.example"))
        }
        let unknown = table.met("/x", host: "h500.many.example")
        #expect(unknown == .route("other"))
    }

    @Test func manyRoutesWorkAsFewDo() throws {
        let many = (0..<2000).map { route("\($0)", .prefix("/api/v\($0 % 7)/item\($0)/x")) }
        let table = try RouteTable(many)
        for number in stride(from: 0, to: 2000, by: 37) {
            let path = "/api/v\(number % 7)/item\(number)"
            let below = table.met(path + "/x/y")
            let above = table.met(path)
            #expect(below == .route("\(number)") && above == .noRoute)
        }
    }

    @Test func knowsWhichHostsRoutesName() throws {
        let table = try RouteTable(RouteTableTests.hosts)
        let expected = [
            ("app.example.com", true), ("x.example.com", true), ("example.com", false),
            ("h", false),
            ("", false),
        ]
        for (host, isNamed) in expected {
            let bytes = Array(host.utf8)
            let names = table.names(host: bytes.span)
            #expect(names == isNamed, "\(host)")
        }
    }

    private static let methods = [
        route("read", .prefix("/m"), methods: ["GET", "HEAD"]),
        route("write", .prefix("/m"), methods: ["POST"]),
        route("purge", .prefix("/odd"), methods: ["PURGE"]),
        route("one", .prefix("/some"), methods: ["DELETE"]),
        route("rest", .prefix("/some")),
        route("root", .prefix("/")),
        route("host", .prefix("/m/h"), hosts: [.exact("a")], methods: ["PUT"]),
    ]

    @Test(arguments: [
        ("GET", "/m", "read"), ("HEAD", "/m/x", "read"), ("POST", "/m", "write"),
        ("PURGE", "/odd", "purge"), ("DELETE", "/some", "one"), ("PATCH", "/some", "rest"),
        ("PURGE", "/some", "rest"), ("LOCK", "/x", "root"),
    ])
    func methodsChooseLast(_ method: String, _ path: String, _ name: String) throws {
        let table = try RouteTable(RouteTableTests.methods)
        let met = table.met(path, method: method)
        #expect(met == .route(name))
    }

    @Test(arguments: [
        ("PUT", "/m", "h", "GET, HEAD, POST"), ("get", "/m", "h", "GET, HEAD, POST"),
        ("GET", "/odd", "h", "PURGE"), ("purge", "/odd", "h", "PURGE"),
        ("Purge", "/odd/x", "h", "PURGE"),
        // Never a less specific path, never a less specific host.
        ("DELETE", "/m/x", "h", "GET, HEAD, POST"), ("GET", "/m/h", "a", "PUT"),
    ])
    func otherMethodsAreRefused(
        _ method: String,
        _ path: String,
        _ host: String,
        _ allow: String
    )
        throws
    {
        let table = try RouteTable(RouteTableTests.methods)
        let met = table.met(path, host: host, method: method)
        #expect(met == .methodNotAllowed(allow: allow))
    }

    @Test func answersOfTheGatewayTakeGetAndHead() throws {
        var own = route("jwt", .exact("/getJWT"))
        own.action = .respondJWT(exposesAccessToken: false)
        let table = try RouteTable([own, route("root", .prefix("/"))])
        let head = table.met("/getJWT", method: "HEAD")
        let post = table.met("/getJWT", method: "POST")
        #expect(head == .route("jwt") && post == .methodNotAllowed(allow: "GET, HEAD"))
    }

    @Test func tellsWhenAPatternNeedsTooMuchWork() throws {
        let table = try RouteTable([
            route("slow", .pattern("/slow/(a|aa|a[a-z])+/x", prefix: "/")),
            route("a", .prefix("/a")),
        ])
        let slow = table.met("/slow/" + String(repeating: "a", count: 2000) + "!/x")
        let other = table.met("/a/" + String(repeating: "a", count: 2000) + "!/x")
        #expect(slow == .patternLimit && other == .route("a"))
    }

    @Test func givesWhatTheOptionsSay() throws {
        let table = try RouteTable([
            route("one", .prefix("/1"), session: .public, upstream: 3), route("two", .prefix("/2")),
        ])
        let (count, rule, action, name) = (
            table.count, table.rule(0), table.action(0), table.name(1)
        )
        #expect(count == 2 && rule == .public && action == .forward(upstream: 3) && name == "two")
    }
}

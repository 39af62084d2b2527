import HTTPCore
import Policy
import Testing

/// `strip_prefix`: what is left, and what is refused (CVE-2026-40912, and the open redirects
/// CVE-2020-4037 and CVE-2020-11053).
@Suite struct StripPrefixTests {
    private static let routes = [
        route("api", .prefix("/api"), strips: true),
        route("version", .prefix("/v1.0/Data"), strips: true),
        route("slash", .prefix("/slash/"), strips: true),
        route("beside", .pattern("/p/[0-9]+.*", prefix: "/p"), strips: true),
        route("root", .prefix("/"), strips: true),
        route("whole", .prefix("/whole")),
    ]

    @Test(arguments: [
        ("/api/x", "/x"), ("/api", "/"), ("/api/", "/"), ("/api/x/", "/x/"), ("/api/x?q", "/x"),
        ("/api/A%2fb;c", "/A%2Fb;c"), ("/api/a//b", "/a//b"), ("/%61pi/x", "/x"),
        ("/v1.0/Data/X", "/X"), ("/slash/x", "/x"), ("/slash", "/"), ("/p/12", "/12"),
        ("/p/12/x", "/12/x"), ("/other/x", "/other/x"), ("/", "/"), ("/whole/x", "/whole/x"),
        ("/api/.well-known/x", "/.well-known/x"), ("/api/a%20", "/a%20"), ("/api/api", "/api"),
        // It is not matched again.
        ("/api/whole", "/whole"),
    ])
    func forwards(_ path: String, _ forwarded: String) throws {
        let table = try RouteTable(StripPrefixTests.routes)
        let result = try table.forwarded(path)
        #expect(result == forwarded)
    }

    @Test(arguments: [
        "/api//x", "/api//", "/api///x", "/api/%2Fx", "/api/%2fx", "/api/%5Cx", "/api/%5cx",
        "/api/%252fx", "/api/%255Cx", "/api/;a/x", "/api/%3Ba/x", "/api/%20/x", "/api/.../x",
        "/api//evil.example", "/api/%2Fevil.example", "/api/%253Ba/x",
    ])
    func refusesRestsThatBeginWithTwoSlashes(_ path: String) throws {
        let table = try RouteTable(StripPrefixTests.routes)
        #expect(throws: TargetFailure.strippedPath) { try table.forwarded(path) }
    }

    @Test(arguments: ["/api/../x", "/api/%2e/x", "/api/..;/x", "/api/..%2fx", "/api/%252e%252e/x"])
    func refusesDotSegments(_ path: String) throws {
        let table = try RouteTable(StripPrefixTests.routes)
        #expect(throws: TargetFailure.dotSegment) { try table.forwarded(path) }
    }

    @Test(arguments: ["/api./x", "/api%2fx", "/api;/x", "/API/x", "/v1.0/data/x", "/v1.0%2fData/x"])
    func cutsOnlyAPrefixThatIsMetInAllReadings(_ path: String) throws {
        let table = try RouteTable(
            StripPrefixTests.routes.filter { $0.name != "root" } + [route("root", .prefix("/"))]
        )
        let met = table.met(path)
        #expect(met == .ambiguous)
    }

    @Test func forwardsTheCanonicalPathWhereNothingIsCut() throws {
        let table = try RouteTable([route("all", .prefix("/"))])
        for (path, forwarded) in [("/%61/%3a", "/a/%3A"), ("//a", "//a"), ("/a;b", "/a;b")] {
            let result = try table.forwarded(path)
            #expect(result == forwarded)
        }
    }
}

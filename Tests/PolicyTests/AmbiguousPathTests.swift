import HTTPCore
import Policy
import Testing

/// Paths that policy and upstream could read differently; each case is named after its ancestor.
@Suite struct AmbiguousPathTests {
    /// `/open` needs no session, `/admin` does, `/getJWT` has capitals; nothing else is routed.
    private static let openAndAdmin = [
        route("open", .prefix("/open"), session: .public),
        route("admin", .prefix("/admin")),
        route("jwt", .exact("/getJWT")),
    ]
    /// Everything is open but `/admin` and the exact `/secret`.
    private static let allButAdmin = [
        route("all", .prefix("/"), session: .public),
        route("admin", .prefix("/admin")),
        route("secret", .exact("/secret")),
    ]

    private static let twoReadings = [
        ("GHSA-p224-6x5r-fjpm dot segments", "/open/../admin"),
        ("GHSA-p224-6x5r-fjpm encoded dots", "/open/%2e%2e/admin"),
        ("GHSA-p224-6x5r-fjpm encoded dots, upper", "/open/%2E%2E/admin"),
        ("GHSA-p224-6x5r-fjpm half encoded", "/open/.%2e/admin"),
        ("GHSA-p224-6x5r-fjpm half encoded, other half", "/open/%2E./admin"),
        ("GHSA-p224-6x5r-fjpm with a parameter", "/open/..;/admin"),
        ("GHSA-p224-6x5r-fjpm with a parameter's value", "/open/..;x=y/admin"),
        ("CVE-2026-42274 encoded slash, lower", "/open/%2e%2e%2fadmin"),
        ("CVE-2026-42274 encoded slash, upper", "/open/%2E%2E%2Fadmin"),
        ("CVE-2026-42272 lower", "/open/..%2fadmin"),
        ("CVE-2026-42272 upper", "/open/..%2Fadmin"),
        ("CVE-2026-42272 in the guarded prefix, lower", "/admin%2fx"),
        ("CVE-2026-42272 in the guarded prefix, upper", "/admin%2Fx"),
        ("GHSA-r8x2-fhmf-6mxp question mark, lower", "/admin%3fx"),
        ("GHSA-r8x2-fhmf-6mxp question mark, upper", "/admin%3Fx"),
        ("GHSA-r8x2-fhmf-6mxp question mark, twice", "/admin%253fx"),
        ("CVE-2026-40912 dot segment first", "/./admin"),
        ("CVE-2026-26205 two slashes", "//admin/x"),
        ("CVE-2026-26205 three slashes", "///admin"),
        ("CVE-2026-26205 slash and encoded backslash", "/%5Cadmin"),
        ("CVE-2026-26205 authority after two slashes", "//x/admin"),
        ("CVE-2026-26205 authority after three slashes", "///x/admin/y"),
        ("CVE-2026-26205 authority after an encoded slash", "/%2Fx/admin"),
        ("CVE-2026-26205 authority after a parameter", "/;//x%2Fadmin"),
        ("CVE-2026-34908 dots and slash", "/open/..%2fadmin"),
        ("CVE-2026-34908 slash first", "/open%2f..%2fadmin"),
        ("CVE-2026-41059 encoded number sign", "/admin%23/bar"),
        ("CVE-2026-41059 encoded number sign, twice", "/admin%2523/bar"),
        ("CVE-2019-9901 encoded backslash, lower", "/open/..%5cadmin"),
        ("CVE-2021-29492 encoded backslash, upper", "/open/..%5Cadmin"),
        ("CVE-2021-29492 backslash in the prefix", "/admin%5cx"),
        ("CVE-2021-41773 twice encoded dots", "/open/%252e%252e/admin"),
        ("CVE-2021-42013 dots in pieces", "/open/%25%32%65%25%32%65/admin"),
        ("CVE-2021-42013 slash in pieces", "/open/..%25%32%66admin"),
        ("CVE-2021-42013 slash in the prefix", "/admin%252fx"),
        ("CVE-2021-42013 letter", "/%2561dmin"),
        ("CVE-2021-42013 letter, three times", "/%25252561dmin"),
        ("matrix parameter in the prefix", "/admin;x/y"),
        ("matrix parameter at the end", "/admin;"),
        ("matrix parameter, encoded lower", "/admin%3bx"),
        ("matrix parameter, encoded upper", "/admin%3Bx/y"),
        ("matrix parameter, twice encoded", "/admin%253bx"),
        ("matrix parameter, empty segment", "/;x/admin"),
        ("trailing dot", "/admin."),
        ("trailing dot in the prefix", "/admin./x"),
        ("trailing space", "/admin%20"),
        ("trailing space in the prefix", "/admin%20/x"),
        ("trailing space, twice encoded", "/admin%2520"),
        ("trailing dot and space", "/admin.%20"),
        ("capitals", "/ADMIN"),
        ("capital below", "/Admin/x"),
        ("capital, encoded", "/%41dmin"),
        ("CVE-2026-27587 capitals after an escape", "/%41DMIN"),
        ("everything at once", "//ADMIN%252F;x%2520/"),
    ]

    @Test(arguments: twoReadings)
    func isRefusedWhereNothingElseIsRouted(_ ancestor: String, _ path: String) throws {
        let table = try RouteTable(AmbiguousPathTests.openAndAdmin)
        let met = table.met(path)
        #expect(met.isAmbiguousPath || met == .refused(.nestedEscapes), "\(ancestor): \(met)")
    }

    @Test(arguments: twoReadings)
    func isRefusedWhereAllElseIsOpen(_ ancestor: String, _ path: String) throws {
        let table = try RouteTable(AmbiguousPathTests.allButAdmin)
        let met = table.met(path)
        #expect(met.isAmbiguousPath || met == .refused(.nestedEscapes), "\(ancestor): \(met)")
    }

    /// What one step drops, another one taken first would have kept.
    @Test(arguments: [
        "/;%23/admin", "/;%3Fx/admin", "/;%2Fx/admin", "/%3B%2F%2Fadmin%2F", "/;%252F/admin",
        "/%3B%2523/admin", "/%253b%23/admin", "/;a%5Cb//admin",
    ])
    func isRefusedWhereTheOrderOfStepsMatters(_ path: String) throws {
        let table = try RouteTable(AmbiguousPathTests.allButAdmin)
        let met = table.met(path)
        #expect(met == .ambiguous)
    }

    @Test(arguments: [
        "/secret/", "/secret.", "/secret;x", "/Secret", "/secret%20", "/secret%3f", "//secret",
    ])
    func isRefusedForAnExactPathToo(_ path: String) throws {
        let table = try RouteTable(AmbiguousPathTests.allButAdmin)
        let met = table.met(path)
        #expect(met == .ambiguous)
    }

    @Test(arguments: [
        ("CVE-2026-26205 backslash", "/\\admin"),
        ("CVE-2026-33186 no slash first", "admin"),
        ("CVE-2026-33186 asterisk", "*"),
        ("CVE-2026-33186 empty", ""),
        ("CVE-2026-33186 backslash first", "\\admin"),
        ("CVE-2026-41059 number sign", "/foo/secret#/bar"),
        ("CVE-2021-32779 number sign", "/admin#/../open"),
        ("CVE-2026-26205 absolute form of another authority", "http://other//admin"),
        ("overlong dot", "/open/%c0%ae%c0%ae/admin"),
        ("overlong slash", "/open/..%c0%af"),
        ("escaped NUL", "/admin%00"),
        ("%u escape", "/open/%u002e%u002e/admin"),
        ("bare control byte", "/open/\u{1}"),
    ])
    func isMalformed(_ ancestor: String, _ target: String) throws {
        let table = try RouteTable(AmbiguousPathTests.allButAdmin)
        let met = table.met(target)
        #expect(met.isBadRequest && !met.isAmbiguousPath, "\(ancestor): \(met)")
    }

    @Test(arguments: [
        ("CVE-2025-54576 open path in the query", "/admin?x=/open/", "admin"),
        ("CVE-2025-54576 guarded path in the query", "/open?x=/admin/", "open"),
        ("GHSA-r8x2-fhmf-6mxp query beside an exact path", "/getJWT?x", "jwt"),
        ("CVE-2023-35944 scheme in capitals", "HTTPS://h/admin", "admin"),
        ("CVE-2025-46821 asterisk in the path", "/open/*/x", "open"),
        ("unreserved characters decoded", "/%61dmin", "admin"),
        ("slash in the absolute form", "http://h/admin", "admin"),
        ("final slash below a prefix", "/admin/", "admin"),
        ("empty segment below a prefix", "/admin//x", "admin"),
        ("parameter below a prefix", "/open/a;b=c/d", "open"),
        ("encoded slash below a prefix", "/open/a%2Fb%5Cc", "open"),
        ("encoded end below a prefix", "/open/a%3Fb%23c", "open"),
        ("capitals below a prefix", "/open/ABC", "open"),
        ("capitals of the pattern", "/getJWT", "jwt"),
        ("twice encoded letter below a prefix", "/open/%2541", "open"),
        ("escapes of other alphabets", "/open/%C3%A9%20%E2%82%AC", "open"),
    ])
    func meetsOneRouteInAllReadings(_ ancestor: String, _ target: String, _ name: String) throws {
        let table = try RouteTable(AmbiguousPathTests.openAndAdmin)
        let met = table.met(target)
        #expect(met == .route(name), "\(ancestor)")
    }

    @Test(arguments: ["/getjwt", "/GETJWT", "/getJwt", "/getJWT/", "/getJWT;x"])
    func capitalsOfAPatternAreNoSecretDoor(_ path: String) throws {
        let table = try RouteTable(AmbiguousPathTests.openAndAdmin)
        let met = table.met(path)
        #expect(met == .ambiguous)
    }

    @Test func aPatternWithoutCaseMustAgreeToo() throws {
        let table = try RouteTable([
            route("upper", .pattern("/[A-Z]+", prefix: "/")), route("rest", .prefix("/")),
            route("symbols", .pattern("/s/[@-^]", prefix: "/s")), route("s", .prefix("/s")),
        ])
        let expected: [(String, Met)] = [
            ("/abc", .ambiguous), ("/ABC", .route("upper")), ("/1", .route("rest")),
            ("/s/1", .route("s")), ("/s/a", .ambiguous),
        ]
        for (path, outcome) in expected {
            let met = table.met(path)
            #expect(met == outcome, "\(path)")
        }
    }

    @Test func readingsMustMeetTheSameRouteWhenMethodsDifferToo() throws {
        let table = try RouteTable([
            route("post", .prefix("/a"), methods: ["POST"]),
            route("put", .exact("/a/b"), methods: ["PUT"]),
        ])
        let other = table.met("/a/b/", method: "GET")
        let same = table.met("/a/c/", method: "GET")
        #expect(other == .ambiguous && same == .methodNotAllowed(allow: "POST"))
    }
}

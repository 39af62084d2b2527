import Bytes
import HTTPCore
import Policy
import Testing

/// Which requests are CORS preflights, and what becomes of them.
@Suite struct PreflightTests {
    private func named(
        _ fields: [(FieldName, String)],
        method: Method = .options,
        framing: ContentFraming = .none,
        alias: Bool = false
    ) -> String? {
        var bytes: [UInt8] = []
        var head = RequestHead()
        head.method = method
        head.framing = framing
        for (id, value) in fields {
            let start = bytes.count
            bytes += Array(value.utf8)
            let range = ByteRange(start..<bytes.count)
            head.fields.append(FieldLine(name: .empty, value: range, id: id, isAlias: alias))
        }
        guard let found = Preflight.named(head: head, bytes: bytes.span) else { return nil }
        let name = bytes.span.bytes(found.name).text
        let origin = bytes.span.bytes(found.origin).text
        return "\(found.method) \(name) \(origin)"
    }

    private static let fields: [(FieldName, String)] = [
        (.origin, "https://a.example"), (.accessControlRequestMethod, "PUT"),
    ]

    @Test func readsThoseThatAreOne() {
        #expect(named(PreflightTests.fields) == "put PUT https://a.example")
        #expect(named(PreflightTests.fields, framing: .length(0)) == "put PUT https://a.example")
        let own: [(FieldName, String)] = [
            (.accessControlRequestMethod, "PURGE"), (.origin, "null"),
        ]
        #expect(named(own) == "other PURGE null")
    }

    @Test func leavesEveryOtherRequestAlone() {
        let (origin, method) = (PreflightTests.fields[0], PreflightTests.fields[1])
        #expect(named([]) == nil)
        #expect(named([origin]) == nil)
        #expect(named([method]) == nil)
        #expect(named([origin, origin, method]) == nil)
        #expect(named([origin, method, method]) == nil)
        #expect(named([(.origin, ""), method]) == nil)
        #expect(named([origin, (.accessControlRequestMethod, "")]) == nil)
        #expect(named([origin, (.accessControlRequestMethod, "PUT, GET")]) == nil)
        #expect(named(PreflightTests.fields, method: .get) == nil)
        #expect(named(PreflightTests.fields, framing: .length(1)) == nil)
        #expect(named(PreflightTests.fields, framing: .chunked) == nil)
        #expect(named(PreflightTests.fields, alias: true) == nil)
    }

    private func decide(
        _ rule: SessionRule,
        _ action: RouteAction,
        origins: [String],
        origin: String = "https://a.example"
    ) -> String {
        var head = RequestHead()
        head.method = .options
        let bytes = Array(origin.utf8) + Array("PUT".utf8)
        let range = ByteRange(0..<origin.utf8.count)
        let name = ByteRange(origin.utf8.count..<bytes.count)
        head.fields = [
            FieldLine(name: .empty, value: range, id: .origin, isAlias: false),
            FieldLine(name: .empty, value: name, id: .accessControlRequestMethod, isAlias: false),
        ]
        guard let preflight = Preflight.named(head: head, bytes: bytes.span) else { return "none" }
        let decision = authorizePreflight(
            preflight,
            origin: bytes.span.bytes(preflight.origin),
            rule: rule,
            action: action,
            route: 3,
            origins: OriginList(origins)
        )
        switch consume decision {
        case .forward(let permit): return "\(permit.route) \(permit.credentials)"
        case .allowed: return "204"
        case .originNotAllowed: return "403"
        }
    }

    @Test func decides() {
        let forward = RouteAction.forward(upstream: 0)
        let respond = RouteAction.respondJWT(exposesAccessToken: true)
        let listed = ["https://b.example", "https://a.example"]
        #expect(decide(.passthrough, forward, origins: listed) == "3 untouched")
        #expect(decide(.passthrough, forward, origins: []) == "3 untouched")
        for rule in [SessionRule.required, .optional, .public] {
            #expect(decide(rule, forward, origins: []) == "3 none")
            #expect(decide(rule, forward, origins: listed) == "204")
            for origin in [
                "https://evil.example", "https://a.example.evil", "http://a.example", "null", "*",
                "https://a.example:444", "HTTPS://A.EXAMPLE",
            ] {
                #expect(decide(rule, forward, origins: listed, origin: origin) == "403")
            }
        }
        #expect(decide(.required, respond, origins: []) == "403")
        #expect(decide(.required, respond, origins: listed) == "204")
    }
}

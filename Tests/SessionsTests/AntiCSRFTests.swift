import Bytes
import HTTPCore
import Sessions
import Testing

/// Which requests may use a session that came in a cookie.
@Suite struct AntiCSRFTests {
    private static let listed = "https://shop.example"
    private static let own = "https://app.example"

    private func admits(
        _ mode: SessionOptions.AntiCSRF,
        _ fields: [(FieldName, String)] = [],
        method: Method = .post,
        token: String = "",
        host: String = "app.example",
        scheme: WebScheme? = .https,
        alias: Bool = false
    ) throws -> Bool {
        var bytes = Array("/\(host)".utf8)
        var head = RequestHead()
        head.method = method
        head.target = ByteRange(0..<1)
        let named = ByteRange(1..<bytes.count)
        head.fields = [FieldLine(name: .empty, value: named, id: .host, isAlias: false)]
        for (id, value) in fields {
            let start = bytes.count
            bytes += Array(value.utf8)
            let range = ByteRange(start..<bytes.count)
            head.fields.append(FieldLine(name: .empty, value: range, id: id, isAlias: alias))
        }
        var target = RequestTarget()
        try target.read(head, in: bytes.span)
        let check = AntiCSRF(mode: mode, origins: OriginList([Self.listed]))
        return check.admits(
            head: head,
            bytes: bytes.span,
            target: target,
            scheme: scheme,
            token: Array(token.utf8).span
        )
    }

    @Test(arguments: [SessionOptions.AntiCSRF.auto, .none, .customHeader, .token])
    func reading(_ mode: SessionOptions.AntiCSRF) throws {
        #expect(try admits(mode, [(.secFetchSite, "cross-site")], method: .get))
        let foreign = try admits(mode, [(.secFetchSite, "cross-site")], method: .head)
        #expect(foreign == (mode == .auto || mode == .none))
    }

    @Test func customHeaderIsAField() throws {
        #expect(try !admits(.customHeader))
        #expect(try admits(.customHeader, [(.rid, "session")]))
        #expect(try admits(.customHeader, [(.rid, "")]))
        #expect(try !admits(.customHeader, [(.rid, "session")], alias: true))
        #expect(try !admits(.customHeader, [(.origin, Self.own)]))
        #expect(try !admits(.customHeader, [], method: .options))
    }

    @Test func tokenIsTheSessions() throws {
        let field: [(FieldName, String)] = [(.antiCSRF, "one")]
        #expect(try admits(.token, field, token: "one"))
        #expect(try !admits(.token, field, token: "two"))
        #expect(try !admits(.token, field, token: "onee"))
        #expect(try !admits(.token, field))
        #expect(try !admits(.token, [], token: "one"))
        #expect(try !admits(.token, [(.antiCSRF, "")]))
        #expect(try !admits(.token, field + field, token: "one"))
        #expect(try !admits(.token, field, token: "one", alias: true))
        #expect(try !admits(.token, [(.rid, "session")], token: "one"))
    }

    @Test(arguments: [
        ("same-origin", true), ("same-site", true), ("none", true),
        ("cross-site", false), ("", false), ("same-origin, cross-site", false),
        ("Same-Origin", false),
    ])
    func fetchMetadataDecidesFirst(_ site: String, _ isAdmitted: Bool) throws {
        #expect(try admits(.auto, [(.secFetchSite, site)]) == isAdmitted)
        let foreign = (FieldName.origin, "https://evil.example")
        #expect(try admits(.auto, [(.secFetchSite, site), foreign]) == isAdmitted)
        let listed = (FieldName.origin, Self.listed)
        #expect(try admits(.auto, [(.secFetchSite, site), listed]))
        #expect(try admits(.auto, [(.secFetchSite, site), (.rid, "x")]))
    }

    @Test func fetchMetadataSaidTwiceIsForeign() throws {
        let twice = [(FieldName.secFetchSite, "none"), (.secFetchSite, "none")]
        #expect(try !admits(.auto, twice))
    }

    @Test(arguments: [
        ("https://app.example", true), ("https://app.example:443", true),
        ("http://app.example", false), ("https://app.example:8443", false),
        ("https://app.example.", true), ("https://APP.example", true),
        ("https://app.example.evil.example", false), ("https://xapp.example", false),
        ("https://app.example/", false), ("https://u@app.example", false),
        ("https://", false), ("https:", false), ("null", false), ("", false),
        ("https://app.example https://app.example", false),
        ("https://shop.example", true), ("https://SHOP.example", false),
    ])
    func originDecidesWithoutFetchMetadata(_ origin: String, _ isAdmitted: Bool) throws {
        #expect(try admits(.auto, [(.origin, origin)]) == isAdmitted)
    }

    @Test func noBrowserNoOrigin() throws {
        #expect(try admits(.auto))
        #expect(try !admits(.auto, [(.origin, Self.own), (.origin, Self.own)]))
        #expect(try admits(.auto, [(.origin, "https://evil.example")], alias: true))
    }

    @Test func portsAndSchemesAreCompared() throws {
        let origin = [(FieldName.origin, "https://app.example:8443")]
        #expect(try admits(.auto, origin, host: "app.example:8443"))
        #expect(try !admits(.auto, origin, host: "app.example:8443", scheme: .http))
        #expect(try !admits(.auto, origin, host: "app.example:8443", scheme: nil))
        let six = [(FieldName.origin, "http://[::1]:80")]
        #expect(try admits(.auto, six, host: "[::1]", scheme: .http))
    }

    @Test func schemesAreNamed() {
        let names = [
            ("https", WebScheme.https), ("HTTP", .http), ("wss", .https), ("WS", .http),
            ("ftp", nil),
        ]
        for (name, scheme) in names {
            #expect(WebScheme(Array(name.utf8).span) == scheme)
        }
        #expect(WebScheme(Array("https,http".utf8).span) == nil)
    }
}

import Bytes
import Connections
import EventLoop
import HTTPCore
import Policy
import Sessions
import TLS
import Testing
import Upstreams

@testable import Proxy

@Suite struct ConnectionNamesTests {
    private func names(_ lines: String..., contain name: String) throws -> Bool {
        let head = ["GET / HTTP/1.1", "Host: a.test"] + lines + ["\(name): value"]
        var bytes: [UInt8] = []
        for line in head { bytes += Array((line + "\r\n").utf8) }
        let request = try ParsedRequest(head.joined(separator: "\r\n"))
        guard let line = request.head.fields.last else { return false }
        return ConnectionNames(request.head, request.bytes.span)
            .contains(line, request.bytes.span)
    }

    @Test(arguments: [
        "X-A", "x-a", "close, X-A", "X-A,close", "  x-A\t,close", "close,,X-A", ",X-A,",
        "keep-alive, x-a", "y,X-A , z",
    ])
    func listsAName(_ value: String) throws {
        #expect(try names("Connection: \(value)", contain: "X-A"))
    }

    @Test(arguments: ["close", "Keep-Alive", "X-AB", "X-", "XX-A", "X_A", "close, X-B", ","])
    func listsAnother(_ value: String) throws {
        #expect(try !names("Connection: \(value)", contain: "X-A"))
    }

    @Test func everyLineCounts() throws {
        #expect(try names("Connection: close", "connection: X-A", contain: "X-A"))
        #expect(try !names("Connection: close", "X-B: X-A", contain: "X-A"))
    }
}

@Suite struct OwnFieldsTests {
    private func fields(jwt: String = "authorization", id: String = "x-request-id") -> OwnFields {
        OwnFields(jwt: Array(jwt.utf8), requestID: Array(id.utf8))
    }

    private func contains(_ fields: OwnFields, _ name: String, settingJWT: Bool = true) -> Bool {
        let bytes = Array(name.utf8)
        return fields.contains(bytes.span, settingJWT: settingJWT)
    }

    @Test func areKnownInEverySpelling() {
        let own = fields(jwt: "x-session-jwt", id: "x-trace")
        #expect(!own.areUsual)
        for name in ["x-session-jwt", "X-Session-JWT", "x_session_jwt", "X.Session-JWT"] {
            #expect(contains(own, name) && !contains(own, name, settingJWT: false), "\(name)")
        }
        for name in ["x-trace", "X_TRACE", "x.Trace"] {
            #expect(contains(own, name) && contains(own, name, settingJWT: false), "\(name)")
        }
        let others = ["", "x-session-jw", "x-session-jwts", "xsession-jwt", "x-trac", "x~trace"]
        for name in others { #expect(!contains(own, name), "\(name)") }
    }

    @Test func oneOfTheTwoMayHaveItsUsualName() {
        let jwt = fields(jwt: "x-session-jwt")
        #expect(contains(jwt, "X-Session_Jwt") && contains(jwt, "x-request-id"))
        let id = fields(id: "x-trace")
        #expect(contains(id, "x-trace") && contains(id, "authorization"))
        #expect(!contains(id, "authorization", settingJWT: false))
    }

    /// Then the field table knows both, and nothing is compared.
    @Test func usualNamesAreLeftToTheFieldTable() {
        #expect(fields().areUsual && !contains(fields(), "x-request-id"))
        #expect(!contains(fields(), "x-trace"))
    }

    @Test func theRequestIDIsToldApart() {
        let name = Array("X_Trace".utf8)
        let isOne = fields(id: "x-trace").isRequestID(name.span)
        let isAnother = fields().isRequestID(name.span)
        #expect(isOne && !isAnother)
    }
}

@Suite struct RewriteRulesTests {
    private func rules(_ change: (inout GatewayOptions) -> Void = { _ in }) -> RewriteRules {
        var options = Fixture.options()
        change(&options)
        return RewriteRules(Fixture.source(options))
    }

    @Test func onlyNamedOverridesAreReadmitted() {
        let none = rules()
        let some = rules { $0.forwarding.passFields = ["x-http-method-override"] }
        func readmits(_ rules: borrowing RewriteRules, _ name: String) -> Bool {
            let bytes = Array(name.utf8)
            return rules.readmits(bytes.span)
        }
        for name in ["X-HTTP-Method-Override", "x_http_method_override", "x.http.method-override"] {
            let (readmitted, refused) = (readmits(some, name), !readmits(none, name))
            #expect(readmitted && refused)
        }
        let another = readmits(some, "x-http-method")
        #expect(!another)
    }

    @Test func hostsFollowTheUpstreamsRule() {
        let targets: [TargetAddress] = [
            .http(host: "api.test", port: 80), .http(host: "api.test", port: 8080),
            .http(host: "2001:db8::1", port: 80), .http(host: "2001:db8::1", port: 81),
            .unix(path: "/run/x.sock"),
        ]
        let names = ["api.test", "api.test:8080", "[2001:db8::1]", "[2001:db8::1]:81", "localhost"]
        let rules = rules { options in
            options.upstreams = [HostRule.preserve, .target, .name("fixed.test")].map { rule in
                var upstream = UpstreamOptions(
                    name: "u",
                    position: Fixture.position,
                    targets: targets
                )
                upstream.host = rule
                return upstream
            }
        }
        func texts(_ hosts: [[UInt8]?]) -> [String?] {
            hosts.map { $0.map { String(decoding: $0, as: UTF8.self) } }
        }
        #expect(texts(rules.hosts[0]) == [nil, nil, nil, nil, nil])
        #expect(texts(rules.hosts[1]) == names)
        #expect(texts(rules.hosts[2]) == names.map { _ in "fixed.test" })
        #expect(rules.ownNames.map { texts($0) } == [names, names, names])
    }

    @Test func redirectsLeadToNamedHostsOnly() throws {
        var options = Fixture.options()
        options.routes[0].hosts = [
            .exact("app.test"), .wildcard("deep.test"), .exact("2001:db8::1"),
        ]
        let made = try SelfSignedCertificate(names: ["Cert.test", "*.wild.test", "192.0.2.1"])
        let material = try CertificateMaterial(
            certificatePEM: made.certificatePEM,
            privateKeyPEM: made.privateKeyPEM
        )
        let rules = RewriteRules(Fixture.source(options, certificates: [[material]]))
        let named = [
            "app.test", "a.deep.test", "a.b.deep.test", "cert.test", "a.wild.test", "192.0.2.1",
            "[2001:db8::1]",
        ]
        let others = [
            "", "test", "deep.test", ".deep.test", "wild.test", "xapp.test", "app.test.evil",
            "notdeep.test", "b.app.test", "192.0.2.2",
        ]
        for host in named + others {
            let bytes = Array(host.utf8)
            let isNamed = rules.namesHost(bytes.span)
            #expect(isNamed == named.contains(host), "\(host)")
        }
    }

    @Test func redirectsLeadToTheFirstListenerWithTLS() {
        func origin(_ ports: [(UInt16, isTLS: Bool)]) -> String {
            let listeners = ports.map { port, isTLS in
                var listener = ListenerOptions(
                    address: .v4(0, port: port),
                    position: Fixture.position
                )
                listener.redirectToHTTPS = !isTLS
                if isTLS { listener.tls = TLSServerOptions(certificates: [], sessionContext: "a") }
                return listener
            }
            let rules = RewriteRules(Fixture.source(Fixture.options(listeners: listeners)))
            #expect(listeners.indices.map { rules.redirects(listener: $0) } == ports.map { !$0.1 })
            #expect(!rules.redirects(listener: -1) && !rules.redirects(listener: ports.count))
            let host = Array("app.test".utf8)
            return String(decoding: rules.httpsOrigin(host: host), as: UTF8.self)
        }
        #expect(origin([(80, false), (443, true), (8443, true)]) == "https://app.test")
        #expect(origin([(80, false), (8443, true), (443, true)]) == "https://app.test:8443")
        #expect(origin([(80, false)]) == "https://app.test")
    }

    @Test func preflightFieldsAreJoinedOnce() {
        let rules = rules { options in
            options.forwarding.corsAllowHeaders = ["x-a", "x-b"]
            options.forwarding.corsMaximumAge = .seconds(90)
        }
        #expect(
            rules.corsAllowHeaders.span.text == """
                content-type, rid, anti-csrf, authorization, st-auth-mode, fdi-version, x-a, x-b
                """
        )
        #expect(rules.corsMaximumAge.span.text == "90")
    }
}

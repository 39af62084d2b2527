import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Policy
import Proxy
import Sessions
import TLS
import Testing
import Upstreams

/// What each key becomes.
@Suite struct ReadingTests {
    @Test func theSmallestIsAllDefaults() throws {
        let loaded = try options(smallest)
        #expect(loaded.workers == Processors.available)
        #expect(loaded.admin == .v4(0x7F00_0001, port: 9902))
        #expect(loaded.listeners.map(\.address) == [.v4(0x7F00_0001, port: 8080)])
        #expect(loaded.listeners[0].tls == nil)
        #expect(loaded.upstreams[0].targets == [.http(host: "127.0.0.1", port: 9100)])
        #expect(loaded.routes[0].path == .prefix("/"))
        #expect(loaded.routes[0].action == .forward(upstream: 0))
        #expect(loaded.routes[0].name == "/")
        #expect(loaded.timeouts == Timeouts())
        #expect(loaded.limits == Limits())
        #expect(loaded.forwarding == ForwardingOptions())
        #expect(loaded.log == LogOptions())
        let core = loaded.sessions.core.locations
        #expect(core.map(\.host) == ["127.0.0.1"] && core.map(\.port) == [3567])
    }

    @Test func theServer() throws {
        let loaded = try options(
            smallest + """
                server: {workers: 3, shutdown_grace: 0s}
                admin: {address: "[::1]:0"}
                """
        )
        #expect(loaded.workers == 3)
        #expect(loaded.shutdownGrace == .zero)
        #expect(loaded.admin == .v6(high: 0, low: 1, port: 0, scope: 0))
    }

    @Test(arguments: ["off", "\"off\"", "Off", "false", "no"])
    func offInBothForms(_ word: String) throws {
        let loaded = try options(smallest + "admin: {address: \(word)}\nlog: {access: \(word)}\n")
        #expect(loaded.admin == nil)
        #expect(loaded.log.access == .off)
    }

    @Test(arguments: [("yes", true), ("on", true), ("TRUE", true), ("\"false\"", false)])
    func booleans(_ word: String, _ value: Bool) throws {
        let loaded = try options(smallest + "sessions: {jwt: {required: \(word)}}\n")
        #expect(loaded.sessions.jwtRequired == value)
    }

    @Test func accessLogOutputs() throws {
        #expect(try options(smallest + "log: {access: stdout}").log.access == .standardOutput)
        #expect(try options(smallest + "log: {access: a.log}").log.access == .file(path: "a.log"))
        let nested = try options(smallest + "log: {access: {output: /var/a.log}, level: debug}")
        #expect(nested.log.access == .file(path: "/var/a.log"))
        #expect(nested.log.level == .debug)
        #expect(try options(smallest + "log: {access: {output: off}}").log.access == .off)
    }

    @Test func theSessions() throws {
        let sessions = try options(
            smallest + """
                sessions:
                  core:
                    urls: ["http://Core.example.com/base/", "http://[::1]:3567"]
                    api_key: "${KEY}"
                    timeout: 250ms
                  access_tokens: [legacy]
                  signing_keys: static
                  token_transfer: header
                  cookie_names: {access_token: a, refresh_token: r}
                  anti_csrf: custom_header
                  legacy_id_refresh: require
                  check_database: off
                  verify_children: false
                  expired_status: 440
                  invalid_claim_status: 418
                  claims: [{claim: st-ev, equals: true, max_age: 5m}]
                  jwt: {source: access_token, property: token, field: X-User-Token, scheme: ""}
                  keys:
                    {maximum_age: 1h, maximum_stale: 2h, unknown_key_cooldown: 1s, cache_file: k}
                  token_cache: {size: 1MiB, maximum_age: 30s}
                """,
            environment: ["KEY": "k"]
        ).sessions
        let cores = sessions.core.locations
        #expect(cores.map(\.host) == ["core.example.com", "::1"])
        #expect(cores.map(\.port) == [80, 3567])
        #expect(cores.map(\.basePath) == ["/base", ""])
        #expect(sessions.core.apiKey == "k" && sessions.core.timeout == .milliseconds(250))
        #expect(!sessions.acceptsJWTTokens && sessions.acceptsLegacyTokens)
        #expect(sessions.signingKeys == .static && sessions.tokenTransfer == .header)
        #expect(sessions.accessTokenCookie == "a" && sessions.refreshTokenCookie == "r")
        #expect(sessions.legacyIDRefresh == .require)
        #expect(sessions.antiCSRF == .customHeader && sessions.expiredStatus == 440)
        #expect(sessions.invalidClaimStatus == 418)
        let verified = ClaimRule(
            claim: Array("st-ev".utf8),
            test: .equals(.bool(true)),
            maximumAge: .seconds(300)
        )
        #expect(sessions.claims == ClaimLists([verified]))
        #expect(sessions.jwtSource == .accessToken && sessions.jwtProperty == "token")
        #expect(sessions.jwtField == "x-user-token" && sessions.jwtScheme.isEmpty)
        #expect(sessions.keysMaximumAge == .seconds(3600))
        #expect(sessions.keysMaximumStale == .seconds(7200))
        #expect(sessions.unknownKeyCooldown == .seconds(1) && sessions.keysCacheFile == "k")
        #expect(sessions.tokenCacheBytes == 1 << 20)
        #expect(sessions.tokenCacheMaximumAge == .seconds(30))
    }

    @Test func claimsOfRoutes() throws {
        let loaded = try options(
            """
            listeners: [{address: "127.0.0.1:0"}]
            upstreams: {app: {targets: ["http://app"]}}
            sessions: {claims: [{claim: a, equals: null}]}
            routes:
              - {path_prefix: /own, claims: [{claim: a, equals: null}], upstream: app}
              - {path_prefix: /sessions, upstream: app}
              - {path_prefix: /none, claims: [], upstream: app}
              - {path_prefix: /public, session: public, claims: [], upstream: app}
              - path_prefix: /many
                session: optional
                upstream: app
                claims:
                  - {claim: a, id: x, equals: "1"}
                  - {claim: a, equals: -1.5e0}
                  - {claim: a, includes: 2024-01-01}
                  - {claim: a, includes: ["${NAME}", "true", False]}
                  - {claim: a, excludes: ['', "yes"]}
                  - {claim: a, includes_any: [0, nan]}
                  - {claim: a, max_age: 250ms}
              - {path_exact: /jwt, claims: [], respond: jwt}

            """,
            environment: ["NAME": "admin"]
        )
        #expect(loaded.routes.map(\.claimList) == [0, 0, 1, 1, 2, 1])
        func rule(_ test: ClaimRule.Test?, _ age: Duration? = nil) -> ClaimRule {
            ClaimRule(claim: Array("a".utf8), test: test, maximumAge: age)
        }
        func text(_ text: String) -> ClaimValue { .text(Array(text.utf8)) }
        var named = rule(.equals(text("1")))
        named.id = Array("x".utf8)
        let many = [
            named, rule(.equals(.number(-1.5))), rule(.includes(.one(text("2024-01-01")))),
            rule(.includes(.all([text("admin"), text("true"), .bool(false)]))),
            rule(.excludes(.all([text(""), text("yes")]))),
            rule(.includesAny([.number(0), text("nan")])), rule(nil, .milliseconds(250)),
        ]
        #expect(loaded.sessions.claims.lists == [[rule(.equals(.null))], [], many])
    }

    @Test func theRevocation() throws {
        let standard = try options(smallest)
        #expect(standard.adminToken.isEmpty)
        #expect(standard.sessions.revocation == RevocationOptions())
        let text = "{watch: false, poll: 90s, keep: 2h, entries: 7, file: revoked}"
        let read = try options(
            smallest + "sessions: {revocation: \(text)}\nadmin: {token: secret}\n"
        )
        #expect(read.adminToken == "secret")
        let revocation = read.sessions.revocation
        #expect(!revocation.watch && revocation.poll == .seconds(90) && revocation.entries == 7)
        #expect(revocation.keep == .seconds(7200) && revocation.file == "revoked")
    }

    @Test func secretsFromFiles() throws {
        let folder = try TemporaryFolder()
        try folder.write("s3cret\r\n", to: "key")
        try folder.write(smallest + "sessions: {core: {api_key_file: key}}", to: "c.yaml")
        let loaded = try load(folder.path + "/c.yaml")
        #expect(loaded.sessions.core.apiKey == "s3cret")
    }

    @Test func upstreamsAndRoutes() throws {
        let loaded = try options(routed)
        let app = loaded.upstreams[0]
        #expect(app.targets == [.http(host: "app", port: 80), .unix(path: "/run/a.sock")])
        #expect(app.host == .name("app.internal:81") && app.maximumConnections == 2)
        #expect(app.connectTimeout == .seconds(1) && app.responseTimeout == .seconds(2))
        #expect(app.idleTimeout == .seconds(3) && app.tunnelIdle == .zero)
        #expect(loaded.upstreams[1].host == .target)
        #expect(loaded.upstreams[1].tunnelIdle == .seconds(3600))
        let routes = loaded.routes
        #expect(
            routes.map(\.name) == ["items", "app.example.com/a", "app.example.com/a#2", "/jwt"]
        )
        #expect(routes[0].path == .pattern("/i/[0-9]+", prefix: "/i"))
        #expect(routes[0].session == .optional && routes[0].stripsPrefix)
        #expect(routes[0].responseIdle == .seconds(600) && routes[1].responseIdle == nil)
        #expect(routes[1].hosts == [.exact("app.example.com"), .wildcard("example.com")])
        #expect(routes[1].methods == ["GET", "PURGE"] && routes[0].origins.isEmpty)
        #expect(routes[1].origins == ["https://a.example.com", "http://b.example.com:81"])
        #expect(routes[1].action == .forward(upstream: 1))
        #expect(routes[1].pathPosition.line == 23 && routes[1].pathPosition.column == 18)
        #expect(routes[3].action == .respondJWT(exposesAccessToken: true))
    }

    private let routed = """
        listeners: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", redirect_to_https: true}]
        upstreams:
          app:
            targets: ["http://App", "unix:/run/a.sock"]
            host: app.internal:81
            max_connections: 2
            connect_timeout: 1s
            response_timeout: 2s
            idle_timeout: 3s
            tunnel_idle: 0
            protocol: http/1.1
          other: {targets: ["http://[::1]:9100"], host: target}
        routes:
          - name: items
            path_regex: "/i/[0-9]+"
            path_prefix: /i
            strip_prefix: true
            session: optional
            response_idle: 10m
            upstream: app
          - hosts: [App.Example.com., "*.example.com"]
            methods: [GET, PURGE]
            path_prefix: /a
            origins: [https://a.example.com, "http://b.example.com:81"]
            upstream: other
          - {hosts: [app.example.com], methods: [POST], path_prefix: /a, upstream: app}
          - {path_exact: /jwt, respond: jwt, expose_access_token: true}

        """

    @Test func whatIsForwarded() throws {
        let forwarding = try options(
            smallest + """
                forwarding:
                  pass_fields: [X-HTTP-Method]
                  cors:
                    origins: ["https://app.example.com", "http://localhost:3000", "app://x"]
                    allow_headers: [X-Trace]
                    max_age: 0s
                  trusted_proxies: [unix, 10.0.0.0/8, 192.0.2.1, "fd00::/8", "2001:db8::1"]
                  request_id: X-Trace-ID
                """
        ).forwarding
        #expect(forwarding.passFields == ["x-http-method"])
        #expect(
            forwarding.corsOrigins == [
                "https://app.example.com", "http://localhost:3000", "app://x",
            ]
        )
        #expect(forwarding.corsAllowHeaders == ["x-trace"] && forwarding.corsMaximumAge == .zero)
        #expect(
            forwarding.trustedProxies == [
                .unix, .v4(0x0A00_0000, prefix: 8), .v4(0xC000_0201, prefix: 32),
                .v6(high: 0xFD00_0000_0000_0000, low: 0, prefix: 8),
                .v6(high: 0x2001_0DB8_0000_0000, low: 1, prefix: 128),
            ]
        )
        #expect(forwarding.requestIDField == "x-trace-id")
    }

    @Test func limitsAtTheirBounds() throws {
        let limits = try options(
            smallest + """
                limits: {request_head: 256, request_fields: 1, request_target: 16B,
                  request_body: 1GiB, connections: 1, tunnels: 1}
                """
        ).limits
        #expect(limits.requestHead == 256 && limits.requestFields == 1)
        #expect(limits.requestTarget == 16 && limits.requestBody == 1 << 30)
        #expect(limits.connections == 1 && limits.tunnels == 1)
    }

    @Test func tlsListeners() throws {
        let folder = try TemporaryFolder()
        try folder.makeCertificate("app", for: "app.example.com")
        try folder.write(
            smallest.replacing(
                "  - address: 127.0.0.1:8080",
                with: """
                      - address: localhost:8443
                        protocols: [http/1.1]
                        tls:
                          minimum_version: 1.3
                          certificates: [{certificate: app.crt, private_key: "${KEY:-app.key}"}]
                      - address: "unix:app.sock"
                    """
            ),
            to: "c.yaml"
        )
        let listeners = try load(folder.path + "/c.yaml").listeners
        let tls = try #require(listeners[0].tls)
        #expect(tls.minimumVersion == .tls13 && tls.applicationProtocols == ["http/1.1"])
        #expect(tls.certificates.map(\.certificate) == [folder.path + "/app.crt"])
        #expect(tls.certificates.map(\.privateKey) == [folder.path + "/app.key"])
        #expect(tls.certificates[0].privateKeyPosition.line == 6)
        #expect(listeners[0].address == .v4(0x7F00_0001, port: 8443))
        #expect(listeners[1].address == .unix(path: folder.path + "/app.sock"))
    }

    @Test func anchorsAndAliases() throws {
        let text =
            smallest.replacing("upstream: app\n", with: "upstream: &name app\n    name: *name\n")
        #expect(try options(text).routes.map(\.name) == ["app"])
    }
}

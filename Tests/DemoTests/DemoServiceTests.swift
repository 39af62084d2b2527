import Authority
import Bytes
import Connections
import Control
import EventLoop
import HTTPCore
import JOSE
import JSON
import Testing

@testable import Control
@testable import sallyport

/// What the service makes of tokens, and when it asks for keys.
@Suite struct DemoServiceTests {
    static let now: Int64 = 1_763_887_913_000
    static let start = Instant(nanoseconds: 10_000_000_000)

    /// An authority's tokens and its key set.
    struct Issued {
        let set: [UInt8]
        let session: CreatedSession

        init() throws {
            var authority = try AuthorityService(nowMilliseconds: now)
            session = try authority.createSession(
                userID: "alice",
                era: .recent,
                nowMilliseconds: now
            )
            set =
                authority.respond(
                    method: .get,
                    path: "/.well-known/jwks.json",
                    nowMilliseconds: now
                )
                .body
        }

        func verify(_ fields: [String], at seconds: Int64 = now / 1000) throws -> DemoToken {
            let keys = try JSONWebKey.set(from: set.span)
            return try DemoToken(authorization: fields, keys: keys, nowSeconds: seconds)
        }
    }

    static func asked(_ token: String?, path: String = "/api") -> ServiceRequest {
        let fields = token.map { [(name: "authorization", value: "Bearer \($0)")] } ?? []
        return request(.get, path, fields: fields)
    }

    @Test func validToken() throws {
        let issued = try Issued()
        let token = try issued.verify(["bearer \(issued.session.accessToken)"])
        #expect(token.claims["sub"] == "alice")
        #expect(token.header["version"] == "5")
    }

    @Test func expiry() throws {
        let issued = try Issued()
        let field = "Bearer \(issued.session.accessToken)"
        let expiry = issued.session.expiry / 1000
        #expect(throws: Never.self) { try issued.verify([field], at: expiry - 1) }
        #expect(throws: DemoToken.Failure.invalid("the token has expired")) {
            try issued.verify([field], at: expiry)
        }
    }

    @Test func refusedTokens() throws {
        let issued = try Issued()
        let token = issued.session.accessToken
        let parts = token.split(separator: ".")
        let none = "eyJhbGciOiJub25lIn0.\(parts[1]).\(parts[2])"
        let other = "\(parts[0]).\(parts[1].dropLast())A.\(parts[2])"
        for field in [
            "Bearer", "Basic \(token)", "Bearer a.b", "Bearer \(none)", "Bearer \(other)",
        ] {
            #expect(throws: DemoToken.Failure.self) { try issued.verify([field]) }
        }
        #expect(throws: DemoToken.Failure.absent) { try issued.verify([]) }
        #expect(throws: DemoToken.Failure.invalid("more than one Authorization")) {
            try issued.verify(["Bearer \(token)", "Bearer \(token)"])
        }
    }

    @Test func unknownKeysAreFetchedOnceASecond() throws {
        let issued = try Issued()
        let mine = ServiceTicket(bits: 1)
        var service = DemoService()
        func begins(at instant: Instant) -> Bool { service.beginFetch(now: instant) }
        var began = begins(at: Self.start)
        #expect(began)
        let asked = Self.asked(issued.session.accessToken)
        func status(at instant: Instant) -> UInt16? {
            service.respond(asked, mine, now: instant, wallMilliseconds: Self.now)?.status
        }
        // Requests wait for the fetch under way, and need no second one.
        let first = status(at: Self.start)
        #expect(first == nil)
        began = begins(at: Self.start)
        #expect(!began)
        let failed = service.endFetch(CallOutcome(id: 0, answer: nil))
        #expect(failed.map(\.0) == [mine])
        #expect(service.conclude(asked, wallMilliseconds: Self.now).status == 401)
        began = begins(at: Self.start)
        #expect(!began)
        // After a second there is another.
        let early = status(at: Self.start + .milliseconds(999))
        #expect(early == 401)
        let second = status(at: Self.start + .seconds(1))
        #expect(second == nil)
        began = begins(at: Self.start + .seconds(1))
        #expect(began)
        let answered = service.endFetch(CallOutcome(id: 0, answer: (200, issued.set)))
        #expect(answered.count == 1)
        #expect(service.conclude(asked, wallMilliseconds: Self.now).status == 200)
        let known = status(at: Self.start + .seconds(1))
        #expect(known == 200)
    }

    @Test func answers() throws {
        let issued = try Issued()
        var service = DemoService()
        _ = service.beginFetch(now: Self.start)
        _ = service.endFetch(CallOutcome(id: 0, answer: (200, issued.set)))
        let token = issued.session.accessToken
        let accepted = service.conclude(Self.asked(token), wallMilliseconds: Self.now)
        #expect(accepted.text.contains("\"user\": \"alice\""))
        #expect(!accepted.text.contains(token))
        let refused = service.conclude(Self.asked(nil), wallMilliseconds: Self.now)
        #expect(refused.status == 401)
        #expect(refused.values("WWW-Authenticate") == ["Bearer realm=\"demo-service\""])
        let bad = service.conclude(Self.asked("x"), wallMilliseconds: Self.now)
        #expect(bad.values("WWW-Authenticate")[0].hasSuffix("error=\"invalid_token\""))
        for path in ["/optional", "/optional/x"] {
            let asked = Self.asked(nil, path: path)
            #expect(service.conclude(asked, wallMilliseconds: Self.now).status == 200)
        }
        let optional = Self.asked("x", path: "/optional")
        #expect(service.conclude(optional, wallMilliseconds: Self.now).status == 401)
    }

    @Test func pageForBrowsersHasNoMarkupOfOthers() {
        let fields = [
            (name: "accept", value: "text/html"), (name: "x-name", value: "</pre><script>"),
        ]
        let response = DemoService().conclude(
            request(.get, "/optional", fields: fields),
            wallMilliseconds: Self.now
        )
        #expect(response.contentType == "text/html; charset=utf-8")
        #expect(response.text.contains("&lt;/pre&gt;&lt;script&gt;"))
        #expect(!response.text.contains("<script"))
    }
}

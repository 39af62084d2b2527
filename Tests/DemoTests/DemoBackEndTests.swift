import Control
import HTTPCore
import Testing

@testable import sallyport

/// The fields are those of the SDKs: names, order within a cookie, encoding.
@Suite struct DemoBackEndTests {
    static let now: Int64 = 1_763_887_913_000

    static func answer(_ request: ServiceRequest) throws -> ServiceResponse {
        var authority = try DemoAuthority(issuer: "https://localhost/auth", nowMilliseconds: now)
        let configuration = DemoConfiguration(
            port: 8443,
            hasIPv6: false,
            directory: "/tmp",
            authority: 1,
            service: 2,
            backEnd: 3,
            admin: 4
        )
        return DemoBackEnd(configuration).respond(
            request,
            authority: &authority,
            nowMilliseconds: now
        )
    }

    static func signIn(_ form: String) throws -> ServiceResponse {
        try answer(request(.post, "/auth/signin", content: form))
    }

    @Test func recentByCookie() throws {
        let response = try Self.signIn("user=alice")
        #expect(response.status == 200)
        let cookies = response.values("Set-Cookie")
        #expect(cookies.count == 1)
        #expect(cookies[0].hasPrefix("sAccessToken=eyJ"))
        #expect(
            cookies[0].hasSuffix(
                "; Path=/; Expires=Mon, 23 Nov 2026 08:51:53 GMT; HttpOnly; Secure; SameSite=Lax"
            )
        )
        #expect(response.values("front-token").count == 1)
        #expect(response.values("st-access-token").isEmpty)
        #expect(response.values("Access-Control-Expose-Headers") == ["front-token"])
    }

    @Test func recentByHeader() throws {
        let response = try Self.signIn("user=alice&transfer=header")
        #expect(response.values("Set-Cookie").isEmpty)
        #expect(response.values("st-access-token").count == 1)
        #expect(
            response.values("Access-Control-Expose-Headers") == ["front-token, st-access-token"]
        )
    }

    @Test func seedByCookie() throws {
        let response = try Self.signIn("user=alice&era=seed")
        let cookies = response.values("Set-Cookie")
        #expect(cookies.count == 2)
        let value = cookies[0].dropFirst("sAccessToken=".count).prefix { $0 != ";" }
        #expect(!value.contains { "+/=".contains($0) })
        #expect(cookies[0].contains("; Expires=Sun, 23 Nov 2025 09:51:53 GMT;"))
        let marker = response.values("id-refresh-token").first?.split(separator: ";") ?? []
        #expect(marker.count == 2)
        #expect(cookies[1].hasPrefix("sIdRefreshToken=\(marker[0]);"))
        #expect(Int64(marker[1]) == Self.now + 100 * 86_400_000)
    }

    @Test func signOut() throws {
        let response = try Self.answer(request(.post, "/auth/signout"))
        #expect(response.status == 200)
        #expect(response.text == "{\"status\":\"OK\"}\n")
        let end = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax"
        #expect(
            response.values("Set-Cookie") == [
                "sAccessToken=; Path=/; \(end)",
                "sRefreshToken=; Path=/auth/session/refresh; \(end)",
                "sIdRefreshToken=; Path=/; \(end)",
            ]
        )
        #expect(response.values("front-token") == ["remove"])
        #expect(response.values("st-access-token") == [""])
    }

    @Test(arguments: ["cross-site", "same-site", "same-origin, none"])
    func pagesOfOtherSites(_ site: String) throws {
        let fields = [(name: "sec-fetch-site", value: site)]
        let response = try Self.answer(
            request(.post, "/auth/signin", fields: fields, content: "user=alice")
        )
        #expect(response.status == 403)
        #expect(response.values("Set-Cookie").isEmpty)
    }

    @Test func othersRequests() throws {
        #expect(try Self.answer(request(.get, "/auth/signin")).status == 405)
        #expect(try Self.answer(request(.post, "/")).values("Allow") == ["GET, HEAD"])
        #expect(try Self.answer(request(.get, "/auth/other")).status == 404)
        #expect(try Self.signIn("user=").status == 400)
    }
}

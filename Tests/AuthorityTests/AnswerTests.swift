import HTTPCore
import JSON
import Testing

@testable import Authority

@Suite("What the authority answers")
struct AnswerTests {
    @Test func `texts, as cores word them`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let cases: [(Method, String, String?, UInt16, String)] = [
            (.get, "/hello", nil, 200, "Hello"), (.get, "/", nil, 200, "Hello"),
            (.put, "/hello", "abc", 200, "Hello"), (.head, "/hello", nil, 405, unsupported),
            (.patch, "/hello", nil, 405, unsupported), (.get, "/hello/", nil, 200, "Hello"),
            (.post, "/apiversion", nil, 405, unsupported),
            (.get, "/recipe/handshake", "2.15", 405, unsupported),
            (.get, "/recipe/jwt", "5.2", 405, unsupported),
            (.post, "/.well-known/jwks.json", nil, 405, unsupported),
            (.get, "/recipe/nope", nil, 404, "Not found"), (.get, "", nil, 404, "Not found"),
            (.get, "/recipe/jwt/jwks/x", nil, 404, "Not found"),
            (.post, "/recipe/handshake", nil, 404, "Not found"),
            (.post, "/recipe/handshake", "2.21", 404, "Not found"),
            (.post, "/recipe/handshake", "99.99", 400, "cdi-version 99.99 not supported"),
            (.get, "/recipe/jwt/jwks", " 5.2.1 ", 400, "cdi-version 5.2.1 not supported"),
            (.get, "/recipe/jwt/jwks", "2.6", 400, "cdi-version 2.6 not supported"),
            (.get, "/recipe/jwt/jwks", "abc", 500, "Invalid version format"),
            (.get, "/recipe/jwt/jwks", "", 500, "Invalid version format"),
            (.get, "/recipe/jwt/jwks", "2", 500, "Invalid version format"),
            (.get, "/recipe/jwt/jwks", "2.", 500, "Invalid version format"),
            (.get, "/recipe/jwt/jwks", "2.99999", 500, "Invalid version format"),
            (.get, "/recipe/jwt/jwks", "2.-1", 500, "Invalid version format"),
        ]
        for (method, path, version, status, body) in cases {
            let answer = authority.respond(
                method: method,
                path: path,
                cdiVersion: version,
                nowMilliseconds: start
            )
            #expect(answer.status == status, "\(path)")
            #expect(text(answer) == body + "\n", "\(path)")
            #expect(answer.contentType == "text/html;charset=UTF-8")
            #expect(answer.headers.isEmpty)
        }
    }

    private let unsupported = "Method not supported"

    @Test func `versions`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let answer = authority.respond(
            method: .get,
            path: "/apiversion?x=y",
            nowMilliseconds: start
        )
        #expect(answer.contentType == "application/json;charset=UTF-8")
        let versions = try #require(try json(answer)["versions"]?.array)
        for version: JSONValue in ["2.7", "2.9", "2.10", "2.20", "2.21", "3.0", "4.0", "5.2"] {
            #expect(versions.contains(version))
        }
        #expect(versions.count == 21)
        for version in versions.compactMap(\.string) {
            let answer = authority.respond(
                method: .get,
                path: "/recipe/jwt/jwks",
                cdiVersion: version,
                nowMilliseconds: start
            )
            #expect(answer.status == 200)
        }
    }

    @Test func `key sets`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let answer = authority.respond(
            method: .get,
            path: "/.well-known/jwks.json",
            nowMilliseconds: start + 500
        )
        #expect(answer.headers.map(\.name) == ["Cache-Control"])
        #expect(answer.headers.map(\.value) == ["max-age=604799, must-revalidate"])
        let keys = try #require(try json(answer)["keys"]?.array)
        #expect(keys.map { $0["kid"]?.string?.prefix(2) } == ["d-", "s-"])
        #expect(keys.first?["kid"] == "d-1700000000123")
        #expect(keys.last?["kid"]?.string?.count == 38)
        for key in keys {
            let names = key.object?.members.map(\.name)
            #expect(names == ["kty", "kid", "n", "e", "alg", "use"])
            #expect(key["n"]?.string?.count == 342)
            #expect(key["e"] == "AQAB")
        }
        let recipe = authority.respond(
            method: .get,
            path: "/recipe/jwt/jwks",
            cdiVersion: "2.9",
            nowMilliseconds: start
        )
        #expect(text(recipe) == text(answer).dropLast(2) + ",\"status\":\"OK\"}\n")
    }

    @Test func `the handshake of each version`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let answer = authority.respond(
            method: .post,
            path: "/recipe/handshake",
            cdiVersion: "2.20",
            body: Array("{}".utf8),
            nowMilliseconds: start
        )
        let key = try #require(try json(answer)["jwtSigningPublicKey"]?.string)
        #expect(key.hasPrefix("MIIBIjANBgkq") && key.utf8.count == 392)
        let head = """
            {"status":"OK","jwtSigningPublicKey":"\(key)",\
            "jwtSigningPublicKeyExpiryTime":1700604800123,
            """
        let list = """
            "jwtSigningPublicKeyList":[{"publicKey":"\(key)",\
            "expiryTime":1700612000123,"createdAt":1700000000123}],
            """
        let tail = """
            "accessTokenBlacklistingEnabled":false,"accessTokenValidity":3600000,\
            "refreshTokenValidity":8640000000}

            """
        #expect(text(answer) == head + list + tail)
        let early = authority.respond(
            method: .post,
            path: "/recipe/handshake",
            cdiVersion: "2.8",
            nowMilliseconds: start
        )
        #expect(text(early) == head + tail)
    }

    @Test func `API keys`() throws {
        var options = AuthorityOptions()
        options.apiKeys = ["abcdefghijklmnopqrstuvwxyz-0123", " second-key "]
        var authority = try AuthorityService(options: options, nowMilliseconds: start)
        let given: [(String?, Bool)] = [
            ("abcdefghijklmnopqrstuvwxyz-0123", true), ("second-key", true),
            (" abcdefghijklmnopqrstuvwxyz-0123 ", true), (nil, false), ("", false),
            ("second-ke", false), ("second-key,", false),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123", false),
        ]
        let paths: [(Method, String, Bool)] = [
            (.get, "/apiversion", true), (.get, "/recipe/jwt/jwks", true),
            (.post, "/recipe/handshake", true), (.post, "/recipe/jwt", true),
            (.get, "/hello", false), (.get, "/.well-known/jwks.json", false),
            (.get, "/nope", false),
        ]
        for (apiKey, isKnown) in given {
            for (method, path, needsKey) in paths {
                let answer = authority.respond(
                    method: method,
                    path: path,
                    cdiVersion: "2.15",
                    apiKey: apiKey,
                    nowMilliseconds: start
                )
                let isRefused = text(answer) == "Invalid API key\n" && answer.status == 401
                #expect(isRefused == (needsKey && !isKnown))
            }
        }
    }
}

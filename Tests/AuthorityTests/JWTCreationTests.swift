import HTTPCore
import JSON
import Testing

@testable import Authority

private let domain = #""algorithm":"RS256","jwksDomain":"https://api.example.com""#

extension AuthorityService {
    /// Asks for a JWT.
    fileprivate mutating func createJWT(_ body: String, cdi: String = "5.2") -> AuthorityResponse {
        respond(
            method: .post,
            path: "/recipe/jwt",
            cdiVersion: cdi,
            body: Array(body.utf8),
            nowMilliseconds: start
        )
    }

    /// The key set.
    fileprivate mutating func webKeys() -> AuthorityResponse {
        respond(method: .get, path: "/.well-known/jwks.json", nowMilliseconds: start)
    }
}

@Suite("JWTs made for others")
struct JWTCreationTests {
    @Test func `claims and their order`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let cases = [
            (
                #"{"sub":"u","iss":"https://i","n":1,"x":{"a":[1,2.5,null]}}"#, "3600",
                #""iat":1700000000,"exp":1700003600,"iss":"https://i","sub":"u","n":1,"#
                    + #""x":{"a":[1,2.5,null]}"#
            ),
            (
                "{}", "3628.908",
                #""iat":1700000000,"exp":1700003628,"iss":"https://api.example.com""#
            ),
            (
                #"{"exp":5,"sub":"é"}"#, "3.6e3",
                #""iat":1700000000,"exp":5,"iss":"https://api.example.com","sub":"é""#
            ),
            (
                "{}", "9223372036854775807",
                #""iat":1700000000,"exp":9223372036854775807,"iss":"https://api.example.com""#
            ),
        ]
        for (claims, validity, expected) in cases {
            let body = "{\"payload\":\(claims),\"validity\":\(validity),\(domain)}"
            let answer = authority.createJWT(body)
            let jwt = try #require(try json(answer)["jwt"]?.string)
            #expect(text(answer) == "{\"status\":\"OK\",\"jwt\":\"\(jwt)\"}\n")
            let token = try #require(Token(jwt))
            #expect(token.payloadText == "{\(expected)}")
            let keyID = try #require(token.header["kid"]?.string)
            #expect(keyID.hasPrefix("s-"))
            #expect(token.headerText == "{\"kid\":\"\(keyID)\",\"typ\":\"JWT\",\"alg\":\"RS256\"}")
            #expect(token.isSigned(by: try key(keyID, in: authority.webKeys())))
        }
    }

    @Test func `the dynamic key only where it is asked for, from version 2.21 on`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let cases = [("false", "2.21", "d-"), ("true", "2.21", "s-"), ("false", "2.20", "s-")]
        for (isStatic, version, prefix) in cases {
            let body =
                "{\"payload\":{},\"validity\":1,\(domain),\"useStaticSigningKey\":\(isStatic)}"
            let answer = authority.createJWT(body, cdi: version)
            let token = try #require(Token(try json(answer)["jwt"]?.string ?? ""))
            #expect(token.header["kid"]?.string?.prefix(2) == prefix[...])
            #expect(
                token.isSigned(by: try key(token.header["kid"]?.string, in: authority.webKeys()))
            )
        }
    }

    /// One authority for all: making its keys takes longer than all the rest.
    @Test func `what cannot be signed is 400`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let cases = [
            ("", "Invalid Json Input"), ("[]", "Invalid Json Input"),
            ("null", "Invalid Json Input"),
            ("{\"a\":1,\"a\":2}", "Invalid Json Input"), ("{\"payload\":", "Invalid Json Input"),
            ("{\"payload\":{},\"validity\":1,\"jwksDomain\":\"d\"}", field("algorithm")),
            ("{\"payload\":{},\"validity\":1,\"algorithm\":\"RS256\"}", field("jwksDomain")),
            ("{\"validity\":1,\(domain)}", field("payload")),
            ("{\"payload\":[],\"validity\":1,\(domain)}", field("payload")),
            ("{\"payload\":{},\(domain)}", field("validity")),
            ("{\"payload\":{},\"validity\":\"1\",\(domain)}", field("validity")),
            ("{\"payload\":{},\"validity\":1e99,\(domain)}", field("validity")),
            ("{\"payload\":{},\"validity\":1e999,\(domain)}", field("validity")),
            (
                "{\"payload\":{},\"validity\":1,\(domain),\"useStaticSigningKey\":0}",
                field("useStaticSigningKey")
            ),
            ("{\"payload\":{},\"validity\":0,\(domain)}", notPositive),
            ("{\"payload\":{},\"validity\":-1,\(domain)}", notPositive),
            ("{\"payload\":{},\"validity\":0.5,\(domain)}", notPositive),
        ]
        for (body, expected) in cases {
            let answer = authority.createJWT(body)
            #expect(answer.status == 400)
            #expect(text(answer) == expected + "\n")
        }
    }

    @Test func `other algorithms are an answer of their own`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let body = #"{"payload":{},"validity":1,"algorithm":"HS256","jwksDomain":"d"}"#
        let answer = authority.createJWT(body)
        #expect(answer.status == 200)
        #expect(text(answer) == "{\"status\":\"UNSUPPORTED_ALGORITHM_ERROR\"}\n")
    }

    @Test func `a body cut or changed at any byte never traps`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let body = "{\"payload\":{\"a\":1},\"validity\":1e1,\(domain)}"
        for index in body.utf8.indices {
            let cut = String(decoding: Array(body.utf8[..<index]), as: UTF8.self)
            #expect(authority.createJWT(cut).status == 400)
        }
    }
}

private let notPositive = "validity must be greater than or equal to 0"

private func field(_ name: String) -> String {
    "Field name '\(name)' is invalid in JSON input"
}

import HTTPCore
import JOSE
import JSON
import Testing

@testable import Authority

extension AuthorityService {
    /// The newest dynamic key as a handshake tells it, and those before.
    fileprivate mutating func handshakeKeys(at time: Int64 = start) throws -> [String] {
        let answer = respond(
            method: .post,
            path: "/recipe/handshake",
            cdiVersion: "2.15",
            nowMilliseconds: time
        )
        let list = try json(answer)["jwtSigningPublicKeyList"]?.array ?? []
        return list.compactMap { $0["publicKey"]?.string }
    }

    /// The key set.
    fileprivate mutating func webKeys(at time: Int64 = start) -> AuthorityResponse {
        respond(method: .get, path: "/.well-known/jwks.json", nowMilliseconds: time)
    }

    /// The key IDs of the key set.
    fileprivate mutating func keyIDs(at time: Int64) throws -> [String] {
        let keys = try json(webKeys(at: time))["keys"]?.array ?? []
        return keys.compactMap { $0["kid"]?.string }
    }
}

private func front(_ session: CreatedSession) throws -> String {
    let text = Array(session.frontToken.utf8)
    let decoded = Base64.decodeStandard(text.span)
    return String(decoding: try #require(decoded), as: UTF8.self)
}

@Suite("Sessions issued")
struct SessionCreationTests {
    @Test func `the seed era: a V2 token around a JWT`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let session = try authority.createSession(
            userID: "user-ü",
            era: .seed,
            payload: ["role": "admin", "n": .integer(1)],
            nowMilliseconds: start
        )
        #expect(
            session.accessToken.hasPrefix(
                "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIyIn0=."
            )
        )
        #expect(session.expiry == start + 3_600_000)
        #expect(session.antiCSRFToken == nil)
        let token = try #require(Token(session.accessToken, isLegacy: true))
        #expect(token.isSigned(by: try key(legacyText: authority.handshakeKeys().first)))
        let payload = token.payload
        let jwt = try #require(payload["userData"]?["jwt"]?.string)
        let hash = try #require(payload["refreshTokenHash1"]?.string)
        #expect(hash.utf8.count == 64)
        let userData = #"{"role":"admin","n":1,"jwt":"\#(jwt)","_jwtPName":"jwt"}"#
        let expected = """
            {"sessionHandle":"\(session.handle)","userId":"user-ü","refreshTokenHash1":"\(hash)",\
            "parentRefreshTokenHash1":null,"userData":\(userData),"antiCsrfToken":null,\
            "expiryTime":1700003600123,"timeCreated":1700000000123,"lmrt":1700000000123}
            """
        #expect(token.payloadText == expected)
        let frontText = #"{"uid":"user-ü","ate":1700003600123,"up":\#(userData)}"#
        #expect(try front(session) == frontText)
        let inner = try #require(Token(jwt))
        let claims = """
            {"iss":"http://localhost/auth","sub":"user-ü","role":"admin","n":1,\
            "exp":1700003630,"iat":1700000000}
            """
        #expect(inner.payloadText == claims)
        let keyID = try #require(inner.header["kid"]?.string)
        #expect(keyID.hasPrefix("s-") && inner.header["version"] == nil)
        #expect(inner.isSigned(by: try key(keyID, in: authority.webKeys())))
        #expect(!token.isSigned(by: try key(keyID, in: authority.webKeys())))
    }

    @Test func `the recent era: a V5 token`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let session = try authority.createSession(
            userID: "u",
            era: .recent,
            payload: ["st-ev": .object(["v": .bool(true), "t": .integer(start)])],
            hasAntiCSRF: true,
            nowMilliseconds: start
        )
        let token = try #require(Token(session.accessToken))
        let header = #"{"kid":"d-1700000000123","typ":"JWT","version":"5","alg":"RS256"}"#
        #expect(token.headerText == header)
        #expect(token.isSigned(by: try key("d-1700000000123", in: authority.webKeys())))
        let hash = try #require(token.payload["refreshTokenHash1"]?.string)
        let antiCSRF = try #require(session.antiCSRFToken)
        #expect(antiCSRF.utf8.count == 36)
        let claims = """
            {"iat":1700000000,"exp":1700003600,"sub":"u","tId":"public","rsub":"u",\
            "sessionHandle":"\(session.handle)","refreshTokenHash1":"\(hash)",\
            "parentRefreshTokenHash1":null,"antiCsrfToken":"\(antiCSRF)",\
            "iss":"http://localhost/auth","st-ev":{"v":true,"t":1700000000123}}
            """
        #expect(token.payloadText == claims)
        #expect(session.expiry == 1_700_003_600_000)
        #expect(try front(session) == #"{"uid":"u","ate":1700003600000,"up":\#(claims)}"#)
    }

    @Test func `a static key for a recent session`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let session = try authority.createSession(
            userID: "u",
            era: .recent,
            usesStaticKey: true,
            nowMilliseconds: start
        )
        let token = try #require(Token(session.accessToken))
        let keyID = try #require(token.header["kid"]?.string)
        #expect(keyID.hasPrefix("s-"))
        #expect(token.isSigned(by: try key(keyID, in: authority.webKeys())))
    }

    @Test func `claims of the format's own are refused`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let names = [(AuthorityService.Era.seed, "userId"), (.recent, "sub"), (.recent, "stt")]
        for (era, name) in names {
            var failure: AuthorityFailure?
            do {
                _ = try authority.createSession(
                    userID: "u",
                    era: era,
                    payload: [name: "x"],
                    nowMilliseconds: start
                )
            } catch {
                failure = error
            }
            #expect(failure == .protectedClaim)
        }
    }

    @Test func `handles and hashes differ`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        var handles: Set<String> = []
        for era in AuthorityService.Era.allCases {
            for _ in 0..<3 {
                let session = try authority.createSession(
                    userID: "u",
                    era: era,
                    nowMilliseconds: start
                )
                handles.insert(session.handle)
                handles.insert(session.accessToken)
            }
        }
        #expect(handles.count == 12)
    }
}

@Suite("Key rotation")
struct KeyRotationTests {
    @Test func `the old key stays listed, and the new one signs`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        let old = try authority.createSession(userID: "u", era: .recent, nowMilliseconds: start)
        let oldSeed = try authority.createSession(userID: "u", era: .seed, nowMilliseconds: start)
        try authority.rotate(nowMilliseconds: start + 1000)
        let new = try authority.createSession(
            userID: "u",
            era: .recent,
            nowMilliseconds: start + 1000
        )
        let ids = try authority.keyIDs(at: start + 1000)
        #expect(ids.dropLast() == ["d-1700000001123", "d-1700000000123"])
        for session in [old, new] {
            let token = try #require(Token(session.accessToken))
            let keyID = token.header["kid"]?.string
            #expect(token.isSigned(by: try key(keyID, in: authority.webKeys(at: start + 1000))))
        }
        let keys = try authority.handshakeKeys(at: start + 1000)
        #expect(keys.count == 2)
        let seed = try #require(Token(oldSeed.accessToken, isLegacy: true))
        #expect(!seed.isSigned(by: try key(legacyText: keys.first)))
        #expect(seed.isSigned(by: try key(legacyText: keys.last)))
    }

    @Test func `two rotations in one millisecond give two IDs`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        try authority.rotate(nowMilliseconds: start)
        try authority.rotate(nowMilliseconds: start - 5)
        let ids = try authority.keyIDs(at: start)
        #expect(ids.dropLast() == ["d-1700000000125", "d-1700000000124", "d-1700000000123"])
    }

    @Test func `a key rotates when its time is over, and leaves when its tokens' is`() throws {
        let interval: Int64 = 604_800_000
        var authority = try AuthorityService(nowMilliseconds: start)
        let first = try authority.keyIDs(at: start + interval - 1)
        #expect(first.count == 2)
        let second = try authority.keyIDs(at: start + interval)
        #expect(second.count == 3 && second[1] == first[0])
        let overlap: Int64 = 7_200_000
        #expect(try authority.keyIDs(at: start + interval + overlap - 1) == second)
        let last = try authority.keyIDs(at: start + interval + overlap)
        #expect(last == [second[0], second[2]])
    }

    @Test func `rotation by hand lists a bounded number of keys`() throws {
        var authority = try AuthorityService(nowMilliseconds: start)
        for _ in 0..<AuthorityKeys.maximumRetired + 2 {
            try authority.rotate(nowMilliseconds: start)
        }
        #expect(try authority.keyIDs(at: start).count == AuthorityKeys.maximumRetired + 2)
    }

    @Test func `times at the ends of their range never trap`() throws {
        for time in [Int64.min, -1, 0, .max] {
            var authority = try AuthorityService(nowMilliseconds: time)
            for later in [Int64.min, 0, .max] {
                _ = authority.webKeys(at: later)
                _ = try authority.createSession(userID: "u", era: .seed, nowMilliseconds: later)
                _ = try authority.createSession(userID: "u", era: .recent, nowMilliseconds: later)
            }
        }
    }
}

import Bytes
import Cryptography
import JOSE
import JSON
import Sessions

/// A throw-away key pair, made once for all tests.
final class TestKey: @unchecked Sendable {
    let key: RSAPrivateKey

    init() {
        do {
            key = try RSAPrivateKey.generate()
        } catch {
            fatalError("no key: \(error)")
        }
    }

    func webKey(_ keyID: String) -> JSONWebKey {
        let numbers = key.modulusAndExponent
        return JSONWebKey(
            keyID: Array(keyID.utf8),
            modulus: numbers.modulus,
            exponent: numbers.exponent
        )
    }

    func legacyKey(createdAt: Int64, expiry: Int64) -> LegacyKey {
        LegacyKey(
            subjectPublicKeyInfo: key.subjectPublicKeyInfo,
            createdAt: createdAt,
            expiry: expiry
        )
    }

    func sign(_ header: JSONValue, _ payload: JSONValue, _ encoding: JWSSigner.Encoding) -> String {
        let token = try? JWSSigner.sign(
            header: header.serialized(),
            payload: payload.serialized(),
            key: key,
            encoding: encoding
        )
        return String(decoding: token ?? [], as: UTF8.self)
    }
}

/// Tokens as cores make them, and the keys they verify with.
enum TestTokens {
    static let dynamic = TestKey()
    static let fixed = TestKey()
    static let stranger = TestKey()

    /// The tests' present: milliseconds since the epoch.
    static let now: Int64 = 1_800_000_000_000
    static let dynamicID = "d-1799990000000"
    static let fixedID = "s-2de612a5-a5ba-413e-9216-4c43e2e78c86"

    /// Both kinds known, confirmed just now.
    static var keys: KeySet {
        var set = KeySet()
        set.sequence = 1
        set.webKeys = [dynamic.webKey(dynamicID), fixed.webKey(fixedID)]
        set.webKnowledge = .known
        set.webConfirmedAt = now
        set.legacyKeys = [dynamic.legacyKey(createdAt: now - 10_000_000, expiry: now + 86_400_000)]
        set.legacyKnowledge = .known
        set.legacyConfirmedAt = now
        return set
    }

    static var options: SessionOptions {
        let position = SourcePosition(file: "test", line: 1, column: 1)
        return SessionOptions(
            core: CoreOptions(locations: [
                .init(host: "core", port: 3567, basePath: "", position: position)
            ])
        )
    }

    static func authenticator(
        _ options: SessionOptions = options,
        keys: KeySet = keys,
        cacheBytes: Int = 1 << 20
    ) -> Authenticator {
        var authenticator = Authenticator(options: options, cacheBytes: cacheBytes)
        authenticator.replaceKeys(keys)
        return authenticator
    }

    /// A V5 token, made 100 s ago and valid for an hour unless `claims` say otherwise.
    static func v5(
        _ claims: JSONObject = [:],
        header: JSONObject = [:],
        key: TestKey = dynamic,
        encoding: JWSSigner.Encoding = .url
    ) -> String {
        var payload: JSONObject = [
            "iat": .integer(now / 1000 - 100), "exp": .integer(now / 1000 + 3500),
            "sub": .string("user-1"), "tId": .string("public"), "rsub": .string("user-1"),
            "sessionHandle": .string("handle-1"),
            "refreshTokenHash1": .string(String(repeating: "a", count: 64)),
            "parentRefreshTokenHash1": .null, "antiCsrfToken": .null,
        ]
        payload.merge(claims)
        var head: JSONObject = [
            "kid": .string(dynamicID), "typ": .string("JWT"), "version": .string("5"),
            "alg": .string("RS256"),
        ]
        head.merge(header)
        return key.sign(.object(head), .object(payload), encoding)
    }

    /// A V2 token, made 100 s ago and valid for an hour unless `claims` say otherwise.
    static func v2(
        _ claims: JSONObject = [:],
        userData: JSONObject = [:],
        version: String = "2",
        key: TestKey = dynamic
    ) -> String {
        var payload: JSONObject = [
            "sessionHandle": .string("handle-2"), "userId": .string("user-2"),
            "refreshTokenHash1": .string(String(repeating: "b", count: 64)),
            "parentRefreshTokenHash1": .null, "userData": .object(userData),
            "antiCsrfToken": .null, "expiryTime": .integer(now + 3_500_000),
            "timeCreated": .integer(now - 100_000), "lmrt": .integer(now - 100_000),
        ]
        payload.merge(claims)
        let header: JSONValue = .object([
            "alg": .string("RS256"), "typ": .string("JWT"), "version": .string(version),
        ])
        return key.sign(header, .object(payload), .standard)
    }

    /// The `jwt` of a V2 session, as `/recipe/jwt` makes it.
    static func inner(_ claims: JSONObject = [:], header: JSONObject = [:]) -> String {
        var payload: JSONObject = [
            "iss": .string("https://api.example.com/auth"), "sub": .string("user-2"),
            "exp": .integer(now / 1000 + 3530), "iat": .integer(now / 1000 - 100),
        ]
        payload.merge(claims)
        var head: JSONObject = [
            "kid": .string(fixedID), "typ": .string("JWT"), "alg": .string("RS256"),
        ]
        head.merge(header)
        return fixed.sign(.object(head), .object(payload), .url)
    }

    /// A V2 token around `inner(…)`, under the property `jwt` as the seed era's SDKs put it.
    static func v2(inner: String, _ claims: JSONObject = [:]) -> String {
        v2(claims, userData: ["jwt": .string(inner), "_jwtPName": .string("jwt")])
    }
}

extension JSONObject {
    /// Sets the other's members; one that is the string `removed` is taken out.
    mutating func merge(_ other: JSONObject) {
        for member in other.members {
            self[member.name] = member.value == .removed ? nil : member.value
        }
    }
}

extension JSONValue {
    /// In `merge`: take the member out.
    static let removed = JSONValue.string("(removed)")
}

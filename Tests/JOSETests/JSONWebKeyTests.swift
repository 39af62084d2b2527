import Cryptography
import JOSE
import JSON
import Testing

/// Members of a usable key, with some replaced; nil leaves one out.
private func key(_ changes: [(String, JSONValue?)] = []) -> JSONValue {
    var members: JSONObject = [
        "kty": "RSA", "kid": "d-1700000000000", "n": text(TokenVectors.dynamicModulus), "e": "AQAB",
        "alg": "RS256", "use": "sig",
    ]
    for (name, value) in changes { members[name] = value }
    return .object(members)
}

private func text(_ bytes: [UInt8]) -> JSONValue {
    .string(String(decoding: bytes, as: UTF8.self))
}

private func read(_ keys: [JSONValue]) throws(JOSEFailure) -> [JSONWebKey] {
    try JSONWebKey.set(from: JSONValue.object(["keys": .array(keys)]).serialized().span)
}

private func failure(_ text: String) -> JOSEFailure? {
    do {
        _ = try JSONWebKey.set(from: Array(text.utf8).span)
        return nil
    } catch {
        return error
    }
}

@Suite("Key sets")
struct JSONWebKeyTests {
    @Test func `a core's set`() throws {
        let keys = try read([
            key(),
            key([("kid", "s-2de612a5"), ("n", text(TokenVectors.staticModulus))]),
        ])
        #expect(keys.map(\.keyID) == [Array("d-1700000000000".utf8), Array("s-2de612a5".utf8)])
        #expect(
            keys.map(\.modulus)
                == [TokenVectors.dynamicModulus, TokenVectors.staticModulus]
                .map { decodedURL($0) }
        )
        #expect(keys.allSatisfy { $0.exponent == [1, 0, 1] })
        let again = try JSONWebKey.set(from: JSONWebKey.serialized(keys).span)
        #expect(again == keys)
    }

    /// RFC 7517 appendix A.1: an elliptic curve key and an RSA key.
    @Test func `RFC 7517's example`() throws {
        let modulus = RFCVectors.setModulus
        let elliptic: JSONValue = .object([
            "kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "use": "enc", "kid": "1",
        ])
        let rsa: JSONValue = .object([
            "kty": "RSA", "n": text(modulus), "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        ])
        let keys = try read([elliptic, rsa])
        #expect(keys.map(\.keyID) == [Array("2011-04-29".utf8)])
    }

    @Test func `members that are unknown or left out change nothing`() throws {
        let usable = [
            key([("x5c", .array(["MII"])), ("d", "AQAB"), ("unknown", .object(["a": .null]))]),
            key([("alg", nil)]), key([("use", nil)]), key([("alg", nil), ("use", nil)]),
            key([("key_ops", .array(["verify"]))]), key([("key_ops", .array(["a", "verify"]))]),
        ]
        for key in usable { #expect(try read([key]).count == 1) }
        let text = #"{"status":"OK","keys":[],"more":{"keys":1}}"#
        #expect(failure(text) == nil)
    }

    /// Cores up to 3.6.0 write the sign byte that Java puts before the modulus.
    @Test func `a zero before the modulus is dropped`() throws {
        let modulus = try #require(decodedURL(TokenVectors.dynamicModulus))
        let padded = Base64.encodeURL(([0] + modulus).span)
        let keys = try read([key([("n", text(padded))])])
        #expect(keys.first?.modulus == modulus)
    }

    @Test func `keys that cannot verify RS256 are skipped`() throws {
        let short = text(Base64.encodeURL([UInt8](repeating: 0xFF, count: 255).span))
        let unusable: [JSONValue] = [
            key([("kty", nil)]), key([("kty", "oct")]), key([("kty", "rsa")]),
            key([("kty", .array(["RSA"]))]), key([("kid", nil)]), key([("kid", "")]),
            key([("kid", .integer(1))]), key([("n", nil)]), key([("n", "")]), key([("n", short)]),
            key([("n", .integer(3))]), key([("n", text(TokenVectors.dynamicModulus + [0x3D]))]),
            key([("n", text(TokenVectors.dynamicModulus + [0x2B]))]), key([("e", nil)]),
            key([("e", "")]), key([("e", "AQ")]), key([("e", "Ag")]), key([("e", "AQABAQAB")]),
            key([("alg", "RS512")]), key([("alg", "none")]), key([("alg", "HS256")]),
            key([("alg", .null)]), key([("use", "enc")]), key([("use", .null)]),
            key([("key_ops", .array([]))]), key([("key_ops", .array(["sign"]))]),
            key([("key_ops", "verify")]), .null, .string("RSA"), .array([key()]), .object([:]),
        ]
        for key in unusable { #expect(try read([key]).isEmpty) }
        #expect(try read(unusable + [key()]).count == 1)
    }

    @Test func `of keys with one ID none is taken`() throws {
        let other = key([("kid", "other")])
        let same = key([("n", text(TokenVectors.staticModulus))])
        #expect(try read([key(), same, other]).map(\.keyID) == [Array("other".utf8)])
        #expect(try read([key(), key(), other]).map(\.keyID) == [Array("other".utf8)])
        #expect(try read([key(), key([("use", "enc")])]).count == 1)
    }

    @Test func `sets with a wrong top are refused`() {
        let wrong = ["null", "[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"key\":[]}", "1"]
        for text in wrong { #expect(failure(text) == .notAKeySet) }
        #expect(failure("") == .notJSON(.unexpectedEnd))
        #expect(failure("{\"keys\":[]}x") == .notJSON(.trailingBytes))
        #expect(failure("{\"keys\":[],\"keys\":[]}") == .notJSON(.duplicateMember))
        #expect(failure("<html>") == .notJSON(.unexpectedByte))
    }

    @Test func `one past every limit is refused`() throws {
        #expect(try read([JSONValue](repeating: .null, count: 64)).isEmpty)
        #expect(throws: JOSEFailure.tooManyKeys) {
            try read([JSONValue](repeating: .null, count: 65))
        }
        let space = String(repeating: " ", count: JSONWebKey.maximumSetBytes - 11)
        #expect(failure("{\"keys\":[]}" + space) == nil)
        #expect(failure("{\"keys\":[]}" + space + " ") == .setTooLarge)
    }

    @Test func `a set cut or changed at any byte never traps`() throws {
        let text = JSONValue.object(["keys": .array([key()])]).serialized()
        for index in text.indices {
            let isCutRead = (try? JSONWebKey.set(from: Array(text[..<index]).span)) != nil
            #expect(!isCutRead)
            for byte: UInt8 in [0x22, 0x5C, 0x7D, 0xFF] {
                var changed = text
                changed[index] = byte
                _ = try? JSONWebKey.set(from: changed.span)
            }
        }
    }
}

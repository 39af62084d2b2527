import Bytes
import Cryptography
import JOSE
import Testing

/// Header, payload and signature as text; nil when the token does not split.
private func parts(_ token: String) -> [String]? {
    let bytes = Array(token.utf8)
    guard let parts = CompactJWS.split(bytes.span) else { return nil }
    let ranges = [parts.header, parts.payload, parts.signature, parts.signed]
    return ranges.map { String(decoding: bytes[$0.indices], as: UTF8.self) }
}

private enum Encoding { case url, standard }

/// Whether the token's signature is the key's; a signature that is not canonical makes it false.
private func isValid(
    _ token: [UInt8],
    _ numbers: RSANumbers,
    _ encoding: Encoding = .url
) -> Bool {
    let token = token.span
    guard let key = try? RSAPublicKey(numbers), let parts = CompactJWS.split(token) else {
        return false
    }
    let text = token.bytes(parts.signature)
    let signature = encoding == .url ? Base64.decodeURL(text) : Base64.decodeStandard(text)
    guard let signature else { return false }
    return key.verifySHA256(signature: signature.span, message: token.bytes(parts.signed))
}

/// The numbers of a key with the usual exponent.
private func numbers(modulus: [UInt8]) throws -> RSANumbers {
    let modulus = try #require(decodedURL(modulus))
    return try RSANumbers(modulus: modulus.span, exponent: [1, 0, 1].span)
}

@Suite("Compact JWS")
struct CompactJWSTests {
    @Test func `three parts and nothing else`() {
        #expect(parts("a.b.c") == ["a", "b", "c", "a.b"])
        #expect(parts("abc.de.fghi") == ["abc", "de", "fghi", "abc.de"])
        let refused = [
            "", ".", "..", "a..", "..a", ".a.", "a.b.", ".b.c", "a..c", "a.b", "abc", "a.b.c.d",
            "a.b.c.", ".a.b.c", "a.b..c", "a.b.c.d.e", "...",
        ]
        for token in refused { #expect(parts(token) == nil) }
    }

    /// RFC 7515 appendix A.2.
    @Test func `RFC 7515's example is valid, and no change of it is`() throws {
        let key = try numbers(modulus: RFCVectors.modulus)
        let token = RFCVectors.token
        #expect(isValid(token, key))
        for index in token.indices {
            var changed = token
            changed[index] ^= 1
            #expect(!isValid(changed, key))
            #expect(!isValid(Array(token[..<index]), key))
        }
        let unsigned = token[..<(token.lastIndex(of: 0x2E) ?? 0)]
        let refused = [
            token + Array("==".utf8), token + [0], [0x20] + token, Array(unsigned),
            unsigned + [0x2E], unsigned + Array(".AA".utf8), token + Array(".AA".utf8),
        ]
        for token in refused { #expect(!isValid(token, key)) }
    }

    @Test func `session tokens of both eras`() throws {
        let legacy = try #require(decodedStandard(TokenVectors.legacyKey))
        let dynamic = try RSANumbers(subjectPublicKeyInfo: legacy.span)
        let other = try numbers(modulus: TokenVectors.staticModulus)
        #expect(try dynamic == numbers(modulus: TokenVectors.dynamicModulus))
        #expect(isValid(TokenVectors.v5Dynamic, dynamic))
        #expect(!isValid(TokenVectors.v5Dynamic, other))
        #expect(isValid(TokenVectors.v5Static, other))
        #expect(!isValid(TokenVectors.v5Static, dynamic))
        #expect(isValid(TokenVectors.v2, dynamic, .standard))
        #expect(!isValid(TokenVectors.v2, other, .standard))
        #expect(!isValid(TokenVectors.v2, dynamic, .url))
        #expect(!isValid(TokenVectors.v5Dynamic, dynamic, .standard))
        let unpadded = TokenVectors.v2.dropLast(2)
        #expect(!isValid(Array(unpadded), dynamic, .standard))
    }

    @Test func `what is signed here is valid in both encodings`() throws {
        let pair = try RSAPrivateKey.generate()
        let key = try RSANumbers(subjectPublicKeyInfo: pair.subjectPublicKeyInfo.span)
        let header = Array(#"{"alg":"RS256"}"#.utf8)
        let payload = Array(#"{"sub":"~~~???"}"#.utf8)
        let url = try JWSSigner.sign(header: header, payload: payload, key: pair, encoding: .url)
        #expect(isValid(url, key))
        #expect(!url.contains(0x3D))
        let token = try JWSSigner.sign(
            header: header,
            payload: payload,
            key: pair,
            encoding: .standard
        )
        #expect(isValid(token, key, .standard))
        let split = CompactJWS.split(token.span)
        let parts = try #require(split)
        #expect(parts.header.count.isMultiple(of: 4) && parts.payload.count.isMultiple(of: 4))
    }
}

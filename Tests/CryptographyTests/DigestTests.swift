import Cryptography
import Testing

@Suite("Digests, random bytes, comparison")
struct DigestTests {
    /// FIPS 180-4 examples.
    @Test(
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
    )
    func `SHA-256`(_ text: String, _ expected: String) {
        let digest = SHA256.digest(Array(text.utf8).span)
        #expect(hexadecimal(digest) == expected)
    }

    /// FIPS 180-4 examples, and RFC 6455 §1.3.
    @Test(
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                "b37a4f2cc0624f1690f64606cf385945b2bec4ea"
            ),
        ]
    )
    func `SHA-1`(_ text: String, _ expected: String) {
        let digest = SHA1.digest(Array(text.utf8).span)
        #expect(digest.map(hexadecimal) == expected)
    }

    @Test func `random bytes come in any count and differ`() {
        for count in 0..<20 { #expect(SecureRandom.bytes(count).count == count) }
        #expect(SecureRandom.bytes(16) != SecureRandom.bytes(16))
        var bytes = [UInt8](repeating: 0, count: 33)
        SecureRandom.fill(&bytes)
        #expect(bytes != [UInt8](repeating: 0, count: 33))
    }

    @Test func `comparison in constant time`() {
        let bytes: [UInt8] = [1, 2, 3]
        let cases: [([UInt8], Bool)] = [([1, 2, 3], true), ([1, 2, 4], false), ([1, 2], false)]
        for (other, expected) in cases {
            let result = constantTimeEqual(bytes.span, other.span)
            #expect(result == expected)
        }
        let none: [UInt8] = []
        let empty = constantTimeEqual(none.span, none.span)
        #expect(empty)
    }
}

/// Two lower-case digits for each byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }.joined()
}

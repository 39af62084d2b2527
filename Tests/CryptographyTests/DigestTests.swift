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

import COpenSSL
import Cryptography
import TestSupport
import Testing

/// A number of `count` bytes: `first`, zeros, `last`.
private func number(_ count: Int, first: UInt8 = 0x80, last: UInt8 = 1) -> [UInt8] {
    [first] + [UInt8](repeating: 0, count: count - 2) + [last]
}

private func failure(modulus: [UInt8], exponent: [UInt8]) -> CryptographyFailure? {
    do {
        _ = try RSAPublicKey(modulus: modulus.span, exponent: exponent.span)
        return nil
    } catch {
        return error
    }
}

private func failure(subjectPublicKeyInfo der: [UInt8]) -> CryptographyFailure? {
    do {
        _ = try RSAPublicKey(subjectPublicKeyInfo: der.span)
        return nil
    } catch {
        return error
    }
}

@Suite("RSA")
struct RSATests {
    @Test func `a signature is valid for its key and message only`() throws {
        let pair = try RSAPrivateKey.generate()
        let numbers = pair.modulusAndExponent
        let key = try RSAPublicKey(modulus: numbers.modulus.span, exponent: numbers.exponent.span)
        let stranger = try RSAPrivateKey.generate()
        let message = Array("header.payload".utf8)
        let signature = try pair.signSHA256(message.span)
        for _ in 0..<3 {
            let isValid = key.verifySHA256(signature: signature.span, message: message.span)
            #expect(isValid)
        }
        var refused: [([UInt8], [UInt8])] = [
            (try stranger.signSHA256(message.span), message), (signature, message + [0]),
            (signature, []), ([], message), (Array(signature.dropLast()), message),
            (signature + [0], message), ([0] + signature, message),
            ([UInt8](repeating: 0, count: 256), message), (number(256, first: 0, last: 1), message),
            ([UInt8](repeating: 0xFF, count: 256), message), (numbers.modulus, message),
        ]
        for bit in stride(from: 0, to: 256 * 8, by: 97) {
            var changed = signature
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            refused.append((changed, message))
        }
        for (signature, message) in refused {
            let isValid = key.verifySHA256(signature: signature.span, message: message.span)
            #expect(!isValid)
            #expect(ERR_peek_error() == 0)
        }
        let isStillValid = key.verifySHA256(signature: signature.span, message: message.span)
        #expect(isStillValid)
    }

    /// The signature plus the modulus is the same number to a careless verifier.
    @Test func `a signature beyond the modulus is refused`() throws {
        let pair = try RSAPrivateKey.generate()
        let numbers = pair.modulusAndExponent
        let key = try RSAPublicKey(modulus: numbers.modulus.span, exponent: numbers.exponent.span)
        var message: [UInt8] = [0]
        // The sum must fit into the signature's bytes: some message's signature is small enough.
        for attempt in 0..<UInt8(64) {
            message[0] = attempt
            var sum = try pair.signSHA256(message.span)
            var carry = 0
            for index in sum.indices.reversed() {
                let digit = Int(sum[index]) + Int(numbers.modulus[index]) + carry
                sum[index] = UInt8(digit & 0xFF)
                carry = digit >> 8
            }
            if carry != 0 { continue }
            let isValid = key.verifySHA256(signature: sum.span, message: message.span)
            #expect(!isValid)
        }
    }

    @Test func `keys of 2048 to 8192 bits with an odd modulus are taken`() {
        let exponent: [UInt8] = [1, 0, 1]
        #expect(failure(modulus: number(256), exponent: exponent) == nil)
        #expect(failure(modulus: [0, 0] + number(256), exponent: [0] + exponent) == nil)
        #expect(failure(modulus: number(1024), exponent: exponent) == nil)
        let unsuitable = [
            number(255), number(256, first: 0x7F), number(1025, first: 1), number(256, last: 2), [],
            [0], [UInt8](repeating: 0, count: 256), number(128),
        ]
        for modulus in unsuitable {
            #expect(failure(modulus: modulus, exponent: exponent) == .unsuitableModulus)
        }
    }

    @Test func `exponents are odd, from 3 to 2^32`() {
        let taken: [[UInt8]] = [[3], [17], [0, 3], [1, 0, 1], [0xFF, 0xFF, 0xFF, 0xFF]]
        let refused: [[UInt8]] = [[], [0], [1], [2], [1, 0, 0], [1, 0, 0, 0, 1], [0, 0, 1]]
        for exponent in taken { #expect(failure(modulus: number(256), exponent: exponent) == nil) }
        for exponent in refused {
            #expect(failure(modulus: number(256), exponent: exponent) == .unsuitableExponent)
        }
    }

    @Test func `a SubjectPublicKeyInfo round trip, truncations and additions`() throws {
        let pair = try RSAPrivateKey.generate()
        let der = pair.subjectPublicKeyInfo
        let key = try RSAPublicKey(subjectPublicKeyInfo: der.span)
        #expect(key.modulusAndExponent == pair.modulusAndExponent)
        #expect(key.signatureBytes == 256)
        for count in der.indices {
            #expect(failure(subjectPublicKeyInfo: Array(der[..<count])) == .malformedKey)
        }
        #expect(failure(subjectPublicKeyInfo: der + [0]) == .malformedKey)
        #expect(
            failure(subjectPublicKeyInfo: [UInt8](repeating: 0x30, count: 4096)) == .malformedKey
        )
        #expect(ERR_peek_error() == 0)
    }

    /// P-256: SEQUENCE { SEQUENCE { ecPublicKey, prime256v1 }, BIT STRING of the generator }.
    @Test func `a key of another algorithm is refused`() {
        let der: [UInt8] = [
            0x30, 0x39, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
            0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x22, 0x00, 0x03, 0x6B,
            0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40,
            0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8,
            0x98, 0xC2, 0x96,
        ]
        #expect(failure(subjectPublicKeyInfo: der) == .notRSA)
    }

    @Test func `mutated keys never trap`() throws {
        let der = try RSAPrivateKey.generate().subjectPublicKeyInfo
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            var changed = der
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<40, using: &random)
                changed[index] = UInt8.random(in: 0...255, using: &random)
            }
            _ = failure(subjectPublicKeyInfo: changed)
        }
        #expect(ERR_peek_error() == 0)
    }
}

import Cryptography
import JOSE
import Sessions

/// Signs tokens as a core does, with a key made anew in each process: no input holds what it
/// signed.
final class FuzzSigner: @unchecked Sendable {
    static let one = FuzzSigner()

    private let key: RSAPrivateKey
    let keys: KeySet

    init() {
        do {
            key = try RSAPrivateKey.generate()
        } catch {
            fatalError("no key")
        }
        let numbers = key.modulusAndExponent
        let web = JSONWebKey(
            keyID: Array("d-1".utf8),
            modulus: numbers.modulus,
            exponent: numbers.exponent
        )
        keys = KnownKeys.set(
            web: [web],
            legacy: key.subjectPublicKeyInfo,
            at: KnownKeys.now
        )
    }

    /// Headers of legacy tokens are known by their bytes, and such tokens are in the other
    /// Base64.
    func sign(_ header: [UInt8], _ payload: [UInt8]) -> [UInt8]? {
        let isLegacy = ["1", "2"].contains {
            header.elementsEqual(#"{"alg":"RS256","typ":"JWT","version":"\#($0)"}"#.utf8)
        }
        return try? JWSSigner.sign(
            header: header,
            payload: payload,
            key: key,
            encoding: isLegacy ? .standard : .url
        )
    }
}

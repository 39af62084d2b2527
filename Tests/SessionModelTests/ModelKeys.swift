import Bytes
import Cryptography
import JOSE
import Sessions

/// Who signs the model's tokens.
enum ModelSigner: Int, CaseIterable {
    /// Dynamic keys, of which the second takes the first one's place.
    case old, new
    /// A static key.
    case fixed
    /// Nobody whose key the core publishes.
    case stranger

    var keyID: String {
        switch self {
        case .old: "d-1799990000000"
        case .new: "d-1799999990000"
        case .fixed: "s-1"
        case .stranger: "d-1799999995000"
        }
    }

    var isDynamic: Bool { self != .fixed }
}

/// The keys that a core publishes, one set after the other.
enum ModelKeys {
    /// Where clocks start: milliseconds since the epoch.
    static let start: Int64 = 1_800_000_000_000
    /// Milliseconds since the last confirmation for which keys are believed.
    static let maximumStale: Int64 = 24 * 3_600_000

    private final class Pair: @unchecked Sendable {
        let key: RSAPrivateKey

        init() {
            do {
                key = try RSAPrivateKey.generate()
            } catch {
                fatalError("no key: \(error)")
            }
        }
    }

    private static let pairs = ModelSigner.allCases.map { _ in Pair() }

    static func sign(_ header: String, _ payload: String, by signer: ModelSigner) -> [UInt8] {
        let isLegacy = header.contains("version\":\"2\"")
        let token = try? JWSSigner.sign(
            header: Array(header.utf8),
            payload: Array(payload.utf8),
            key: pairs[signer.rawValue].key,
            encoding: isLegacy ? .standard : .url
        )
        return token ?? []
    }

    /// Before any fetch; before, during and after a rotation.
    static let sets: [[ModelSigner]] = [
        [], [.old, .fixed], [.new, .old, .fixed], [.new, .fixed],
    ]

    /// When the newest key of a set was made.
    static func newestCreated(_ set: Int) -> Int64 {
        sets[set].contains(.new) ? 1_799_999_990_000 : 1_799_990_000_000
    }

    /// A set as control publishes it: of the handshake's keys it has the dynamic ones only where
    /// the JWK set does not.
    static func published(_ set: Int, confirmedAt: Int64, sequence: UInt64) -> KeySet {
        var keys = KeySet()
        keys.sequence = sequence
        guard set > 0 else { return keys }
        keys.webKeys = webKeys[set]
        keys.webKnowledge = .known
        keys.webConfirmedAt = confirmedAt
        keys.legacyKnowledge = .absent
        keys.legacyConfirmedAt = confirmedAt
        return keys
    }

    private static let webKeys: [[JSONWebKey]] = sets.map { signers in
        signers.map { signer in
            let numbers = pairs[signer.rawValue].key.modulusAndExponent
            return JSONWebKey(
                keyID: Array(signer.keyID.utf8),
                modulus: numbers.modulus,
                exponent: numbers.exponent
            )
        }
    }
}

public import Cryptography
public import JSON

/// Why a key set or a signature could not be made use of.
public enum JOSEFailure: Error, Equatable, Sendable {
    /// More bytes than `JSONWebKey.maximumSetBytes`.
    case setTooLarge
    /// More keys than `JSONWebKey.maximumKeys`.
    case tooManyKeys
    /// The set is not JSON.
    case notJSON(JSONFailure)
    /// The set is not an object with an array named `keys` (RFC 7517 §5).
    case notAKeySet
    /// The signature could not be made.
    case cannotSign(CryptographyFailure)
}

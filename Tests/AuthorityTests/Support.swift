import Bytes
import Cryptography
import JOSE
import JSON

@testable import Authority

/// The test's clock: milliseconds since the epoch.
let start: Int64 = 1_700_000_000_123

/// An answer's content as text.
func text(_ response: AuthorityResponse) -> String {
    String(decoding: response.body, as: UTF8.self)
}

/// An answer's content, without its line feed, as JSON.
func json(_ response: AuthorityResponse) throws -> JSONValue {
    try JSONValue.parse(response.body.span)
}

/// A token taken apart.
struct Token {
    let header: JSONValue
    let payload: JSONValue
    let headerText: String
    let payloadText: String
    private let bytes: [UInt8]
    private let isLegacy: Bool

    /// Nil for what is no token of JSON parts.
    init?(_ token: String, isLegacy: Bool = false) {
        let bytes = Array(token.utf8)
        guard let parts = CompactJWS.split(bytes.span) else { return nil }
        let encoded = [parts.header, parts.payload].map { bytes[$0.indices] }
        let decoded = encoded.map { part in
            let part = Array(part)
            return isLegacy ? Base64.decodeStandard(part.span) : Base64.decodeURL(part.span)
        }
        guard let head = decoded[0], let content = decoded[1],
            let header = try? JSONValue.parse(head.span),
            let payload = try? JSONValue.parse(content.span)
        else { return nil }
        self.bytes = bytes
        self.isLegacy = isLegacy
        self.header = header
        self.payload = payload
        headerText = String(decoding: head, as: UTF8.self)
        payloadText = String(decoding: content, as: UTF8.self)
    }

    /// Whether the signature is the key's.
    func isSigned(by numbers: RSANumbers?) -> Bool {
        guard let numbers, let key = try? RSAPublicKey(numbers),
            let parts = CompactJWS.split(bytes.span)
        else { return false }
        let text = bytes.span.bytes(parts.signature)
        let signature = isLegacy ? Base64.decodeStandard(text) : Base64.decodeURL(text)
        guard let signature else { return false }
        return key.verifySHA256(
            signature: signature.span,
            message: bytes.span.bytes(parts.signed)
        )
    }
}

/// The numbers of a key set's key, by its ID.
func key(_ keyID: String?, in response: AuthorityResponse) throws -> RSANumbers? {
    let keys = try JSONWebKey.set(from: response.body.span)
    guard let keyID, let key = keys.first(where: { $0.keyID == Array(keyID.utf8) }) else {
        return nil
    }
    return try RSANumbers(modulus: key.modulus.span, exponent: key.exponent.span)
}

/// The numbers of a handshake's public key.
func key(legacyText: String?) throws -> RSANumbers? {
    guard let der = Base64.decodeStandard(Array((legacyText ?? "").utf8).span) else { return nil }
    return try RSANumbers(subjectPublicKeyInfo: der.span)
}

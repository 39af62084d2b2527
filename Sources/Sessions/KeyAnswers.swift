internal import Bytes
internal import Cryptography
internal import JOSE
internal import JSON

/// Reads the answers of the core's key endpoints.
enum KeyAnswers {
    /// What an answer to `GET /.well-known/jwks.json` means.
    static func webKeys(
        status: UInt16,
        _ body: Span<UInt8>
    ) throws(CoreFailure) -> KeyOutcome {
        guard try isOffered(status: status, body) else { return .absent }
        let keys: [JSONWebKey]
        do {
            keys = try JSONWebKey.set(from: body)
        } catch {
            throw .malformed
        }
        guard !keys.isEmpty else { throw .noKeys }
        return .webKeys(keys)
    }

    /// What an answer to `POST /recipe/handshake` means: the key list, or the single key of CDI 2.8
    /// and before. Keys that have ended are left out.
    static func legacyKeys(
        status: UInt16,
        _ body: Span<UInt8>,
        wallMilliseconds: Int64
    ) throws(CoreFailure) -> KeyOutcome {
        guard try isOffered(status: status, body) else { return .absent }
        guard let answer = try? JSONValue.parse(body).object, answer["status"]?.string == "OK"
        else {
            throw .malformed
        }
        var keys: [LegacyKey] = []
        if let list = answer["jwtSigningPublicKeyList"] {
            guard let list = list.array, list.count <= JSONWebKey.maximumKeys else {
                throw .malformed
            }
            for entry in list {
                if let key = legacyKey(entry), !keys.contains(key) { keys.append(key) }
            }
        } else if let key = legacyKey(
            answer["jwtSigningPublicKey"],
            answer["jwtSigningPublicKeyExpiryTime"],
            .integer(0)
        ) {
            keys.append(key)
        }
        keys.removeAll { $0.expiry <= wallMilliseconds }
        guard !keys.isEmpty else { throw .noKeys }
        return .legacyKeys(keys)
    }

    /// Whether the core has keys of the kind at all.
    private static func isOffered(
        status: UInt16,
        _ body: Span<UInt8>
    ) throws(CoreFailure) -> Bool {
        if status == 404 { return false }
        guard status == 200 else { throw .status(status) }
        guard body.count <= KeyFetcher.maximumAnswerBytes else { throw .tooLarge }
        return true
    }

    /// One of the list; nil when it is no key.
    static func legacyKey(_ entry: JSONValue) -> LegacyKey? {
        legacyKey(entry["publicKey"], entry["expiryTime"], entry["createdAt"])
    }

    private static func legacyKey(
        _ key: JSONValue?,
        _ expiry: JSONValue?,
        _ createdAt: JSONValue?
    ) -> LegacyKey? {
        guard let text = key?.string, let der = Base64.decodeStandard(Array(text.utf8).span),
            let expiry = Timestamp.milliseconds(expiry?.double),
            let createdAt = Timestamp.milliseconds(createdAt?.double),
            (try? RSANumbers(subjectPublicKeyInfo: der.span)) != nil
        else { return nil }
        return LegacyKey(subjectPublicKeyInfo: der, createdAt: createdAt, expiry: expiry)
    }
}

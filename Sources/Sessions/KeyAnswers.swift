internal import Bytes
internal import Cryptography
internal import JOSE
internal import JSON

/// Why an answer of the core brought no keys.
public enum KeyFetchFailure: Error, Equatable, Sendable {
    /// The request could not be sent, or no answer came in time.
    case unreachable
    /// Any status but 200, and but a 404 where it means "not offered".
    case status(UInt16)
    /// More than `KeyFetcher.maximumAnswerBytes`.
    case tooLarge
    /// Not the JSON that this endpoint answers with.
    case malformed
    /// No key of it can be used.
    case noKeys

    /// For the log.
    public var detail: StaticString {
        switch self {
        case .unreachable: "the core does not answer"
        case .status(401): "the core refuses the API key"
        case .status: "the core answers with an error status"
        case .tooLarge: "the core's answer is too large"
        case .malformed: "the core's answer is not what this endpoint answers with"
        case .noKeys: "the core's answer holds no usable key"
        }
    }
}

/// Reads the answers of the core's key endpoints.
enum KeyAnswers {
    /// What an answer to the call that brings keys means.
    static func outcome(
        _ kind: KeyKind,
        status: UInt16,
        _ body: Span<UInt8>,
        wallMilliseconds: Int64
    ) -> KeyOutcome {
        if status == 404 { return .absent }
        do throws(KeyFetchFailure) {
            try check(status: status, body)
            switch kind {
            case .web: return .webKeys(try webKeys(body))
            case .legacy:
                return .legacyKeys(try legacyKeys(body, wallMilliseconds: wallMilliseconds))
            }
        } catch {
            return .failed(error)
        }
    }

    private static func check(status: UInt16, _ body: Span<UInt8>) throws(KeyFetchFailure) {
        guard status == 200 else { throw .status(status) }
        guard body.count <= KeyFetcher.maximumAnswerBytes else { throw .tooLarge }
    }

    /// `GET /.well-known/jwks.json`.
    private static func webKeys(_ body: Span<UInt8>) throws(KeyFetchFailure) -> [JSONWebKey] {
        let keys: [JSONWebKey]
        do {
            keys = try JSONWebKey.set(from: body)
        } catch {
            throw .malformed
        }
        guard !keys.isEmpty else { throw .noKeys }
        return keys
    }

    /// `POST /recipe/handshake`: the key list, or the single key of CDI 2.8 and before.
    /// Keys that have ended are left out.
    private static func legacyKeys(
        _ body: Span<UInt8>,
        wallMilliseconds: Int64
    ) throws(KeyFetchFailure) -> [LegacyKey] {
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
        return keys
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

    /// `GET /apiversion`: the newest interface version that still offers the handshake, 2.7 to
    /// 2.20.
    ///
    /// - Returns: nil when the core has none of them.
    static func handshakeVersion(
        status: UInt16,
        _ body: Span<UInt8>
    ) throws(KeyFetchFailure) -> String? {
        try check(status: status, body)
        guard let versions = try? JSONValue.parse(body)["versions"]?.array else {
            throw .malformed
        }
        var newest: Int?
        for version in versions {
            guard let minor = minor(version.string), (7...20).contains(minor) else { continue }
            newest = max(newest ?? minor, minor)
        }
        return newest.map { "2.\($0)" }
    }

    /// The second number of `2.N`.
    private static func minor(_ version: String?) -> Int? {
        guard let version, version.hasPrefix("2."), version.utf8.count <= 4 else { return nil }
        return Int(version.dropFirst(2))
    }
}

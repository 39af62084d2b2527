internal import Bytes
internal import Cryptography
internal import JOSE
internal import JSON

/// Which of its keys the authority signs with.
enum KeyKind {
    /// The newest of those that rotate: session tokens.
    case dynamic
    /// The one that stays: JWTs made for others, which know no rotation.
    case `static`
}

/// The public half of a key, as callers are told of it.
struct PublishedKey {
    let webKey: JSONWebKey
    /// X.509 SubjectPublicKeyInfo in base64, as handshakes give it.
    let legacyText: String
    /// Milliseconds since the epoch.
    let createdAt: Int64

    var keyID: String { String(decoding: webKey.keyID, as: UTF8.self) }
}

/// A key pair with its name.
private struct SigningKey: ~Copyable {
    let published: PublishedKey
    let key: RSAPrivateKey

    init(keyID: String, createdAt: Int64) throws(AuthorityFailure) {
        do {
            key = try RSAPrivateKey.generate()
        } catch {
            throw .cannotSign
        }
        let numbers = key.modulusAndExponent
        published = PublishedKey(
            webKey: JSONWebKey(
                keyID: Array(keyID.utf8),
                modulus: numbers.modulus,
                exponent: numbers.exponent
            ),
            legacyText: String(
                decoding: Base64.encodeStandard(key.subjectPublicKeyInfo.span),
                as: UTF8.self
            ),
            createdAt: createdAt
        )
    }
}

/// The authority's keys: a dynamic one, a static one, and the public halves of dynamic ones before.
struct AuthorityKeys: ~Copyable {
    /// Dynamic keys of the past that are listed at most: rotation by hand has no other bound.
    static let maximumRetired = 7

    private var dynamic: SigningKey
    private let fixed: SigningKey
    private var retired: [PublishedKey] = []
    private let interval: Int64
    /// How long a key is listed after its successor came: twice the access tokens' validity.
    private let overlap: Int64

    init(options: AuthorityOptions, nowMilliseconds: Int64) throws(AuthorityFailure) {
        interval = options.keyInterval.wholeMilliseconds
        overlap = Self.sum(
            options.accessTokenValidity.wholeMilliseconds,
            options.accessTokenValidity.wholeMilliseconds
        )
        let first = try SigningKey(keyID: "d-\(nowMilliseconds)", createdAt: nowMilliseconds)
        let lasting = try SigningKey(keyID: "s-\(Identifier.uuid())", createdAt: nowMilliseconds)
        dynamic = first
        fixed = lasting
    }

    /// Makes a new dynamic key that signs from now on; the one before stays listed.
    mutating func rotate(nowMilliseconds: Int64) throws(AuthorityFailure) {
        // Two keys of one millisecond would have one ID.
        let createdAt = max(nowMilliseconds, Self.sum(dynamic.published.createdAt, 1))
        let next = try SigningKey(keyID: "d-\(createdAt)", createdAt: createdAt)
        retired.insert(dynamic.published, at: 0)
        if retired.count > Self.maximumRetired { retired.removeLast() }
        dynamic = next
    }

    /// Rotates when the dynamic key has had its time, and forgets keys that have had theirs. When
    /// no key can be made the old one goes on.
    mutating func keepUp(nowMilliseconds: Int64) {
        if nowMilliseconds >= nextCreation { try? rotate(nowMilliseconds: nowMilliseconds) }
        let listed = retired.filter { legacyExpiry($0) > nowMilliseconds }
        retired = listed
    }

    /// Dynamic keys, the newest first.
    var dynamicKeys: [PublishedKey] { [dynamic.published] + retired }

    /// Every key as cores list them: dynamic ones, the newest first, then the static one.
    var webKeys: JSONValue {
        .array((dynamicKeys + [fixed.published]).map(\.webKey.json))
    }

    /// When the newest dynamic key gets a successor, in milliseconds since the epoch.
    var nextCreation: Int64 { Self.sum(dynamic.published.createdAt, interval) }

    /// Until when a key verifies, in milliseconds since the epoch.
    func legacyExpiry(_ key: PublishedKey) -> Int64 {
        Self.sum(Self.sum(key.createdAt, interval), overlap)
    }

    /// Signs a JWT: the header names the key, and the format's `version` where there is one.
    func sign(
        _ claims: JSONObject,
        with kind: KeyKind,
        version: String? = nil
    ) throws(AuthorityFailure) -> String {
        var header: JSONObject = ["kid": .string(keyID(kind)), "typ": "JWT"]
        if let version { header["version"] = .string(version) }
        header["alg"] = "RS256"
        return try sign(header, claims, with: kind, encoding: .url)
    }

    /// Signs a V2 session token, whose header names no key.
    func signLegacy(_ payload: JSONObject) throws(AuthorityFailure) -> String {
        let header: JSONObject = ["alg": "RS256", "typ": "JWT", "version": "2"]
        return try sign(header, payload, with: .dynamic, encoding: .standard)
    }

    private func keyID(_ kind: KeyKind) -> String {
        switch kind {
        case .dynamic: dynamic.published.keyID
        case .static: fixed.published.keyID
        }
    }

    private func sign(
        _ header: JSONObject,
        _ payload: JSONObject,
        with kind: KeyKind,
        encoding: JWSSigner.Encoding
    ) throws(AuthorityFailure) -> String {
        let header = JSONValue.object(header).serialized()
        let payload = JSONValue.object(payload).serialized()
        do {
            let token =
                switch kind {
                case .dynamic:
                    try JWSSigner.sign(
                        header: header,
                        payload: payload,
                        key: dynamic.key,
                        encoding: encoding
                    )
                case .static:
                    try JWSSigner.sign(
                        header: header,
                        payload: payload,
                        key: fixed.key,
                        encoding: encoding
                    )
                }
            return String(decoding: token, as: UTF8.self)
        } catch {
            throw .cannotSign
        }
    }

    /// A sum that stays at the end of the range instead of leaving it.
    static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? (right < 0 ? .min : .max) : sum
    }
}

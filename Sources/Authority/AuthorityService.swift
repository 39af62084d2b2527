internal import Bytes
internal import Cryptography
public import HTTPCore
internal import JSON

/// A session authority that lives in memory: it issues sessions of both eras and answers what a
/// gateway and JWT verifiers ask a SuperTokens core (core driver interface 2.7 to 5.2), in a core's
/// own bytes. It does no I/O and knows no clock.
public struct AuthorityService: ~Copyable {
    let options: AuthorityOptions
    var keys: AuthorityKeys

    /// Makes a dynamic and a static key, which takes about 0.1 s.
    public init(
        options: AuthorityOptions = AuthorityOptions(),
        nowMilliseconds: Int64
    ) throws(AuthorityFailure) {
        self.options = options
        keys = try AuthorityKeys(options: options, nowMilliseconds: nowMilliseconds)
    }

    /// Makes a new dynamic key that signs at once; tokens of the one before stay valid, and it
    /// stays listed.
    public mutating func rotate(nowMilliseconds: Int64) throws(AuthorityFailure) {
        try keys.rotate(nowMilliseconds: nowMilliseconds)
    }

    /// Answers one request.
    ///
    /// - Parameters:
    ///   - method: the request's method.
    ///   - path: the path, from the authority's base path on; a query is not looked at.
    ///   - cdiVersion: the value of `cdi-version`; nil = the newest.
    ///   - apiKey: the value of `api-key`, or what follows the scheme in `Authorization`.
    ///   - body: the request's content.
    ///   - nowMilliseconds: since the epoch.
    /// - Returns: the answer; nothing a caller sends makes this fail.
    public mutating func respond(
        method: Method,
        path: String,
        cdiVersion: String? = nil,
        apiKey: String? = nil,
        body: [UInt8] = [],
        nowMilliseconds: Int64
    ) -> AuthorityResponse {
        guard let endpoint = Endpoint(path: path) else { return .text(404, "Not found") }
        if endpoint.needsAPIKey, !isAllowed(apiKey) { return .text(401, "Invalid API key") }
        var version = CDIVersion.newest
        if endpoint.needsVersion, let cdiVersion {
            switch CDIVersion.read(cdiVersion) {
            case .supported(let given): version = given
            case .unsupported:
                return .text(400, "cdi-version \(cdiVersion.trimmed) not supported")
            case .malformed: return .text(500, "Invalid version format")
            }
        }
        guard endpoint.methods.contains(method) else { return .text(405, "Method not supported") }
        keys.keepUp(nowMilliseconds: nowMilliseconds)
        switch endpoint {
        case .hello: return .text(200, "Hello")
        case .versions: return .json(CDIVersion.list)
        case .webKeys: return webKeys(nowMilliseconds: nowMilliseconds)
        case .recipeWebKeys: return .json(["keys": keys.webKeys, "status": "OK"])
        case .handshake: return handshake(version)
        case .jwt: return createJWT(body, version, nowMilliseconds: nowMilliseconds)
        }
    }

    private func isAllowed(_ apiKey: String?) -> Bool {
        if options.apiKeys.isEmpty { return true }
        guard let apiKey else { return false }
        let given = SHA256.digest(Array(apiKey.trimmed.utf8).span)
        var isKnown = false
        // Digests, and all keys: the time tells neither a key's length nor its place.
        for key in options.apiKeys {
            let digest = SHA256.digest(Array(key.trimmed.utf8).span)
            if constantTimeEqual(given.span, digest.span) { isKnown = true }
        }
        return isKnown
    }

    private func webKeys(nowMilliseconds: Int64) -> AuthorityResponse {
        let seconds = max(keys.nextCreation.subtractingClamped(nowMilliseconds) / 1000, 1)
        return .json(
            ["keys": keys.webKeys],
            headers: [(name: "Cache-Control", value: "max-age=\(seconds), must-revalidate")]
        )
    }

    /// The dynamic keys as SDKs up to interface version 2.20 ask for them.
    private func handshake(_ version: CDIVersion) -> AuthorityResponse {
        guard version <= .lastLegacy, let newest = keys.dynamicKeys.first else {
            return .text(404, "Not found")
        }
        var answer: JSONObject = [
            "status": "OK",
            "jwtSigningPublicKey": .string(newest.legacyText),
            "jwtSigningPublicKeyExpiryTime": .integer(keys.nextCreation),
        ]
        if version >= .keyList {
            answer["jwtSigningPublicKeyList"] = .array(
                keys.dynamicKeys.map { key in
                    .object([
                        "publicKey": .string(key.legacyText),
                        "expiryTime": .integer(keys.legacyExpiry(key)),
                        "createdAt": .integer(key.createdAt),
                    ])
                }
            )
        }
        answer["accessTokenBlacklistingEnabled"] = .bool(false)
        answer["accessTokenValidity"] = .integer(options.accessTokenValidity.wholeMilliseconds)
        answer["refreshTokenValidity"] = .integer(options.refreshTokenValidity.wholeMilliseconds)
        return .json(answer)
    }
}

/// What the authority can be asked.
private enum Endpoint {
    case hello, versions, webKeys, recipeWebKeys, handshake, jwt

    init?(path: String) {
        var path = path.prefix { $0 != "?" }
        if path.count > 1, path.hasSuffix("/") { path.removeLast() }
        switch path {
        case "/", "/hello": self = .hello
        case "/apiversion": self = .versions
        case "/.well-known/jwks.json": self = .webKeys
        case "/recipe/jwt/jwks": self = .recipeWebKeys
        case "/recipe/handshake": self = .handshake
        case "/recipe/jwt": self = .jwt
        default: return nil
        }
    }

    var methods: [Method] {
        switch self {
        case .hello: [.get, .post, .put, .delete]
        case .versions, .webKeys, .recipeWebKeys: [.get]
        case .handshake, .jwt: [.post]
        }
    }

    var needsAPIKey: Bool {
        switch self {
        case .hello, .webKeys: false
        case .versions, .recipeWebKeys, .handshake, .jwt: true
        }
    }

    var needsVersion: Bool {
        switch self {
        case .hello, .versions, .webKeys: false
        case .recipeWebKeys, .handshake, .jwt: true
        }
    }
}

extension Int64 {
    fileprivate func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}

internal import HTTPCore

/// The calls that fetch keys.
enum CoreCall: Equatable {
    /// The JWK set: public, no version.
    case webKeys
    /// Which interface versions the core speaks.
    case version
    /// The keys of legacy tokens, in the version agreed.
    case handshake(String)

    /// The kind of keys it is for.
    var kind: KeyKind { self == .webKeys ? .web : .legacy }

    func request(id: UInt64, location: Int, core: CoreOptions) -> KeyFetcher.CoreRequest {
        var headers: [(name: String, value: String)] = []
        if case .handshake(let version) = self {
            headers = [
                (name: "cdi-version", value: version),
                (name: "rid", value: "session"),
                (name: "content-type", value: "application/json; charset=utf-8"),
            ]
        }
        // The key is not shown where it is not needed.
        if kind == .legacy, !core.apiKey.isEmpty {
            headers.append((name: "api-key", value: core.apiKey))
        }
        return KeyFetcher.CoreRequest(
            id: id,
            location: location,
            method: kind == .web || self == .version ? .get : .post,
            path: core.locations[location].basePath + path,
            headers: headers,
            body: kind == .web || self == .version ? [] : Array("{}".utf8)
        )
    }

    private var path: String {
        switch self {
        case .webKeys: "/.well-known/jwks.json"
        case .version: "/apiversion"
        case .handshake: "/recipe/handshake"
        }
    }
}

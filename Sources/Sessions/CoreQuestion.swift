internal import Bytes
internal import HTTPCore
internal import JSON

/// What a core can be asked of sessions and keys (protocol, sections 5.2 to 5.4). To ask twice is
/// to ask once.
public enum CoreQuestion: Sendable, Hashable {
    /// Whether an access token's session may be used; finishes the rotation of a child token.
    /// `checksDatabase`: whether it was ended meanwhile, too. The question comes after any check
    /// against forged requests, so the core makes none.
    case verify(token: [UInt8], handle: [UInt8], checksDatabase: Bool)
    /// One session, as the core keeps it.
    case session(handle: String)
    /// The handles of a user's sessions.
    case sessions(user: String)
    /// Ends sessions.
    case revoke(handles: [String])
    /// The JWK set of one core, which is public.
    case webKeys(core: Int)
    /// The keys of legacy tokens of one core.
    case handshake(core: Int)
}

/// The requests that a question takes, one after the other.
enum CoreStep: Sendable, Equatable {
    case question
    /// What `verify` cannot do before CDI 2.21: looks whether the session is still there.
    case presence
}

extension CoreQuestion {
    /// Of a token its last bytes, as `TokenKey` has it.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .verify(let token, _, let checksDatabase):
            hasher.combine(TokenKey(token))
            hasher.combine(checksDatabase)
        case .session(let name), .sessions(let name): hasher.combine(name)
        case .revoke(let handles): hasher.combine(handles)
        case .webKeys(let core), .handshake(let core): hasher.combine(core)
        }
    }

    /// The one core that it is for, whatever the others say; nil = any.
    var core: Int? {
        switch self {
        case .webKeys(let core), .handshake(let core): core
        case .verify, .session, .sessions, .revoke: nil
        }
    }

    /// Whether it is asked in a version of the interface.
    var isVersioned: Bool { if case .webKeys = self { false } else { true } }

    /// The version to ask it in; nil where the core has none that will do.
    func version(of common: CoreVersions) -> CoreVersion? {
        if case .handshake = self { common.handshake } else { common.sessions }
    }

    /// Whether the session's presence must be asked apart.
    func needsPresence(_ version: CoreVersion) -> Bool {
        guard case .verify(_, _, checksDatabase: true) = self else { return false }
        return version < .databaseChecks
    }

    /// Asks a core which versions it speaks.
    static func versions(id: UInt64, location: Int, core: CoreOptions) -> KeyFetcher.CoreRequest {
        KeyFetcher.CoreRequest(
            id: id,
            location: location,
            method: .get,
            path: core.locations[location].basePath + "/apiversion",
            headers: credentials(core),
            body: []
        )
    }

    /// The request of one step, in the version agreed; nil for what has no version.
    func request(
        _ step: CoreStep,
        id: UInt64,
        location: Int,
        version: CoreVersion?,
        core: CoreOptions
    ) -> KeyFetcher.CoreRequest {
        let (path, content) = parts(step, version)
        var headers: [(name: String, value: String)] = []
        if let version {
            headers = [(name: "cdi-version", value: version.text), (name: "rid", value: "session")]
        }
        if content != nil {
            headers.append((name: "content-type", value: "application/json; charset=utf-8"))
        }
        // The key is not shown where it is not needed.
        if isVersioned { headers += Self.credentials(core) }
        return KeyFetcher.CoreRequest(
            id: id,
            location: location,
            method: content == nil ? .get : .post,
            path: core.locations[location].basePath + path,
            headers: headers,
            body: content?.serialized() ?? []
        )
    }

    private static func credentials(_ core: CoreOptions) -> [(name: String, value: String)] {
        core.apiKey.isEmpty ? [] : [(name: "api-key", value: core.apiKey)]
    }

    private func parts(_ step: CoreStep, _ version: CoreVersion?) -> (String, JSONValue?) {
        switch self {
        case .verify(_, let handle, _) where step == .presence:
            return (Self.path("/recipe/session", "sessionHandle", handle), nil)
        case .verify(let token, _, let checksDatabase):
            var content: JSONObject = [
                "accessToken": .string(String(decoding: token, as: UTF8.self)),
                "doAntiCsrfCheck": .bool(false),
                "enableAntiCsrf": .bool(false),
            ]
            if let version, version >= .databaseChecks {
                content["checkDatabase"] = .bool(checksDatabase)
            }
            return ("/recipe/session/verify", .object(content))
        case .session(let handle):
            return (Self.path("/recipe/session", "sessionHandle", Array(handle.utf8)), nil)
        case .sessions(let user):
            return (Self.path("/recipe/session/user", "userId", Array(user.utf8)), nil)
        case .revoke(let handles):
            let list = handles.map { JSONValue.string($0) }
            return ("/recipe/session/remove", .object(["sessionHandles": .array(list)]))
        case .webKeys: return ("/.well-known/jwks.json", nil)
        case .handshake: return ("/recipe/handshake", .object([:]))
        }
    }

    private static func path(_ path: String, _ name: String, _ value: [UInt8]) -> String {
        var text = Array("\(path)?\(name)=".utf8)
        PercentEncoding.append(value.span, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

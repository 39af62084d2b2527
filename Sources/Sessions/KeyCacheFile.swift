internal import Bytes
internal import Cryptography
internal import JOSE
internal import JSON

/// Why a file of keys gives none, or not all that it should.
public enum KeyCacheFailure: Error, Equatable, Sendable {
    /// More than `KeyCacheFile.maximumBytes`.
    case tooLarge
    /// Not what `KeyCacheFile.serialized` writes, or changed since: cut off, another's, or damaged.
    case damaged
    /// Its keys are those of other cores than `core.locations`.
    case otherCores
    /// A core confirmed its keys later than now.
    case fromTheFuture
    /// No core confirmed its keys within `maximum_stale`, or all of them have ended.
    case stale

    /// For the log.
    public var detail: StaticString {
        switch self {
        case .tooLarge: "it is too large"
        case .damaged: "it is damaged, or no file of keys"
        case .otherCores: "its keys are those of other cores than sessions.core.urls"
        case .fromTheFuture: "its keys were confirmed later than now: is the clock right?"
        case .stale: "its keys were confirmed longer ago than sessions.keys.maximum_stale"
        }
    }
}

/// The keys as they were last, in a file: a gateway that starts while no core answers verifies with
/// them, for as long as it would have without the start.
///
///     {"format":"sallyport keys 1","cores":["http://127.0.0.1:3567"],
///      "web":{"confirmedAt":1700000000000,"keys":[a JSON Web Key, …]},
///      "legacy":{"confirmedAt":1700000000000,
///                "keys":[{"publicKey":…,"createdAt":…,"expiryTime":…}]},
///      "sha256":"of all this without this member, in hexadecimal"}
///
/// A kind that no core told about is left out; one that the cores do not offer has no keys. The
/// digest finds what a disk or an editor changed; it is no signature: who may write the file
/// decides whose sessions are accepted.
public enum KeyCacheFile {
    /// Bytes of a file. The answers it comes from have 64 KiB each.
    public static let maximumBytes = 512 * 1024
    /// Milliseconds by which the clock may have been set back since the file was written.
    static let clockTolerance: Int64 = 60_000

    private static let format = "sallyport keys 1"

    /// The file's content for these keys of these cores; nil when it would be too large.
    public static func serialized(_ keys: KeySet, of core: CoreOptions) -> [UInt8]? {
        var members: JSONObject = [
            "format": .string(format), "cores": .array(core.locations.map { .string($0.url) }),
        ]
        if keys.webKnowledge != .unknown {
            let list = keys.webKeys.prefix(JSONWebKey.maximumKeys).map(\.json)
            members["web"] = kind(list, confirmedAt: keys.webConfirmedAt)
        }
        if keys.legacyKnowledge != .unknown {
            let list = keys.legacyKeys.prefix(JSONWebKey.maximumKeys).map(\.json)
            members["legacy"] = kind(list, confirmedAt: keys.legacyConfirmedAt)
        }
        members["sha256"] = .string(digest(of: members))
        let bytes = JSONValue.object(members).serialized()
        return bytes.count <= maximumBytes ? bytes : nil
    }

    /// Reads a file's content.
    ///
    /// - Parameters:
    ///   - bytes: the whole of it.
    ///   - options: whose cores it must be of, and how old its keys may be. Legacy keys are left
    ///     out where no legacy token is accepted.
    ///   - wallMilliseconds: now, since the epoch.
    /// - Throws: why it gives none.
    /// - Returns: the keys with the instants at which a core confirmed them; `sequence` is 0. One
    ///   kind may be unknown, never both.
    public static func keys(
        from bytes: Span<UInt8>,
        options: SessionOptions,
        wallMilliseconds: Int64
    ) throws(KeyCacheFailure) -> KeySet {
        let members = try members(of: bytes)
        guard let cores = members["cores"]?.array else { throw .damaged }
        guard cores == options.core.locations.map({ .string($0.url) }) else { throw .otherCores }
        var keys = KeySet()
        if let web = try kind("web", of: members) {
            keys.webKeys = try webKeys(web.keys)
            keys.webKnowledge = web.keys.isEmpty ? .absent : .known
            keys.webConfirmedAt = try confirmed(web.confirmedAt, wallMilliseconds)
        }
        if let legacy = try kind("legacy", of: members), options.acceptsLegacyTokens {
            keys.legacyKeys = try legacyKeys(legacy.keys)
            keys.legacyKnowledge = legacy.keys.isEmpty ? .absent : .known
            keys.legacyConfirmedAt = try confirmed(legacy.confirmedAt, wallMilliseconds)
        }
        let maximumStale = options.keysMaximumStale.wholeMilliseconds
        keys.dropWhatIsOver(at: wallMilliseconds, maximumStale: maximumStale)
        guard keys.webKnowledge != .unknown || keys.legacyKnowledge != .unknown else {
            throw .stale
        }
        return keys
    }
}

// One member after the other.
extension KeyCacheFile {
    private static func kind(_ keys: [JSONValue], confirmedAt: Int64) -> JSONValue {
        .object(["confirmedAt": .integer(confirmedAt), "keys": .array(keys)])
    }

    /// In lower-case hexadecimal.
    private static func digest(of members: JSONObject) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in SHA256.digest(JSONValue.object(members).serialized().span) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The members but for the digest, which must be theirs.
    private static func members(of bytes: Span<UInt8>) throws(KeyCacheFailure) -> JSONObject {
        guard bytes.count <= maximumBytes else { throw .tooLarge }
        guard var members = try? JSONValue.parse(bytes).object,
            members["format"] == .string(format), let written = members["sha256"]?.string
        else { throw .damaged }
        members["sha256"] = nil
        guard written == digest(of: members) else { throw .damaged }
        return members
    }

    /// Nil where the kind is left out.
    private static func kind(
        _ name: String,
        of members: JSONObject
    ) throws(KeyCacheFailure) -> (keys: [JSONValue], confirmedAt: Int64)? {
        guard let kind = members[name] else { return nil }
        guard let keys = kind["keys"]?.array, keys.count <= JSONWebKey.maximumKeys,
            let confirmedAt = kind["confirmedAt"]?.int64, confirmedAt >= 0
        else { throw .damaged }
        return (keys, confirmedAt)
    }

    /// Each must be one that a set would have given.
    private static func webKeys(
        _ values: [JSONValue]
    ) throws(KeyCacheFailure) -> [JSONWebKey] {
        let keys = JSONWebKey.usable(among: values)
        guard keys.count == values.count else { throw .damaged }
        return keys
    }

    private static func legacyKeys(
        _ values: [JSONValue]
    ) throws(KeyCacheFailure) -> [LegacyKey] {
        var keys: [LegacyKey] = []
        for value in values {
            guard let key = KeyAnswers.legacyKey(value) else { throw .damaged }
            keys.append(key)
        }
        return keys
    }

    /// A clock that was set back a little since makes no keys live longer.
    private static func confirmed(
        _ instant: Int64,
        _ now: Int64
    ) throws(KeyCacheFailure) -> Int64 {
        guard instant <= now &+ clockTolerance else { throw .fromTheFuture }
        return min(instant, now)
    }
}

extension KeySet {
    /// Forgets keys that have ended, and a kind that was confirmed too long ago or has no key left.
    fileprivate mutating func dropWhatIsOver(at now: Int64, maximumStale: Int64) {
        if now &- webConfirmedAt >= maximumStale {
            webKeys = []
            webKnowledge = .unknown
            webConfirmedAt = 0
        }
        legacyKeys.removeAll { $0.expiry <= now }
        let isEmptied = legacyKnowledge == .known && legacyKeys.isEmpty
        if isEmptied || now &- legacyConfirmedAt >= maximumStale {
            legacyKeys = []
            legacyKnowledge = .unknown
            legacyConfirmedAt = 0
        }
    }
}

extension LegacyKey {
    /// As the list of `/recipe/handshake` has it.
    var json: JSONValue {
        let key = Base64.encodeStandard(subjectPublicKeyInfo.span)
        return .object([
            "publicKey": .string(String(decoding: key, as: UTF8.self)),
            "createdAt": .integer(createdAt), "expiryTime": .integer(expiry),
        ])
    }
}

internal import Bytes
public import JOSE

/// One key of `/recipe/handshake`: it verifies V1 and V2 tokens.
public struct LegacyKey: Sendable, Equatable {
    /// X.509 SubjectPublicKeyInfo in DER.
    public var subjectPublicKeyInfo: [UInt8]
    /// Milliseconds since the epoch; 0 when the core does not say (CDI up to 2.8).
    public var createdAt: Int64
    /// Milliseconds since the epoch: from then on the key verifies nothing.
    public var expiry: Int64

    /// Takes the parts as they are; the times are milliseconds since the epoch.
    public init(subjectPublicKeyInfo: [UInt8], createdAt: Int64, expiry: Int64) {
        self.subjectPublicKeyInfo = subjectPublicKeyInfo
        self.createdAt = createdAt
        self.expiry = expiry
    }
}

/// The keys as fetched: a plain value that goes from the control thread to every worker.
public struct KeySet: Sendable, Equatable {
    /// What is known of one kind of keys.
    public enum Knowledge: Sendable {
        /// No core answered since the start.
        case unknown
        /// The core said that it does not offer this kind.
        case absent
        /// The set holds what the core said last.
        case known
    }

    /// Counts up with every set published; 0 = nothing was fetched yet.
    public var sequence: UInt64 = 0
    /// Keys of the JWK set, for V3 tokens and later ones.
    public var webKeys: [JSONWebKey] = []
    /// Handshake keys, for V1 and V2 tokens.
    public var legacyKeys: [LegacyKey] = []
    /// Whether `webKeys` is what a core said.
    public var webKnowledge = Knowledge.unknown
    /// Whether `legacyKeys` is what a core said.
    public var legacyKnowledge = Knowledge.unknown
    /// When a core last confirmed the JWK set, or its absence: milliseconds since the epoch.
    public var webConfirmedAt: Int64 = 0
    /// The same of the handshake keys.
    public var legacyConfirmedAt: Int64 = 0

    /// Nothing known.
    public init() {}

    /// When the newest key of either kind was made, as far as that is known: milliseconds since the
    /// epoch. A legacy token older than it cannot be waiting for a key still to be fetched.
    public var newestKeyCreated: Int64 {
        var newest: Int64 = 0
        for key in legacyKeys { newest = max(newest, key.createdAt) }
        for key in webKeys { newest = max(newest, KeyID.creation(key.keyID.span) ?? 0) }
        return newest
    }

    /// Whether one kind at least is there to verify with; `/readyz` asks.
    ///
    /// - Parameter wallMilliseconds: now, since the epoch.
    /// - Returns: whether a token can be verified at all.
    public func hasUsableKeys(wallMilliseconds: Int64) -> Bool {
        if !webKeys.isEmpty { return true }
        for key in legacyKeys where key.expiry > wallMilliseconds { return true }
        return false
    }
}

/// What SuperTokens key IDs say: `d-<milliseconds>` is a dynamic (rotating) key, all others are
/// static.
enum KeyID {
    static func isDynamic(_ keyID: Span<UInt8>) -> Bool {
        keyID.count >= 2 && keyID[0] == UInt8(ascii: "d") && keyID[1] == UInt8(ascii: "-")
    }

    /// When a dynamic key was made: milliseconds since the epoch; nil when the ID does not say.
    static func creation(_ keyID: Span<UInt8>) -> Int64? {
        // 2^63 has 19 digits: 18 cannot overflow.
        guard isDynamic(keyID), keyID.count > 2, keyID.count <= 20 else { return nil }
        var value: Int64 = 0
        for index in 2..<keyID.count {
            guard keyID[index].isDigit else { return nil }
            value = value &* 10 &+ Int64(keyID[index] &- 0x30)
        }
        return value
    }
}

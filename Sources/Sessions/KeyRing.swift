internal import Bytes
internal import Cryptography
internal import JOSE

/// What the keys say of one token's signature.
enum SignatureVerdict: Equatable {
    /// A key verifies it; the verdict holds until `until` (milliseconds since the epoch) at most.
    case verified(key: UInt32, until: Int64)
    /// The keys that could have signed it did not.
    case bad
    /// No known key can have signed it; one that is not known yet might.
    case unknownKey
    /// The keys that decide are not known, or were not confirmed for too long.
    case keysUnknown
    /// This turn's checks are used up.
    case budgetSpent
}

/// One worker's keys, ready to verify: made from the `KeySet` that the control thread publishes.
///
/// Each key has an identity that it keeps from set to set, so that verdicts can be traced to it.
struct KeyRing: ~Copyable {
    private struct WebKey {
        let key: JSONWebKey
        let identity: UInt32
        let handle: Handle<RSAPublicKey>
    }

    private struct OldKey {
        let key: LegacyKey
        let modulus: [UInt8]
        let identity: UInt32
        let handle: Handle<RSAPublicKey>
    }

    private var keys = Slab<RSAPublicKey>(capacity: KeyRing.capacity)
    private var webKeys: [WebKey] = []
    /// Newest first.
    private var legacyKeys: [OldKey] = []
    private var nextIdentity: UInt32 = 1
    private var set = KeySet()
    private var newestKeyCreated: Int64 = 0
    /// Milliseconds since the last confirmation for which keys are believed.
    private let maximumStale: Int64
    /// Signature checks left in this turn.
    private(set) var budget: Int
    /// Signature checks since the start.
    private(set) var checks: UInt64 = 0

    /// - Parameters:
    ///   - maximumStale: milliseconds.
    ///   - budget: signature checks before the first `refill`.
    init(maximumStale: Int64, budget: Int) {
        self.maximumStale = maximumStale
        self.budget = budget
    }

    /// Both kinds at their largest, old and new at once.
    private static let capacity = 4 * JSONWebKey.maximumKeys
    /// Keys of one kind that are tried on one legacy token, which names none.
    private static let keysTried = 8

    private mutating func spendCheck() {
        budget -= 1
        checks &+= 1
    }

    mutating func refill(_ budget: Int) {
        self.budget = budget
    }

    /// Takes a new set over; keys that are in both keep their identity.
    mutating func replace(with set: KeySet) {
        let oldWebKeys = webKeys
        let oldLegacyKeys = legacyKeys
        webKeys = []
        legacyKeys = []
        for key in set.webKeys.prefix(JSONWebKey.maximumKeys) {
            if let old = oldWebKeys.first(where: { $0.key == key }) {
                webKeys.append(old)
            } else {
                add(key)
            }
        }
        for key in set.legacyKeys.prefix(JSONWebKey.maximumKeys) {
            if let old = oldLegacyKeys.first(where: { $0.key == key }) {
                legacyKeys.append(old)
            } else {
                add(key)
            }
        }
        legacyKeys.sort { $0.key.createdAt > $1.key.createdAt }
        let identities = identities
        for old in oldWebKeys where !identities.contains(old.identity) {
            _ = keys.remove(old.handle)
        }
        for old in oldLegacyKeys where !identities.contains(old.identity) {
            _ = keys.remove(old.handle)
        }
        self.set = set
        newestKeyCreated = set.newestKeyCreated
    }

    /// The identities of every key in the set.
    var identities: [UInt32] {
        webKeys.map(\.identity) + legacyKeys.map(\.identity)
    }

    private mutating func add(_ key: JSONWebKey) {
        guard
            let ready = try? RSAPublicKey(modulus: key.modulus.span, exponent: key.exponent.span),
            let handle = keys.insert(ready)
        else { return }
        webKeys.append(WebKey(key: key, identity: takeIdentity(), handle: handle))
    }

    private mutating func add(_ key: LegacyKey) {
        let der = key.subjectPublicKeyInfo.span
        guard let numbers = try? RSANumbers(subjectPublicKeyInfo: der),
            let ready = try? RSAPublicKey(subjectPublicKeyInfo: der),
            let handle = keys.insert(ready)
        else { return }
        legacyKeys.append(
            OldKey(key: key, modulus: numbers.modulus, identity: takeIdentity(), handle: handle)
        )
    }

    private mutating func takeIdentity() -> UInt32 {
        defer { nextIdentity &+= 1 }
        return nextIdentity
    }
}

extension KeyRing {
    /// Verifies a V3+ token, whose header names its key.
    mutating func verifyWeb(
        keyID: [UInt8],
        signature: Span<UInt8>,
        message: Span<UInt8>,
        wallMilliseconds: Int64
    ) -> SignatureVerdict {
        guard hasKeys, set.webKnowledge != .unknown,
            !isStale(set.webConfirmedAt, wallMilliseconds)
        else { return .keysUnknown }
        guard let entry = webKeys.first(where: { $0.key.keyID == keyID }) else {
            return .unknownKey
        }
        guard budget > 0 else { return .budgetSpent }
        spendCheck()
        guard keys[entry.handle].verifySHA256(signature: signature, message: message) else {
            return .bad
        }
        return .verified(key: entry.identity, until: set.webConfirmedAt &+ maximumStale)
    }

    /// Verifies a V1 or V2 token, whose header names no key: the handshake keys are tried, then the
    /// JWK set's, dynamic ones first. When the token is older than the newest key, no key still to
    /// come can have signed it.
    mutating func verifyLegacy(
        signature: Span<UInt8>,
        message: Span<UInt8>,
        createdAt: Int64,
        wallMilliseconds: Int64
    ) -> SignatureVerdict {
        guard budget > 0 else { return .budgetSpent }
        let knowsLegacy =
            set.legacyKnowledge != .unknown && !isStale(set.legacyConfirmedAt, wallMilliseconds)
        let knowsWeb =
            set.webKnowledge != .unknown && !isStale(set.webConfirmedAt, wallMilliseconds)
        if knowsLegacy {
            var tried = 0
            for entry in legacyKeys where entry.key.expiry > wallMilliseconds {
                guard tried < Self.keysTried else { break }
                tried += 1
                spendCheck()
                if keys[entry.handle].verifySHA256(signature: signature, message: message) {
                    let until = min(entry.key.expiry, set.legacyConfirmedAt &+ maximumStale)
                    return .verified(key: entry.identity, until: until)
                }
            }
        }
        if knowsWeb,
            let identity = tryWebKeys(
                signature: signature,
                message: message,
                exceptLegacy: knowsLegacy
            )
        {
            return .verified(key: identity, until: set.webConfirmedAt &+ maximumStale)
        }
        guard hasKeys, knowsLegacy, set.legacyKnowledge == .known || knowsWeb else {
            return .keysUnknown
        }
        return createdAt >= newestKeyCreated ? .unknownKey : .bad
    }

    /// Gives the identity of the key that verifies the signature.
    ///
    /// Keys that the handshake lists too are left out where it is known: they were tried, or have
    /// ended.
    private mutating func tryWebKeys(
        signature: Span<UInt8>,
        message: Span<UInt8>,
        exceptLegacy: Bool
    ) -> UInt32? {
        var tried = 0
        for dynamic in [true, false] {
            for entry in webKeys where KeyID.isDynamic(entry.key.keyID.span) == dynamic {
                if exceptLegacy, isLegacy(entry.key) { continue }
                guard tried < Self.keysTried else { return nil }
                tried += 1
                spendCheck()
                if keys[entry.handle].verifySHA256(signature: signature, message: message) {
                    return entry.identity
                }
            }
        }
        return nil
    }

    /// A core that offers neither kind is no core: a wrong port or path, and nothing is known.
    private var hasKeys: Bool { !webKeys.isEmpty || !legacyKeys.isEmpty }

    private func isLegacy(_ key: JSONWebKey) -> Bool {
        legacyKeys.contains { $0.modulus == key.modulus }
    }

    private func isStale(_ confirmedAt: Int64, _ wallMilliseconds: Int64) -> Bool {
        wallMilliseconds &- confirmedAt >= maximumStale
    }
}

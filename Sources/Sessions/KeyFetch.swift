public import JOSE

/// The kinds of keys, fetched and known apart.
enum KeyKind: Sendable {
    /// The JWK set.
    case web
    /// The keys of the handshake.
    case legacy
}

/// What one core said of its keys.
public enum KeyOutcome: Sendable, Equatable {
    case webKeys([JSONWebKey])
    case legacyKeys([LegacyKey])
    /// The core does not offer this kind.
    case absent
    case failed(CoreFailure)

    var isFailure: Bool { if case .failed = self { true } else { false } }
}

/// A fetch of one kind under way: which cores were asked, and what they said.
///
///     scheduled:  core 1 ──fails──> core 2 ──fails──> …      the first that answers decides
///     wanted:     every core at once                          what all of them say is put together
struct KeyFetch: Sendable {
    /// Questions that were asked and not answered, by their numbers.
    var outstanding: [UInt64] = []
    /// What the cores said, by the order in which they did.
    var outcomes: [KeyOutcome] = []
    /// The first core that was not asked yet.
    var nextLocation = 0
    /// Whether every core is asked, whatever the others say: a key may be known to one alone.
    var asksEveryCore: Bool

    init(asksEveryCore: Bool) {
        self.asksEveryCore = asksEveryCore
    }

    /// Takes a question out; false when it is none of this fetch.
    mutating func take(_ id: UInt64) -> Bool {
        guard let index = outstanding.firstIndex(of: id) else { return false }
        outstanding.remove(at: index)
        return true
    }

    /// Whether the core at `nextLocation` is to be asked now.
    var wantsNextLocation: Bool {
        if asksEveryCore { return true }
        return outstanding.isEmpty && !outcomes.contains { !$0.isFailure }
    }

    /// What the fetch comes to: all keys that any core named, else that it has none, else a
    /// failure.
    var outcome: KeyOutcome {
        var webKeys: [JSONWebKey] = []
        var legacyKeys: [LegacyKey] = []
        var isAbsent = false
        var failure = CoreFailure.unreachable
        for outcome in outcomes {
            switch outcome {
            case .webKeys(let keys):
                for key in keys where !webKeys.contains(key) { webKeys.append(key) }
            case .legacyKeys(let keys):
                for key in keys where !legacyKeys.contains(key) { legacyKeys.append(key) }
            case .absent: isAbsent = true
            case .failed(let reason): failure = reason
            }
        }
        if !webKeys.isEmpty { return .webKeys(webKeys.withoutDoubtfulIDs()) }
        if !legacyKeys.isEmpty { return .legacyKeys(legacyKeys) }
        return isAbsent ? .absent : .failed(failure)
    }
}

extension [JSONWebKey] {
    /// The keys at the core's limit; of two that share an ID neither, since which is meant is
    /// unknowable.
    func withoutDoubtfulIDs() -> [JSONWebKey] {
        let clear = filter { key in count { $0.keyID == key.keyID } == 1 }
        return Array(clear.prefix(JSONWebKey.maximumKeys))
    }
}

/// When one kind was fetched and will be again.
struct KeySchedule: Sendable {
    /// The fetch under way.
    var fetch: KeyFetch?
    /// When the last fetch ended, on the monotonic clock in nanoseconds; nil before the first.
    var endedAt: UInt64?
    /// Whether it brought no answer of any core.
    var failed = false
    /// Whether it asked all of them.
    var askedEveryCore = false
    /// Whether questions wait for the next one.
    var isWanted = false
    /// Fetches that failed, one after the other.
    var failures = 0
    /// When to fetch without being asked.
    var nextAt: UInt64 = 0
    /// The sequence of the set in which this kind last changed.
    var sequence: UInt64 = 0

    /// Whether questions may still be answered by a fetch.
    var isAwaited: Bool { fetch != nil || isWanted }

    /// Nanoseconds to the first fetch after one that failed, where keys are known.
    static let leastInterval: UInt64 = 1_000_000_000

    /// Nanoseconds to wait after this many failures: doubled from the first to the last, and longer
    /// when the kind was fetched before, so that nobody waits for it.
    static func backoff(failures: Int, isKnown: Bool) -> UInt64 {
        let first: UInt64 = isKnown ? leastInterval : 250_000_000
        let last: UInt64 = isKnown ? 60_000_000_000 : 5_000_000_000
        return min(first << UInt64(min(max(failures - 1, 0), 10)), last)
    }
}

public import Cryptography

/// Stands for one session handle: its keyed 128-bit hash, so that neither a table nor a file holds
/// handles, and nobody can make two that are equal.
public struct SessionFingerprint: Sendable, Hashable {
    /// The hash's first word.
    public var low: UInt64
    /// The hash's second word.
    public var high: UInt64

    /// A fingerprint that was kept.
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// A session that was dropped: nothing of it is accepted any more.
public struct RevokedSession: Sendable, Equatable {
    /// Whose it is.
    public var fingerprint: SessionFingerprint
    /// When it was dropped: milliseconds since the epoch.
    public var instant: Int64

    /// A session that was dropped at an instant in milliseconds since the epoch.
    public init(fingerprint: SessionFingerprint, instant: Int64) {
        self.fingerprint = fingerprint
        self.instant = instant
    }
}

/// Drops on their way to another thread: collected while it takes no message, and never forgotten.
public struct RevocationNews: Sendable, Equatable {
    /// Sessions that were dropped, in order; at most `maximumSessions`.
    public private(set) var sessions: [RevokedSession]
    /// Tokens created before it (milliseconds since the epoch) are asked of the core: it stands for
    /// the sessions that found no room here.
    public private(set) var mark: Int64
    /// What the receiver is to confirm; 0 = nothing.
    public private(set) var number: UInt64

    /// Sessions that wait at most.
    public static let maximumSessions = 65_536

    /// News of these sessions, which are at most `maximumSessions`.
    public init(_ sessions: [RevokedSession] = [], mark: Int64 = .min, number: UInt64 = 0) {
        self.sessions = sessions
        self.mark = mark
        self.number = number
    }

    /// Whether there is nothing to tell.
    public var isEmpty: Bool { sessions.isEmpty && mark == .min && number == 0 }

    /// Adds one session; one that finds no room moves the mark, as if its entry had left.
    public mutating func add(_ session: RevokedSession) {
        guard sessions.count < Self.maximumSessions else {
            mark = max(mark, session.instant &+ RevokedSessions.markMargin)
            return
        }
        sessions.append(session)
    }

    /// Adds what came later.
    public mutating func add(_ news: RevocationNews) {
        if sessions.isEmpty {
            sessions = news.sessions
        } else {
            for session in news.sessions { add(session) }
        }
        mark = max(mark, news.mark)
        number = max(number, news.number)
    }
}

/// What the threads that judge sessions begin with: one key, and what was dropped so far.
public struct RevocationSeed: Sendable {
    /// The key of every fingerprint.
    public var key: KeyedHash128.Key
    /// Oldest first.
    public var sessions: [RevokedSession]
    /// Milliseconds since the epoch; `Int64.min` = no token is asked of the core.
    public var mark: Int64

    /// Nothing dropped, and a key nobody knows, unless given.
    public init(
        key: KeyedHash128.Key = .random,
        sessions: [RevokedSession] = [],
        mark: Int64 = .min
    ) {
        self.key = key
        self.sessions = sessions
        self.mark = mark
    }
}

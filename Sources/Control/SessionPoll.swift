import EventLoop
import Sessions

/// When workers are asked which sessions are in use, and which of those the core is asked about:
/// `sessions.revocation.poll`.
///
/// A round takes the interval. In each of its shares the workers tell of other sessions; one that
/// several tell of is asked about once in the round. A session in use has its place in the round,
/// so that from one question about it to the next the interval passes. While the core does not keep
/// up the next share waits, and the round takes longer.
struct SessionPoll {
    /// Questions at the core at one time: the poll is no storm on it.
    static let questionsAtOnce = 8
    /// Sessions asked about in one round; the others are left to a later one.
    static let maximumSessions = 262_144

    private var interval = Duration.zero
    /// When the next share begins; nil = no poll.
    private var due: Instant?
    private var next = SessionShare(round: 0, index: 0)
    /// Shares until the round is over.
    private var left = SessionShare.count
    /// The sessions of this round.
    private var known: Set<SessionFingerprint> = []
    /// Handles that are to be asked about.
    private var waiting: [[UInt8]] = []
    private var running = 0
    /// Whether workers were asked, and what they tell counts.
    private var isListening = false

    /// Takes another interval over; zero ends the poll.
    mutating func replaceInterval(_ new: Duration, now: Instant) {
        guard new != interval else { return }
        interval = new
        forget(now: now)
    }

    /// Begins a round anew, without what workers told before: other cores know nothing of it.
    mutating func forget(now: Instant) {
        due = interval > .zero ? now + interval / SessionShare.count : nil
        left = SessionShare.count
        known = []
        waiting = []
        isListening = false
    }

    /// When `nextShare` has something to say again, unless questions are answered before.
    var nextDeadline: Instant { waiting.isEmpty ? due ?? .distantFuture : .distantFuture }

    /// The share that workers are to tell of now; nil = none yet.
    mutating func nextShare(now: Instant) -> SessionShare? {
        guard let due, due <= now, waiting.isEmpty else { return nil }
        // What was missed is not made up for: that would be a burst.
        self.due = max(due + interval / SessionShare.count, now)
        if left == 0 {
            left = SessionShare.count
            known.removeAll(keepingCapacity: true)
        }
        left -= 1
        // The next round goes on where this one has no more room.
        guard known.count < Self.maximumSessions else { return nil }
        isListening = true
        let share = next
        next.index += 1
        if next.index == SessionShare.count {
            next = SessionShare(round: share.round &+ 1, index: 0)
        }
        return share
    }

    /// A worker told of a session.
    mutating func add(_ handle: [UInt8], _ fingerprint: SessionFingerprint) {
        guard isListening, known.count < Self.maximumSessions, known.insert(fingerprint).inserted
        else { return }
        waiting.append(handle)
    }

    /// The session that the core is to be asked about now; nil = none, or enough are being asked.
    mutating func nextQuestion() -> [UInt8]? {
        guard running < Self.questionsAtOnce, let handle = waiting.popLast() else { return nil }
        running += 1
        return handle
    }

    /// A question has its answer, or will have none.
    mutating func answered() {
        running -= 1
    }
}

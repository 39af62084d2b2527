/// Decides which keys are fetched from which core and when; a `CoreClient` asks. It does no I/O and
/// keeps no clock: events and times go in, actions come out.
///
/// Keys are fetched at the start, again from half their maximum age on, and when a worker meets a
/// token that no key verifies: then one fetch of every core serves every worker. Within the
/// cooldown after it the next such question waits for the next fetch, for a core may have made the
/// key since; where that would take too long, or the fetch failed, its outcome is the answer. What
/// is empty or broken replaces nothing.
public struct KeyFetcher: Sendable {
    private struct Waiting: Sendable, Equatable {
        let worker: Int
        let question: KeyQuestion
    }

    private var options: SessionOptions
    /// The keys as last published.
    public private(set) var keys = KeySet()
    /// Requests that brought no keys, of whatever cause.
    public private(set) var requestsFailed: UInt64 = 0
    /// Why the last fetch that failed did.
    public private(set) var lastFailure: CoreFailure?
    /// Fetches that a core answered, be it with a refusal of the kind of keys.
    public private(set) var fetchesSucceeded: UInt64 = 0
    /// Fetches that no core answered usefully.
    public private(set) var fetchesFailed: UInt64 = 0
    private var web = KeySchedule()
    private var legacy = KeySchedule()
    private var waiting: [Waiting] = []
    private var client: CoreClient

    /// Bytes of an answer's content.
    public static let maximumAnswerBytes = 64 * 1024
    /// The longest that a question waits for the end of the cooldown.
    public static let longestHold = Duration.seconds(1)
    /// Questions waiting at once: each worker has two.
    private static let maximumWaiting = 4096

    /// Nothing is fetched before the first `tick`.
    public init(options: SessionOptions) {
        self.options = options
        client = CoreClient(options: options.core)
    }

    /// When `tick` is due at the latest, on the monotonic clock; nil while only answers are
    /// awaited.
    public var nextDeadline: UInt64? {
        kinds.compactMap { self[$0].fetch == nil ? self[$0].nextAt : nil }.min()
    }

    /// Legacy tokens may be signed with the JWK set's keys too.
    private var kinds: [KeyKind] { options.acceptsLegacyTokens ? [.web, .legacy] : [.web] }

    private subscript(kind: KeyKind) -> KeySchedule {
        get { kind == .web ? web : legacy }
        set { if kind == .web { web = newValue } else { legacy = newValue } }
    }
}

// Events.
extension KeyFetcher {
    /// Starts what is due.
    public mutating func tick(_ now: Time) -> [Action] {
        var actions: [Action] = []
        for kind in kinds where self[kind].fetch == nil && now.nanoseconds >= self[kind].nextAt {
            self[kind].isWanted = false
            let isAwaited = waiting.contains { kinds(of: $0.question).contains(kind) }
            self[kind].fetch = KeyFetch(asksEveryCore: isAwaited)
            advance(kind, now, &actions)
        }
        return actions
    }

    /// A worker met a token that none of its keys verifies.
    ///
    /// - Parameters:
    ///   - worker: whom to answer.
    ///   - question: what the token lacks.
    ///   - seenSequence: the `sequence` of the keys it was tried with.
    ///   - now: the time.
    /// - Returns: what to do; an answer follows at once or when the fetch ends.
    public mutating func wanted(
        worker: Int,
        question: KeyQuestion,
        seenSequence: UInt64,
        now: Time
    ) -> [Action] {
        if self[decisiveKind(question)].sequence > seenSequence {
            return [answer(worker, question, failed: false)]
        }
        let concerned = kinds(of: question)
        guard concerned.contains(where: { mayAnswer($0, question, now) }) else {
            return [answer(worker, question, failed: failed(question))]
        }
        let waiter = Waiting(worker: worker, question: question)
        guard !waiting.contains(waiter) else { return [] }
        guard waiting.count < Self.maximumWaiting else {
            return [answer(worker, question, failed: true)]
        }
        waiting.append(waiter)
        var actions: [Action] = []
        for kind in concerned where mayAnswer(kind, question, now) {
            let cooledAt = cooledAt(self[kind])
            if self[kind].fetch != nil {
                self[kind].fetch?.asksEveryCore = true
            } else if cooledAt <= now.nanoseconds {
                self[kind].fetch = KeyFetch(asksEveryCore: true)
            } else {
                self[kind].isWanted = true
                self[kind].nextAt = min(self[kind].nextAt, cooledAt)
                continue
            }
            advance(kind, now, &actions)
        }
        return actions
    }

    /// An answer of the core came whole. One to a request that nobody waits for changes nothing.
    public mutating func answered(
        request id: UInt64,
        status: UInt16,
        body: Span<UInt8>,
        now: Time
    ) -> [Action] {
        var actions: [Action] = []
        let said = client.answered(request: id, status: status, body: body, now: now)
        follow(said, now, &actions)
        return actions
    }

    /// A request could not be sent, was cut off, or took longer than `core.timeout`.
    public mutating func failed(request id: UInt64, now: Time) -> [Action] {
        var actions: [Action] = []
        follow(client.failed(request: id, now: now), now, &actions)
        return actions
    }

    /// Takes keys that were confirmed before the start, of the same cores, instead of none.
    ///
    /// Before the first fetch ended; later it changes nothing. They are fetched again all the same.
    public mutating func restore(_ earlier: KeySet) -> [Action] {
        guard keys.sequence == 0 else { return [] }
        keys = earlier
        keys.sequence = 1
        web.sequence = earlier.webKnowledge == .unknown ? 0 : 1
        legacy.sequence = earlier.legacyKnowledge == .unknown ? 0 : 1
        return [.publish(keys)]
    }

    /// Takes new options over. Where other cores, another key or another kind is meant, what was
    /// known is forgotten and fetched again; else only the times change.
    public mutating func replaceOptions(_ new: SessionOptions, now: Time) -> [Action] {
        let old = options
        options = new
        let isSame =
            new.core.hasSameCores(as: old.core)
            && old.core.apiKey == new.core.apiKey
            && old.acceptsLegacyTokens == new.acceptsLegacyTokens
        guard !isSame else { return [] }
        let sequence = keys.sequence &+ 1
        let asked = waiting
        let earlier = client
        self = KeyFetcher(options: new)
        keys.sequence = sequence
        client = earlier.emptied(for: new.core)
        waiting = asked
        return [.publish(keys)] + tick(now)
    }
}

// What the events have in common.
extension KeyFetcher {
    private func kinds(of question: KeyQuestion) -> [KeyKind] {
        switch question {
        case .unknownKeyID: [.web]
        case .newerLegacyKey: kinds
        }
    }

    /// When the next fetch for a token may begin; after one of some of the cores, at once.
    private func cooledAt(_ schedule: KeySchedule) -> UInt64 {
        guard let endedAt = schedule.endedAt, schedule.askedEveryCore else { return 0 }
        return endedAt &+ UInt64(options.unknownKeyCooldown.wholeMilliseconds) &* 1_000_000
    }

    /// Whether a fetch of the kind is under way, or may begin now; or soon enough to be waited for,
    /// where it decides.
    private func mayAnswer(_ kind: KeyKind, _ question: KeyQuestion, _ now: Time) -> Bool {
        let cooledAt = cooledAt(self[kind])
        if self[kind].fetch != nil || cooledAt <= now.nanoseconds { return true }
        let hold = UInt64(Self.longestHold.wholeMilliseconds) &* 1_000_000
        return kind == decisiveKind(question) && !self[kind].failed
            && cooledAt &- now.nanoseconds <= hold
    }

    /// The kind that settles a question: a core without handshake keys leaves legacy tokens to the
    /// JWK set.
    private func decisiveKind(_ question: KeyQuestion) -> KeyKind {
        switch question {
        case .unknownKeyID: .web
        case .newerLegacyKey: keys.legacyKnowledge == .absent ? .web : .legacy
        }
    }

    /// Whether the last fetch leaves the question open.
    private func failed(_ question: KeyQuestion) -> Bool {
        self[decisiveKind(question)].failed
    }

    private func answer(_ worker: Int, _ question: KeyQuestion, failed: Bool) -> Action {
        .answer(
            worker: worker,
            KeysAnswer(question: question, sequence: keys.sequence, failed: failed)
        )
    }

    /// Asks the cores whose turn it is; ends the fetch when nothing is left to wait for.
    private mutating func advance(_ kind: KeyKind, _ now: Time, _ actions: inout [Action]) {
        while let fetch = self[kind].fetch, fetch.wantsNextLocation,
            fetch.nextLocation < options.core.locations.count
        {
            self[kind].fetch?.nextLocation += 1
            ask(kind, core: fetch.nextLocation, now, &actions)
        }
        if let fetch = self[kind].fetch, fetch.outstanding.isEmpty {
            finish(kind, fetch.outcome, now, &actions)
        }
    }

    private mutating func settle(
        _ kind: KeyKind,
        _ outcome: KeyOutcome,
        _ now: Time,
        _ actions: inout [Action]
    ) {
        if case .failed(let failure) = outcome {
            lastFailure = failure
            requestsFailed &+= 1
        }
        self[kind].fetch?.outcomes.append(outcome)
        advance(kind, now, &actions)
        // While other cores are silent, keys that are new already serve those who wait.
        if self[kind].fetch != nil, keys.add(outcome, at: now.wallMilliseconds) {
            publish(kind, &actions)
            answerWaiting(after: kind, &actions)
        }
    }
}

// Questions and answers.
extension KeyFetcher {
    private mutating func ask(
        _ kind: KeyKind,
        core: Int,
        _ now: Time,
        _ actions: inout [Action]
    ) {
        let question: CoreQuestion = kind == .web ? .webKeys(core: core) : .handshake(core: core)
        let (id, asked) = client.ask(question, now: now)
        self[kind].fetch?.outstanding.append(id)
        follow(asked, now, &actions)
    }

    private mutating func follow(
        _ said: [CoreClient.Action],
        _ now: Time,
        _ actions: inout [Action]
    ) {
        for action in said {
            switch action {
            case .send(let request): actions.append(.send(request))
            case .answer(let id, let answer):
                guard let kind = take(id) else { continue }
                settle(kind, KeyOutcome(answer), now, &actions)
            }
        }
    }

    private mutating func take(_ id: UInt64) -> KeyKind? {
        if web.fetch?.take(id) == true { return .web }
        if legacy.fetch?.take(id) == true { return .legacy }
        return nil
    }
}

extension KeyOutcome {
    /// What an answer says of keys.
    fileprivate init(_ answer: CoreAnswer) {
        switch answer {
        case .keys(let outcome): self = outcome
        case .unreachable(let failure): self = .failed(failure)
        case .verified, .information, .handles, .revoked, .ended, .tryRefresh:
            self = .failed(.malformed)
        }
    }
}

// What becomes of a fetch.
extension KeyFetcher {
    private mutating func finish(
        _ kind: KeyKind,
        _ outcome: KeyOutcome,
        _ now: Time,
        _ actions: inout [Action]
    ) {
        let maximumStale = options.keysMaximumStale.wholeMilliseconds
        let isTaken = keys.take(
            outcome,
            of: kind,
            at: now.wallMilliseconds,
            maximumStale: maximumStale
        )
        let asked = self[kind].fetch?.nextLocation ?? 0
        self[kind].askedEveryCore = asked >= options.core.locations.count
        self[kind].fetch = nil
        self[kind].endedAt = now.nanoseconds
        self[kind].failed = outcome.isFailure
        if outcome.isFailure { fetchesFailed &+= 1 } else { fetchesSucceeded &+= 1 }
        if isTaken {
            self[kind].failures = 0
            let half = UInt64(options.keysMaximumAge.wholeMilliseconds) &* 500_000
            self[kind].nextAt = now.nanoseconds &+ half
            publish(kind, &actions)
        } else {
            self[kind].failures += 1
            let wait = KeySchedule.backoff(
                failures: self[kind].failures,
                isKnown: keys.knowledge(of: kind) != .unknown
            )
            self[kind].nextAt = now.nanoseconds &+ wait
        }
        answerWaiting(after: isTaken ? kind : nil, &actions)
    }

    private mutating func publish(_ kind: KeyKind, _ actions: inout [Action]) {
        keys.sequence &+= 1
        self[kind].sequence = keys.sequence
        actions.append(.publish(keys))
    }

    /// Answers those whose question the kind just published decides, and those for whom no fetch is
    /// under way any more.
    private mutating func answerWaiting(after kind: KeyKind?, _ actions: inout [Action]) {
        var remaining: [Waiting] = []
        for one in waiting {
            if kind == decisiveKind(one.question) {
                actions.append(answer(one.worker, one.question, failed: false))
            } else if kinds(of: one.question).contains(where: { self[$0].isAwaited }) {
                remaining.append(one)
            } else {
                actions.append(answer(one.worker, one.question, failed: failed(one.question)))
            }
        }
        waiting = remaining
    }
}

extension CoreOptions {
    /// Whether the same cores are asked in the same order, wherever they are written.
    public func hasSameCores(as other: CoreOptions) -> Bool {
        locations.elementsEqual(other.locations) {
            $0.host == $1.host && $0.port == $1.port && $0.basePath == $1.basePath
        }
    }
}

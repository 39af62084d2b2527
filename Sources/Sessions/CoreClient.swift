internal import HTTPCore

/// Asks cores about sessions and keys: in order, in a version agreed with each, and not those that
/// just failed. It does no I/O: events come in, actions go out.
///
///     ask ──▶ waiting ──▶ (version of the next core) ──▶ asked ─┬──▶ answered
///                ▲                                              │
///                └────────── that core failed, another is left ─┘
///
/// A core that fails three times in a row is left alone for a while; then its version is asked
/// again, and only when it answers is anything else. What is asked of one core alone goes to it
/// whatever it did before. A question is answered once, always.
public struct CoreClient: Sendable {
    /// What the driver does next.
    public enum Action: Sendable, Equatable {
        case send(KeyFetcher.CoreRequest)
        /// The answer of the question with this number.
        case answer(UInt64, CoreAnswer)
    }

    private var options: CoreOptions
    private var cores: [Core]
    private var questions: [UInt64: Asked] = [:]
    /// Questions that are not sent, which others like them may join.
    private var unsent: [CoreQuestion: UInt64] = [:]
    /// Questions for which there was no room, in order.
    private var waiting: [UInt64] = []
    private var requests: [UInt64: Sent] = [:]
    /// Questions at a core, or held for its version.
    private var running = 0
    private var nextID: UInt64 = 1
    /// Questions that were answered by a core, and those that were not.
    public private(set) var answered: UInt64 = 0
    public private(set) var unanswered: UInt64 = 0

    /// Questions at cores at one time; more wait in order.
    public static let maximumRunning = 128
    /// Questions at cores and waiting; more are answered as `overloaded`.
    public static let maximumQuestions = 4096
    /// Failures one after the other that close a core.
    static let failuresToClose = 3
    /// How long it is left alone then, in nanoseconds.
    static let closedTime: UInt64 = 400_000_000

    /// - Parameter options: the cores, in the order they are asked.
    public init(options: CoreOptions) {
        self.options = options
        cores = options.locations.map { _ in Core() }
    }

    /// What is known of one core.
    private struct Core: Sendable {
        /// Nil until agreed, and after it was closed.
        var versions: CoreVersions?
        /// Questions held for the version; nil = nobody asks for it.
        var held: [UInt64]?
        var failures = 0
        /// On the monotonic clock, in nanoseconds.
        var closedUntil: UInt64 = 0
    }

    private struct Asked: Sendable {
        let question: CoreQuestion
        var tried: Set<Int> = []
        var step = CoreStep.question
        /// What was said before the last step.
        var answer: CoreAnswer?
        var failure = CoreFailure.unreachable
        var isRunning = false
    }

    private struct Sent: Sendable {
        let location: Int
        /// Nil = it asks for the version.
        let question: UInt64?
        /// In which it was asked: what the core speaks by now says nothing of that.
        var version: CoreVersion?
    }
}

extension CoreClient {
    /// Asks a question; one like it that was not sent yet is joined.
    ///
    /// - Returns: its number, which the answer bears, and what to do.
    public mutating func ask(
        _ question: CoreQuestion,
        now: KeyFetcher.Time
    ) -> (id: UInt64, actions: [Action]) {
        if let id = unsent[question] { return (id, []) }
        let id = nextID
        nextID &+= 1
        var actions: [Action] = []
        guard questions.count < Self.maximumQuestions else {
            unanswered &+= 1
            return (id, [.answer(id, .unreachable(.overloaded))])
        }
        questions[id] = Asked(question: question)
        unsent[question] = id
        waiting.append(id)
        pump(now, &actions)
        return (id, actions)
    }

    /// An answer came whole. One to a request that nobody waits for changes nothing.
    public mutating func answered(
        request: UInt64,
        status: UInt16,
        body: Span<UInt8>,
        now: KeyFetcher.Time
    ) -> [Action] {
        guard let sent = requests.removeValue(forKey: request) else { return [] }
        var actions: [Action] = []
        if let id = sent.question {
            settle(id, sent, status, body, now, &actions)
        } else if status == 200, let versions = CoreVersions(body) {
            opened(sent.location, versions, now, &actions)
        } else {
            let failure = status == 200 ? CoreFailure.malformed : .status(status)
            versionFailed(sent.location, failure, now, &actions)
        }
        pump(now, &actions)
        return actions
    }

    /// A request could not be sent, was cut off, or took longer than `core.timeout`.
    public mutating func failed(request: UInt64, now: KeyFetcher.Time) -> [Action] {
        guard let sent = requests.removeValue(forKey: request) else { return [] }
        var actions: [Action] = []
        if let id = sent.question {
            failed(id, at: sent.location, .unreachable, now, &actions)
        } else {
            versionFailed(sent.location, .unreachable, now, &actions)
        }
        pump(now, &actions)
        return actions
    }

    /// One for other cores, which was asked nothing; no number is used a second time.
    func emptied(for new: CoreOptions) -> CoreClient {
        var client = CoreClient(options: new)
        client.nextID = nextID
        return client
    }

    /// Whether an answer to a request counts: to none of those that were sent before other cores
    /// took the place of theirs.
    public func awaits(request: UInt64) -> Bool { requests[request] != nil }

    /// Takes new options over. Where other cores or another key are meant, every question is asked
    /// anew.
    public mutating func replaceOptions(_ new: CoreOptions, now: KeyFetcher.Time) -> [Action] {
        let isSame = new.hasSameCores(as: options) && options.apiKey == new.apiKey
        options = new
        guard !isSame else { return [] }
        cores = new.locations.map { _ in Core() }
        requests.removeAll()
        running = 0
        waiting = questions.keys.sorted()
        for (id, asked) in questions { questions[id] = Asked(question: asked.question) }
        var actions: [Action] = []
        pump(now, &actions)
        return actions
    }
}

// From waiting to asked.
extension CoreClient {
    private mutating func pump(_ now: KeyFetcher.Time, _ actions: inout [Action]) {
        var taken = 0
        while running < Self.maximumRunning, taken < waiting.count {
            let id = waiting[taken]
            taken += 1
            running += 1
            questions[id]?.isRunning = true
            start(id, now, &actions)
        }
        waiting.removeFirst(taken)
    }

    /// Asks the next core, else gives the question up.
    private mutating func start(_ id: UInt64, _ now: KeyFetcher.Time, _ actions: inout [Action]) {
        guard let asked = questions[id] else { return }
        guard let location = nextCore(asked, now) else {
            finish(id, .unreachable(asked.failure), &actions)
            return
        }
        guard asked.question.isVersioned else {
            send(id, to: location, nil, &actions)
            return
        }
        guard let versions = cores[location].versions else {
            hold(id, for: location, &actions)
            return
        }
        if let version = asked.question.version(of: versions) {
            send(id, to: location, version, &actions)
        } else if case .handshake = asked.question {
            // In its place an older core may be next time.
            cores[location].versions = nil
            finish(id, .keys(.absent), &actions)
        } else {
            failed(id, at: location, .noVersion, now, &actions)
        }
    }

    /// Its own, else the first that was not tried and is not closed.
    private func nextCore(_ asked: Asked, _ now: KeyFetcher.Time) -> Int? {
        if let own = asked.question.core {
            return cores.indices.contains(own) && !asked.tried.contains(own) ? own : nil
        }
        return cores.indices.first {
            !asked.tried.contains($0) && cores[$0].closedUntil <= now.nanoseconds
        }
    }

    private mutating func hold(_ id: UInt64, for location: Int, _ actions: inout [Action]) {
        guard cores[location].held == nil else {
            cores[location].held?.append(id)
            return
        }
        cores[location].held = [id]
        let request = CoreQuestion.versions(
            id: nextRequest(),
            location: location,
            core: options
        )
        requests[request.id] = Sent(location: location, question: nil)
        actions.append(.send(request))
    }

    private mutating func send(
        _ id: UInt64,
        to location: Int,
        _ version: CoreVersion?,
        _ actions: inout [Action]
    ) {
        guard let asked = questions[id] else { return }
        if unsent[asked.question] == id { unsent[asked.question] = nil }
        let request = asked.question.request(
            asked.step,
            id: nextRequest(),
            location: location,
            version: version,
            core: options
        )
        requests[request.id] = Sent(location: location, question: id, version: version)
        actions.append(.send(request))
    }

    private mutating func nextRequest() -> UInt64 {
        defer { nextID &+= 1 }
        return nextID
    }
}

// What comes back.
extension CoreClient {
    private mutating func opened(
        _ location: Int,
        _ versions: CoreVersions,
        _ now: KeyFetcher.Time,
        _ actions: inout [Action]
    ) {
        cores[location].versions = versions
        cores[location].failures = 0
        for id in cores[location].held.take() ?? [] { start(id, now, &actions) }
    }

    private mutating func versionFailed(
        _ location: Int,
        _ failure: CoreFailure,
        _ now: KeyFetcher.Time,
        _ actions: inout [Action]
    ) {
        let held = cores[location].held.take() ?? []
        countFailure(of: location, now)
        for id in held {
            questions[id]?.tried.insert(location)
            questions[id]?.failure = failure
            start(id, now, &actions)
        }
    }

    private mutating func settle(
        _ id: UInt64,
        _ sent: Sent,
        _ status: UInt16,
        _ body: Span<UInt8>,
        _ now: KeyFetcher.Time,
        _ actions: inout [Action]
    ) {
        guard let asked = questions[id] else { return }
        let answer: CoreAnswer
        do throws(CoreFailure) {
            answer = try asked.question.answer(
                asked.step,
                status: status,
                body,
                wallMilliseconds: now.wallMilliseconds
            )
        } catch {
            failed(id, at: sent.location, error, now, &actions)
            return
        }
        cores[sent.location].failures = 0
        if asked.step == .question, case .verified = answer, let version = sent.version,
            asked.question.needsPresence(version)
        {
            questions[id]?.answer = answer
            questions[id]?.step = .presence
            send(id, to: sent.location, version, &actions)
            return
        }
        // That the session is there confirms what was said before.
        if asked.step == .presence, case .verified = answer {
            finish(id, asked.answer ?? answer, &actions)
        } else {
            finish(id, answer, &actions)
        }
    }

    private mutating func failed(
        _ id: UInt64,
        at location: Int,
        _ failure: CoreFailure,
        _ now: KeyFetcher.Time,
        _ actions: inout [Action]
    ) {
        if failure.isOfTheCore { countFailure(of: location, now) }
        // A core that was replaced by an older one speaks other versions.
        if failure == .status(400) { cores[location].versions = nil }
        questions[id]?.tried.insert(location)
        questions[id]?.failure = failure
        questions[id]?.step = .question
        start(id, now, &actions)
    }

    private mutating func countFailure(of location: Int, _ now: KeyFetcher.Time) {
        cores[location].failures += 1
        guard cores[location].failures >= Self.failuresToClose else { return }
        cores[location].versions = nil
        cores[location].closedUntil = now.nanoseconds &+ Self.closedTime
    }

    private mutating func finish(_ id: UInt64, _ answer: CoreAnswer, _ actions: inout [Action]) {
        guard let asked = questions.removeValue(forKey: id) else { return }
        if unsent[asked.question] == id { unsent[asked.question] = nil }
        if asked.isRunning { running -= 1 }
        if case .unreachable = answer { unanswered &+= 1 } else { answered &+= 1 }
        actions.append(.answer(id, answer))
    }
}

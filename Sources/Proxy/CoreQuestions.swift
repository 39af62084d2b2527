import Bytes
import Cryptography
import EventLoop
import HTTPCore
import Observability
import Sessions

/// What one worker asks of cores, and which of its exchanges wait for what.
///
/// A database check is asked by the exchange's own worker. A child token belongs to one worker of
/// the process, whichever requests carry it: that one asks, remembers, and tells the others.
struct CoreQuestions: ~Copyable {
    private let inPlace = InPlace()
    var line: CoreLine
    /// Exchanges that wait for a database check, by the question's number.
    var checks: [UInt64: [Handle<Exchange>]] = [:]
    /// Whose sessions these are: an end counts though nobody waits for it any more.
    var checkedHandles: [UInt64: [UInt8]] = [:]
    /// Exchanges that wait for what the owner of their child token hears.
    var children: [TokenKey: [Handle<Exchange>]] = [:]
    /// The child tokens that this worker owns.
    var owned = ChildTokens()
    /// Which of them a question is about.
    var ownedQuestions: [UInt64: ChildToken] = [:]

    init(_ source: GenerationSource) {
        line = CoreLine(
            kind: EventKind.coreCall,
            options: source.options,
            tls: source.clientTLS,
            addresses: source.coreAddresses
        )
    }
}

/// What an exchange waits for at the core.
enum CoreWait {
    /// The answer of the question with this number.
    case check(UInt64)
    /// What the owner of the child token hears.
    case owner(TokenKey)
}

// What exchanges ask.
extension Worker {
    /// Waits for what the core says of the request's child token.
    mutating func awaitOwner(_ exchange: Handle<Exchange>, _ child: ChildToken) {
        let key = TokenKey(child.token)
        wait(exchange, for: .owner(key))
        let isFirst = core.children[key] == nil
        core.children[key, default: []].append(exchange)
        guard isFirst else { return }
        let owner = owner(of: child.token)
        guard owner != surroundings.index, owner < surroundings.peers.count else {
            childWanted(child, by: surroundings.index)
            return
        }
        let message = WorkerMessage.childWanted(child, by: surroundings.index)
        if !surroundings.peers[owner].post(message) {
            metrics.increment(.messagesDropped)
            childAnswered(child.token, .unreachable(.overloaded))
        }
    }

    /// Waits for the core to look whether the request's session is still there.
    mutating func awaitDatabase(_ exchange: Handle<Exchange>, _ session: SessionReference) {
        let shared = generations[exchanges[exchange].generation].authenticator
        let question = authenticators[shared].authenticator.databaseCheck(session)
        let (id, answers) = core.line.ask(question, loop: loop)
        wait(exchange, for: .check(id))
        core.checks[id, default: []].append(exchange)
        core.checkedHandles[id] = authenticators[shared].copiedHandle(session)
        take(answers)
    }

    private mutating func wait(_ exchange: Handle<Exchange>, for core: CoreWait) {
        exchanges[exchange].state = .awaitingCore
        exchanges[exchange].coreWait = core
        armTimer(exchange, at: loop.now + self.core.line.patience)
    }

    /// The wait is over without an answer. The owner's may be lost: nobody waits for it any longer,
    /// so that the next request asks anew.
    mutating func gaveUpOnCore(_ exchange: Handle<Exchange>) {
        let wait = exchanges[exchange].coreWait
        leaveCore(exchange)
        exchanges[exchange].coreAnswer = .unreachable(.unreachable)
        resume(exchange)
        if case .owner(let key)? = wait { childAnswered(key.bytes, .unreachable(.unreachable)) }
    }

    /// The exchange waits no more; others may.
    mutating func leaveCore(_ exchange: Handle<Exchange>) {
        switch exchanges[exchange].coreWait.take() {
        case .check(let id): core.checks[id]?.removeAll { $0 == exchange }
        case .owner(let key):
            core.children[key]?.removeAll { $0 == exchange }
            if core.children[key]?.isEmpty == true { core.children[key] = nil }
        case nil: break
        }
    }

    private func owner(of token: [UInt8]) -> Int {
        let hash = surroundings.ownership.hash(token.span)
        return Int(hash % UInt64(max(surroundings.workers, 1)))
    }
}

// What comes of it.
extension Worker {
    /// Another worker, or this one, has requests with a child token that belongs here.
    mutating func childWanted(_ child: ChildToken, by worker: Int) {
        // Known here before control has told the others.
        guard !isDropped(child.handle) else {
            tell(worker, child.token, .ended)
            return
        }
        let wall = loop.wallMilliseconds
        switch core.owned.wanted(child.token, by: worker, wallMilliseconds: wall) {
        case .wait: break
        case .answer(let answer): tell(worker, child.token, answer)
        case .ask:
            let (id, answers) = core.line.ask(child.question, loop: loop)
            core.ownedQuestions[id] = child
            take(answers)
        }
    }

    /// The owner heard of a child token.
    mutating func childAnswered(_ token: [UInt8], _ answer: CoreAnswer) {
        let waiting = core.children.removeValue(forKey: TokenKey(token)) ?? []
        for exchange in waiting { wake(exchange, answer) }
    }

    private mutating func tell(_ worker: Int, _ token: [UInt8], _ answer: CoreAnswer) {
        guard worker != surroundings.index else {
            childAnswered(token, answer)
            return
        }
        guard worker < surroundings.peers.count else { return }
        // What is lost is asked for again when those who wait have given up.
        if !surroundings.peers[worker].post(.childAnswered(token, answer)) {
            metrics.increment(.messagesDropped)
        }
    }

    private mutating func answered(_ id: UInt64, _ answer: CoreAnswer) {
        if let child = core.ownedQuestions.removeValue(forKey: id) {
            if answer == .ended { sessionEnded(child.handle) }
            let waiting = core.owned.answered(
                child.token,
                answer,
                handle: child.handle,
                expiry: child.expiry
            )
            for worker in waiting { tell(worker, child.token, answer) }
        }
        if let handle = core.checkedHandles.removeValue(forKey: id), answer == .ended {
            sessionEnded(handle)
        }
        for exchange in core.checks.removeValue(forKey: id) ?? [] { wake(exchange, answer) }
    }

    private mutating func wake(_ exchange: Handle<Exchange>, _ answer: CoreAnswer) {
        guard exchanges.contains(exchange), exchanges[exchange].state == .awaitingCore else {
            return
        }
        cancelTimer(exchange)
        exchanges[exchange].coreAnswer = answer
        exchangeQueue.append(exchange)
    }
}

// The line.
extension Worker {
    private mutating func take(_ answers: [CoreLine.Answer]) {
        for (id, answer) in answers { answered(id, answer) }
    }

    mutating func coreReady(_ token: EventToken, _ readiness: Readiness) {
        take(core.line.handle(token, readiness, loop: loop))
    }

    mutating func expireCoreCalls() {
        take(core.line.expire(loop: loop))
    }

    /// Takes the cores of a new configuration.
    mutating func adoptCores(_ source: GenerationSource) {
        let answers = core.line.adopt(
            options: source.options,
            tls: source.clientTLS,
            addresses: source.coreAddresses,
            loop: loop
        )
        take(answers)
    }
}

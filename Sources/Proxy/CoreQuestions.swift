import Bytes
public import Connections
import Cryptography
import EventLoop
import HTTPCore
import Observability
public import Sessions
import TLS

/// What one worker asks of cores, and which of its exchanges wait for what.
///
/// A database check is asked by the exchange's own worker. A child token belongs to one worker of
/// the process, whichever requests carry it: that one asks, remembers, and tells the others.
struct CoreQuestions: ~Copyable {
    private let inPlace = InPlace()
    var client: CoreClient
    var calls = CallClient(kind: EventKind.coreCall, capacity: CoreClient.maximumRunning * 2)
    var options: CoreOptions
    /// What https cores are spoken to with, what it was made of, and the name asked for.
    private var tlsContext: TLSClientContext?
    private var tlsMaterial: TLSClientMaterial?
    private var serverName: String?
    /// What each core's name resolved to; the first of a list is used until it fails.
    var addresses: [[SocketAddress]]
    /// The core that each request under way was sent to.
    var locations: [UInt64: Int] = [:]
    /// Exchanges that wait for a database check, by the question's number.
    var checks: [UInt64: [Handle<Exchange>]] = [:]
    /// Exchanges that wait for what the owner of their child token hears.
    var children: [[UInt8]: [Handle<Exchange>]] = [:]
    /// The child tokens that this worker owns.
    var owned = ChildTokens()
    /// Which of them a question is about.
    var ownedQuestions: [UInt64: ChildToken] = [:]

    init(_ source: GenerationSource) {
        options = source.options.sessions.core
        client = CoreClient(options: options)
        addresses = source.coreAddresses
        prepareTLS(source)
    }

    mutating func prepareTLS(_ source: GenerationSource) {
        serverName = source.options.coreTLS.serverName
        guard source.clientTLS.core != tlsMaterial else { return }
        tlsMaterial = source.clientTLS.core
        tlsContext = tlsMaterial.flatMap { try? TLSClientContext($0) }
    }

    /// Where to reach a core; nil where that is not known.
    func destination(_ location: Int) -> CallDestination? {
        guard options.locations.indices.contains(location), addresses.indices.contains(location),
            let address = addresses[location].first
        else { return nil }
        var destination = CallDestination(address: address)
        guard options.locations[location].isEncrypted else { return destination }
        guard let tlsContext else { return nil }
        destination.tls = CallDestination.TLS(
            context: tlsContext,
            serverName: serverName ?? options.locations[location].host
        )
        return destination
    }

    /// How long an exchange waits at most: each core's version and answer, one after the other.
    var patience: Duration {
        options.timeout * (2 * max(options.locations.count, 1)) + .seconds(1)
    }
}

// What exchanges ask.
extension Worker {
    /// Waits for what the core says of the request's child token.
    mutating func awaitOwner(_ exchange: Handle<Exchange>, _ child: ChildToken) {
        wait(exchange)
        let isFirst = core.children[child.token] == nil
        core.children[child.token, default: []].append(exchange)
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
        wait(exchange)
        let shared = generations[exchanges[exchange].generation].authenticator
        let question = authenticators[shared].authenticator.databaseCheck(session)
        let (id, actions) = core.client.ask(question, now: coreTime)
        core.checks[id, default: []].append(exchange)
        perform(actions)
    }

    private mutating func wait(_ exchange: Handle<Exchange>) {
        exchanges[exchange].state = .awaitingCore
        armTimer(exchange, at: loop.now + core.patience)
    }

    /// The wait is over without an answer. The owner's may be lost: nobody waits for it any longer,
    /// so that the next request asks anew.
    mutating func gaveUpOnCore(_ exchange: Handle<Exchange>) {
        let token = core.children.first { $0.value.contains(exchange) }?.key
        leaveCore(exchange)
        exchanges[exchange].coreAnswer = .unreachable(.unreachable)
        resume(exchange)
        if let token { childAnswered(token, .unreachable(.unreachable)) }
    }

    /// The exchange waits no more; others may.
    mutating func leaveCore(_ exchange: Handle<Exchange>) {
        for (id, waiting) in core.checks where waiting.contains(exchange) {
            core.checks[id] = waiting.filter { $0 != exchange }
        }
        for (token, waiting) in core.children where waiting.contains(exchange) {
            let left = waiting.filter { $0 != exchange }
            core.children[token] = left.isEmpty ? nil : left
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
            let (id, actions) = core.client.ask(child.question, now: coreTime)
            core.ownedQuestions[id] = child
            perform(actions)
        }
    }

    /// The owner heard of a child token.
    mutating func childAnswered(_ token: [UInt8], _ answer: CoreAnswer) {
        for exchange in core.children.removeValue(forKey: token) ?? [] { wake(exchange, answer) }
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

// Carrying the questions.
extension Worker {
    private var coreTime: KeyFetcher.Time {
        KeyFetcher.Time(
            nanoseconds: loop.now.nanoseconds,
            wallMilliseconds: loop.wallMilliseconds
        )
    }

    /// Does what the client of cores says, and what follows from it.
    private mutating func perform(_ actions: [CoreClient.Action]) {
        var actions = actions
        var index = 0
        while index < actions.count {
            switch actions[index] {
            case .send(let request):
                if let outcome = send(request) { actions += outcomeActions(outcome) }
            case .answer(let id, let answer):
                answered(id, answer)
            }
            index += 1
        }
    }

    /// - Returns: the call's outcome when it failed at once.
    private mutating func send(_ request: KeyFetcher.CoreRequest) -> CallOutcome? {
        guard let destination = core.destination(request.location) else {
            return CallOutcome(id: request.id, answer: nil)
        }
        core.locations[request.id] = request.location
        return core.calls.start(
            CallRequest(request, to: core.options.locations[request.location]),
            to: destination,
            deadline: loop.now + core.options.timeout,
            loop: loop
        )
    }

    private mutating func outcomeActions(_ outcome: CallOutcome) -> [CoreClient.Action] {
        let location = core.locations.removeValue(forKey: outcome.id)
        guard let answer = outcome.answer else {
            if let location { rotateAddresses(location) }
            metrics.increment(.coreCallsFailed)
            return core.client.failed(request: outcome.id, now: coreTime)
        }
        metrics.increment(answer.status == 200 ? .coreCallsSucceeded : .coreCallsFailed)
        return core.client.answered(
            request: outcome.id,
            status: answer.status,
            body: answer.content.span,
            now: coreTime
        )
    }

    /// Of a name with several addresses the next is tried after a failure.
    private mutating func rotateAddresses(_ location: Int) {
        guard core.addresses.indices.contains(location), core.addresses[location].count > 1 else {
            return
        }
        core.addresses[location].append(core.addresses[location].removeFirst())
    }

    mutating func coreReady(_ token: EventToken, _ readiness: Readiness) {
        guard let outcome = core.calls.handle(token, readiness, loop: loop) else { return }
        perform(outcomeActions(outcome))
    }

    mutating func expireCoreCalls() {
        while let outcome = core.calls.expire(now: loop.now, loop: loop) {
            perform(outcomeActions(outcome))
        }
    }

    /// Takes the cores of a new configuration.
    mutating func adoptCores(_ source: GenerationSource) {
        core.options = source.options.sessions.core
        core.addresses = source.coreAddresses
        core.prepareTLS(source)
        perform(core.client.replaceOptions(core.options, now: coreTime))
    }
}

extension CallRequest {
    /// A request of the client of cores, to one of them.
    public init(_ request: KeyFetcher.CoreRequest, to location: CoreOptions.Location) {
        self.init(
            id: request.id,
            method: request.method,
            target: request.path,
            host: location.authority,
            fields: request.headers,
            content: request.body,
            isRepeatable: true
        )
    }
}

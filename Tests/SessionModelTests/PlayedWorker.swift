import Bytes
import Cryptography
import HTTPCore
import Policy
import Sessions

/// One worker of the gateway, as far as sessions go: the same machines with the same calls between
/// them, and nothing of sockets.
final class PlayedWorker {
    let index: Int
    let workers: Int
    let world: ModelWorld
    var current: ModelGeneration
    var others: [ModelGeneration] = []
    var keys = KeySet()
    var revoked: RevokedSessions
    var client: CoreClient
    var apiKey: String
    var owned = ChildTokens()
    var ownedQuestions: [UInt64: ChildToken] = [:]
    var checks: [UInt64: [ModelRequest]] = [:]
    var checkedHandles: [UInt64: [UInt8]] = [:]
    var children: [[UInt8]: [ModelRequest]] = [:]
    var keyWaiters: [ModelRequest] = []
    var putOff: [WatchedCredentials] = []
    /// Questions in the order they were asked, and whether they were sent.
    var open: [(id: UInt64, mark: UInt64, isDatabase: Bool, isSent: Bool)] = []
    var wall = ModelKeys.start
    var output = WorkerOutput()

    init(_ index: Int, of workers: Int, world: ModelWorld, options: ModelOptions) {
        self.index = index
        self.workers = workers
        self.world = world
        current = ModelGeneration(options, keys: KeySet())
        client = CoreClient(options: options.core)
        apiKey = options.apiKey
        revoked = RevokedSessions(
            entries: options.entries,
            keep: .seconds(options.keepSeconds),
            key: Self.key
        )
    }

    private static let key = KeyedHash128.Key.random

    var time: KeyFetcher.Time {
        KeyFetcher.Time(
            nanoseconds: UInt64(max(wall - ModelKeys.start, 0) + 1000) * 1_000_000,
            wallMilliseconds: wall
        )
    }
}

// A request's way.
extension PlayedWorker {
    func take(_ request: ModelRequest) { authenticate(request) }

    func authenticate(_ request: ModelRequest) {
        let generation = request.generation
        let head = request.head
        generation.authenticator.beginTurn()
        let found = generation.authenticator.authenticate(
            head: head.head,
            bytes: head.bytes.span,
            wallMilliseconds: wall,
            mayAsk: request.keyQuestion == nil,
            lastFetchFailed: request.keyFetchFailed,
            answer: request.coreAnswer
        )
        let authentication = generation.authenticator.check(found, against: revoked)
        switch authentication {
        case .session(let session):
            request.session = session
            request.coreAnswer = nil
            guard request.checksDatabase, admitsCookie(request) else {
                authorize(request, authentication)
                return
            }
            awaitDatabase(request, session)
        case .revocationUnknown(let session):
            request.session = session
            request.coreAnswer = nil
            guard admitsCookie(request) else {
                authorize(request, .session(session))
                return
            }
            request.askedMark = revoked.mark
            awaitDatabase(request, session)
        case .noToken, .refused: authorize(request, authentication)
        case .childOfRefresh(let child): askOwner(request, child)
        case .keysNeeded(let question):
            request.state = .awaitingKeys
            request.keyQuestion = question
            keyWaiters.append(request)
            output.keysWanted.append(question)
            output.steps.append((request, .awaitsKeys))
        case .budgetSpent: authenticate(request)
        }
    }

    func admitsCookie(_ request: ModelRequest) -> Bool {
        guard let session = request.session, session.isCookieBorne else { return true }
        let token = request.generation.authenticator.copiedAntiCSRFToken(session)
        return admits(request, token)
    }

    func admits(_ request: ModelRequest, _ token: [UInt8]) -> Bool {
        let head = request.head
        return request.generation.antiCSRF.admits(
            head: head.head,
            bytes: head.bytes.span,
            target: RequestTarget(),
            scheme: .https,
            token: token.span
        )
    }

    func authorize(_ request: ModelRequest, _ authentication: Authentication) {
        if case .session(let session) = authentication { request.session = session }
        let verdict: ModelVerdict
        do throws(Denial) {
            let permit = try Policy.authorize(
                rule: .required,
                action: .forward(upstream: 0),
                route: 0,
                authentication: authentication,
                claimList: 0,
                admitsCookie: admitsCookie(request),
                admitsOrigin: true
            )
            verdict = passed(request, permit.session)
        } catch {
            verdict = .denied(error.reason, error.answer, clears: error.clearsTokens)
        }
        end(request)
        output.steps.append((request, .verdict(verdict)))
    }

    func passed(_ request: ModelRequest, _ session: SessionReference?) -> ModelVerdict {
        guard let session else { return .passed(token: -1, delivers: false) }
        let jwt = request.generation.authenticator.copiedJWT(session)
        let handle = request.generation.authenticator.copiedHandle(session)
        let place = world.tokens.place(in: jwt, endingAt: jwt.count) ?? -1
        let isRight =
            place >= 0 && world.tokens.all[place].jwt.count == jwt.count
            && handle == ModelTokens.handle(world.tokens.all[place].session)
        return .passed(token: isRight ? place : -1, delivers: session.hasDelivery)
    }

    func end(_ request: ModelRequest) {
        if let session = request.session { request.generation.authenticator.release(session) }
        request.session = nil
        request.state = .done
    }

    /// The client is gone.
    func leave(_ request: ModelRequest) {
        leaveCore(request)
        keyWaiters.removeAll { $0 === request }
        end(request)
    }

    /// Its patience is over.
    func giveUp(_ request: ModelRequest) {
        let token = children.first { $0.value.contains { $0 === request } }?.key
        leaveCore(request)
        request.coreAnswer = .unreachable(.unreachable)
        request.evidence = request.coreAnswer
        resume(request)
        if let token { childAnswered(token, .unreachable(.unreachable)) }
    }

    func leaveCore(_ request: ModelRequest) {
        for (id, waiting) in checks { checks[id] = waiting.filter { $0 !== request } }
        for (token, waiting) in children {
            let left = waiting.filter { $0 !== request }
            children[token] = left.isEmpty ? nil : left
        }
    }

    func resume(_ request: ModelRequest) {
        let state = request.state
        request.state = .judging
        switch state {
        case .awaitingKeys: authenticate(request)
        case .awaitingCore:
            if let session = request.session {
                databaseChecked(request, session)
            } else {
                authenticate(request)
            }
        case .judging, .done: request.state = state
        }
    }
}

// What comes from outside.
extension PlayedWorker {
    func obey(_ mail: ModelMail) {
        switch mail {
        case .keys(let set, _):
            keys = set
            for one in others + [current] { one.authenticator.replaceKeys(set) }
            let waiting = putOff
            putOff = []
            for one in waiting where end(one) != nil { putOff.append(one) }
        case .keysAnswered(let question, let failed):
            let waiting = keyWaiters
            keyWaiters = waiting.filter { $0.keyQuestion != question }
            for request in waiting where request.keyQuestion == question {
                request.keyFetchFailed = failed
                resume(request)
            }
        case .generation(let options): adopt(options)
        case .childWanted(let child, let worker): childWanted(child, by: worker)
        case .childAnswered(let token, let answer): childAnswered(token, answer)
        case .dropped(let news, _): revoked.take(news)
        }
    }

    func adopt(_ options: ModelOptions) {
        others.append(current)
        if let known = others.firstIndex(where: { $0.options == options }) {
            current = others.remove(at: known)
        } else {
            current = ModelGeneration(options, keys: keys)
        }
        revoked.replaceLimits(entries: options.entries, keep: .seconds(options.keepSeconds))
        guard options.apiKey != apiKey else { return }
        apiKey = options.apiKey
        for place in open.indices { open[place].isSent = false }
        output.coreIsNew = true
        perform(client.replaceOptions(options.core, now: time))
    }

    func tend() {
        if wall >= revoked.nextExpiry { revoked.expire(wallMilliseconds: wall) }
    }

    /// An upstream's answer ends the session of the request that these credentials came with.
    func signOut(_ head: ModelHead) {
        var watched = WatchedCredentials()
        current.authenticator.keep(into: &watched, head: head.head, bytes: head.bytes.span)
        if let question = end(watched) {
            putOff.append(watched)
            output.keysWanted.append(question)
        }
    }

    /// - Returns: what must be known first, if anything.
    func end(_ watched: WatchedCredentials) -> KeyQuestion? {
        switch current.authenticator.endedSession(watched, wallMilliseconds: wall) {
        case .handle(let handle): drop(handle)
        case .none: break
        case .keysNeeded(let question): return question
        }
        return nil
    }

    /// What is held though nobody is there.
    var leftovers: [String] {
        var left: [String] = []
        let pinned = (others + [current]).map { $0.authenticator.statistics.pinned }.reduce(0, +)
        if pinned > 0 { left.append("\(pinned) references") }
        if !children.isEmpty { left.append("\(children.count) child tokens") }
        if checks.contains(where: { !$0.value.isEmpty }) { left.append("database checks") }
        if !keyWaiters.isEmpty { left.append("requests that wait for keys") }
        if !ownedQuestions.isEmpty { left.append("questions of child tokens") }
        if !open.isEmpty { left.append("\(open.count) questions") }
        return left
    }
}

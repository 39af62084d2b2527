import HTTPCore
import Sessions
import TestSupport

/// One order of events, drawn from a seed: what clients, operators, upstreams, the core and the
/// clock do to the workers, and what the naive gateway has to say of it.
struct ModelOrder {
    private var numbers: SeededGenerator
    private let world: ModelWorld
    private let workers: [PlayedWorker]
    private var naive: NaiveGateway
    private var core: PlayedCore
    private var mail: [[(letter: ModelMail, sentAt: Int)]]
    private var requests: [ModelRequest] = []
    private let isCrowded: Bool
    private let isLong: Bool
    /// The session that operators leave alone where others end often.
    private let spared: Int
    /// Few tokens, so that several requests carry the same; the first is a child token.
    private let common: [Int]
    /// Tokens that the core made in this order.
    private var given: [Int] = []
    private var published = 0
    private var sequence: UInt64 = 0
    private var wall = ModelKeys.start
    /// Requests that got a verdict.
    private(set) var verdicts = 0
    private(set) var passed = 0
    private(set) var events = 0

    /// Whether it is told what happens.
    private let isTold: Bool

    init(seed: UInt64, world: ModelWorld, isTold: Bool = false) {
        var numbers = SeededGenerator(seed: seed)
        self.isTold = isTold
        self.world = world
        var options = Self.allOptions[numbers.below(Self.allOptions.count)]
        isLong = numbers.below(50) == 0
        isCrowded = isLong || numbers.below(4) == 0
        spared = isCrowded ? numbers.below(ModelTokens.sessions) : -1
        options.entries = [1, 2, isCrowded ? 1 : 1000][numbers.below(3)]
        options.keepSeconds = [60, 86_400][numbers.below(2)]
        let count = 1 + numbers.below(2)
        let workers = (0..<count).map {
            PlayedWorker($0, of: count, world: world, options: options)
        }
        self.workers = workers
        naive = NaiveGateway(world: world, played: workers, options: options)
        core = PlayedCore(isOld: numbers.below(4) == 0)
        common = [
            [7, 9, 18, 20, 29, 31][numbers.below(6)], [0, 11, 22][numbers.below(3)],
            numbers.below(world.tokens.initial),
        ]
        mail = workers.map { _ in [] }
        self.numbers = numbers
    }

    private static let allOptions = [
        ModelOptions(antiCSRF: .token), ModelOptions(antiCSRF: .none, takesStaticKeys: false),
        ModelOptions(antiCSRF: .customHeader, apiKey: "key"),
    ]

    /// Lets it all happen, and then everything come to its end.
    mutating func run() throws {
        publish(1)
        for worker in workers.indices where numbers.below(16) > 0 { try deliver(worker) }
        for _ in 0..<(isLong ? 80 : 5 + numbers.below(7)) { try happen() }
        try settle()
        for worker in workers {
            let left = worker.leftovers
            if !left.isEmpty {
                throw ModelFailure(description: "worker \(worker.index) holds \(left)")
            }
        }
        guard verdicts + leavers == requests.count else {
            throw ModelFailure(description: "\(requests.count) requests, \(verdicts) verdicts")
        }
    }

    private var leavers = 0

    private func note(_ what: @autoclosure () -> String) {
        if isTold { print("\(naive.event): \(what())") }
    }

    private mutating func happen() throws {
        naive.event += 1
        events += 1
        // In some orders sessions end often.
        switch numbers.below(isCrowded ? 116 : 100) {
        case 0..<34: try request()
        case 34..<62: try answer()
        case 62..<82: try deliver(numbers.below(workers.count))
        case 82..<88: tick()
        case 88..<91: try leave()
        case 91..<93: try signOut()
        case 93..<95: drop()
        case 95..<97: publish(1 + numbers.below(ModelKeys.sets.count - 1))
        case 97..<98: reload()
        case 98..<100: try giveUp()
        default: drop()
        }
    }

    /// What is under way arrives, in any order.
    private mutating func settle() throws {
        for _ in 0..<400 {
            naive.event += 1
            events += 1
            let full = mail.indices.filter { !mail[$0].isEmpty }
            if !full.isEmpty, core.inFlight.isEmpty || numbers.below(2) == 0 {
                try deliver(full[numbers.below(full.count)])
            } else if !core.inFlight.isEmpty {
                try answer()
            } else {
                try naive.checkTables()
                return
            }
        }
        throw ModelFailure(description: "there is no end to it")
    }
}

// What can happen.
extension ModelOrder {
    private mutating func request() throws {
        var message = ModelMessage()
        switch numbers.below(20) {
        case 0: message.token = nil
        case 1..<5 where !given.isEmpty: message.token = given[numbers.below(given.count)]
        default: message.token = common[numbers.below(common.count)]
        }
        message.carrier = ModelMessage.Carrier.allCases[numbers.below(3)]
        message.isGET = numbers.below(2) == 0
        if !message.isGET {
            message.antiCSRF = numbers.below(3) > 0 ? .right : [.wrong, .absent][numbers.below(2)]
        }
        let worker = workers[numbers.below(workers.count)]
        let request = ModelRequest(
            number: requests.count,
            worker: worker.index,
            message: message,
            head: world.head(message),
            checksDatabase: numbers.below(4) == 0,
            generation: worker.current
        )
        requests.append(request)
        note("request \(request.number) to \(worker.index): \(message)")
        naive.began(request)
        worker.take(request)
        try take(from: worker)
    }

    private mutating func answer() throws {
        guard !core.inFlight.isEmpty else { return }
        let place = numbers.below(core.inFlight.count)
        if core.inFlight[place].word == nil { look(place) }
        let request = core.remove(place)
        guard let word = request.word else { return }
        if request.kind == .version {
            naive.failures += core.answer(word, to: request, world.tokens)?.status == 200 ? 0 : 1
        }
        let worker = workers[request.worker]
        note("\(word) for token \(request.token), \(request.kind), worker \(worker.index)")
        worker.coreAnswered(request.id, core.answer(word, to: request, world.tokens))
        if request.kind != .version, let meaning = core.meaning(word, to: request, world.tokens) {
            guard worker.output.answers.contains(where: { $0.1 == meaning }) else {
                throw ModelFailure(description: "\(word) is not taken for what it is")
            }
            naive.said(
                NaiveGateway.Saying(
                    worker: request.worker,
                    token: request.token,
                    isDatabase: request.kind != .child,
                    sentAt: request.sentAt,
                    saidAt: naive.event,
                    answer: meaning
                )
            )
        }
        try take(from: worker, after: request)
    }

    /// The core looks, and remembers what it found.
    private mutating func look(_ place: Int) {
        let request = core.inFlight[place]
        let session = world.tokens.all[request.token].session
        if request.kind == .version {
            core.look(place, [.yes, .yes, .yes, .yes, .cut, .status(503)][numbers.below(6)])
            return
        }
        let failure: [CoreWord] = [.garbage, .wrongHandle, .cut, .status(500), .status(503)]
        guard !core.ended.contains(session) else {
            let isClear = numbers.below(4) > 0
            core.look(place, isClear ? .ended : failure[numbers.below(failure.count)])
            return
        }
        switch numbers.below(20) {
        case 0..<9: core.look(place, .yes)
        case 9..<13:
            let token = world.tokens.make(session, at: wall)
            given.append(token)
            core.look(place, .promotes(token))
        case 13: core.look(place, .promotes([0, 11, 22][(session + 1) % 3]))
        case 14: core.look(place, .promotes(session * 11 + 1))
        case 15: core.look(place, .noToken)
        case 16: core.look(place, .tryRefresh)
        case 17:
            core.end(session)
            core.look(place, .ended)
        default: core.look(place, failure[numbers.below(failure.count)])
        }
    }

    private mutating func deliver(_ worker: Int) throws {
        guard !mail[worker].isEmpty else { return }
        let next = mail[worker].removeFirst()
        note("worker \(worker) reads \(next.letter)")
        naive.reads(next.letter, worker, sentAt: next.sentAt)
        workers[worker].obey(next.letter)
        try take(from: workers[worker])
    }

    private mutating func tick() {
        note("the clock moves")
        wall += [1000, 20_000, 20_000, 61_000, 310_000][numbers.below(5)]
        naive.wall = wall
        for worker in workers {
            worker.wall = wall
            worker.tend()
        }
    }

    private var waiting: [ModelRequest] { requests.filter { $0.state != .done } }

    private mutating func leave() throws {
        let waiting = waiting
        guard !waiting.isEmpty else { return }
        let request = waiting[numbers.below(waiting.count)]
        note("request \(request.number) leaves")
        workers[request.worker].leave(request)
        naive.left(request)
        leavers += 1
    }

    private mutating func giveUp() throws {
        let waiting = waiting.filter { $0.state == .awaitingCore }
        guard !waiting.isEmpty else { return }
        let request = waiting[numbers.below(waiting.count)]
        note("request \(request.number) gives up")
        naive.gaveUp()
        workers[request.worker].giveUp(request)
        try take(from: workers[request.worker])
    }

    private mutating func signOut() throws {
        let place = common[numbers.below(common.count)]
        let isCookie = numbers.below(2) == 0
        let message = ModelMessage(token: place, carrier: isCookie ? .cookie : .bearer)
        let worker = workers[numbers.below(workers.count)]
        // The SDK told the core before.
        if !world.tokens.all[place].isForged { core.end(world.tokens.all[place].session) }
        note("a sign-out with token \(place) at \(worker.index)")
        naive.signedOut(place, worker.index)
        worker.signOut(world.head(message))
        try take(from: worker)
    }

    /// An operator drops a session, and perhaps tells the core.
    private mutating func drop() {
        let session = numbers.below(ModelTokens.sessions)
        guard session != spared else { return }
        if numbers.below(3) > 0 { core.end(session) }
        tell(session, wall)
    }

    private mutating func tell(_ session: Int, _ instant: Int64) {
        for worker in workers {
            let handle = ModelTokens.handle(session)
            let one = RevokedSession(
                fingerprint: worker.revoked.fingerprint(handle.span),
                instant: instant
            )
            post(.dropped(RevocationNews([one]), session: session), to: worker.index)
        }
    }

    private mutating func post(_ letter: ModelMail, to worker: Int) {
        mail[worker].append((letter, sentAt: naive.event))
    }

    private mutating func publish(_ set: Int) {
        published = set
        sequence += 1
        let keys = ModelKeys.published(set, confirmedAt: wall, sequence: sequence)
        for worker in mail.indices { post(.keys(keys, number: set), to: worker) }
    }

    private mutating func reload() {
        var options = Self.allOptions[numbers.below(Self.allOptions.count)]
        options.entries = [1, 2, 1000][numbers.below(3)]
        options.keepSeconds = [60, 86_400][numbers.below(2)]
        for worker in mail.indices { post(.generation(options), to: worker) }
    }
}

// What follows.
extension ModelOrder {
    /// Takes what a worker did in one event, and lets the naive gateway judge it.
    private mutating func take(
        from worker: PlayedWorker,
        after origin: CoreRequestInFlight? = nil
    ) throws {
        let output = worker.output
        worker.output = WorkerOutput()
        for (request, step) in output.steps {
            note("request \(request.number): \(step)")
            try naive.saw(request, step)
            if case .verdict(let verdict) = step {
                verdicts += 1
                if case .passed = verdict { passed += 1 }
            }
        }
        if output.coreIsNew { core.forget(worker.index) }
        for (request, isDatabase) in output.coreRequests {
            let open = core.openChildren
            let taken = core.take(
                request,
                isDatabase: isDatabase,
                worker.index,
                after: origin,
                event: naive.event,
                world.tokens
            )
            guard let taken else { throw ModelFailure(description: "an unknown question") }
            if taken.kind == .child || taken.kind == .database {
                try naive.sends(
                    taken.token,
                    isDatabase: taken.kind == .database,
                    worker.index,
                    open: open
                )
            }
            if numbers.below(2) == 0 { look(core.inFlight.count - 1) }
        }
        for (to, letter) in output.mail { post(letter, to: to) }
        for one in output.dropped { tell(one.session, one.0.instant) }
        for question in output.keysWanted {
            if numbers.below(3) == 0 { publish(1 + numbers.below(ModelKeys.sets.count - 1)) }
            let failed = numbers.below(4) == 0
            post(.keysAnswered(question, failed: failed), to: worker.index)
        }
    }
}

extension SeededGenerator {
    /// A number from 0 to below `limit`.
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

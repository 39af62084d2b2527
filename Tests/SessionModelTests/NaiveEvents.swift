import HTTPCore
import Policy
import Sessions

// What it is told of events.
extension NaiveGateway {
    /// A request came.
    mutating func began(_ request: ModelRequest) {
        let options = workers[request.worker].options
        records.append(Record(request: request, options: options))
    }

    /// The machine says what became of a request: it must be right.
    mutating func saw(_ request: ModelRequest, _ step: ModelStep) throws {
        var record = records[request.number]
        guard !record.isOver else { throw failure("a second word on a request", record) }
        try checkEvidence(&record)
        let right = try outcomes(record)
        let isRight: Bool
        switch step {
        case .awaitsKeys:
            isRight = right.contains(.awaitsKeys)
            record.wait = .keys
        case .awaitsOwner:
            isRight = right.contains(.awaitsOwner)
            record.since = event
            record.wait = .owner
        case .awaitsDatabase:
            record.candidates = right.compactMap { outcome in
                if case .awaitsDatabase(let candidate) = outcome { candidate } else { nil }
            }
            isRight = !record.candidates.isEmpty
            note(&record)
        case .verdict(let verdict):
            isRight = right.contains(.verdict(verdict))
            confirm(record, verdict)
            record.isOver = true
        }
        guard isRight else { throw failure("\(step), but right is one of \(right)", record) }
        records[request.number] = record
    }

    private mutating func note(_ record: inout Record) {
        record.wait = .database
        record.since = event
        record.ownersAnswer = nil
        let mark = played[record.request.worker].revoked.mark
        let isOlder = record.candidates.contains { token($0.token).createdAt < mark }
        record.askedMark = isOlder ? mark : nil
    }

    /// A yes holds for the token that was asked about, where no other took its place.
    private mutating func confirm(_ record: Record, _ verdict: ModelVerdict) {
        guard record.wait == .database, let mark = record.askedMark,
            record.request.evidence == .verified(newToken: nil)
        else { return }
        switch verdict {
        case .denied(.revoked, _, _): break
        case .passed, .denied:
            confirmed.append((record.request.worker, record.request.message, mark))
        }
    }

    /// Whether what it was woken with is what a core said, of its token, and not too long ago.
    private func checkEvidence(_ record: inout Record) throws {
        guard record.wait == .owner || record.wait == .database,
            let answer = record.request.evidence
        else {
            if record.wait != nil { throw failure("woken by nothing", record) }
            return
        }
        if case .unreachable = answer {
            if failures == 0 { throw failure("a core that answers is not reached", record) }
        } else if record.wait == .owner {
            try checkOwners(answer, record)
        } else {
            let tokens = record.candidates.map(\.token)
            let isSaid = sayings.contains {
                $0.isDatabase && $0.worker == record.request.worker && $0.saidAt == event
                    && tokens.contains($0.token) && $0.answer == answer
                    && $0.sentAt >= record.since
            }
            guard isSaid else { throw failure("the core did not look for it: \(answer)", record) }
        }
        if record.wait == .owner {
            record.ownersAnswer = answer
            record.wait = nil
        }
    }

    /// A yes is remembered until the session ends; any other answer is told at once.
    private func checkOwners(_ answer: CoreAnswer, _ record: Record) throws {
        let place = record.request.message.token ?? -1
        let delivered = workers[record.request.worker].delivered
        let isFresh = delivered?.event == event && delivered?.token == place
        let toldAt = isFresh ? delivered?.sentAt ?? event : event
        let isSaid = sayings.contains { saying in
            guard !saying.isDatabase, saying.token == place, saying.answer == answer else {
                return false
            }
            guard case .verified = answer else { return saying.saidAt == toldAt }
            let heard = workers[saying.worker].heardEnds[token(place).session]
            return !(saying.saidAt < heard && heard <= toldAt)
        }
        if isSaid || (answer == .ended && ownerKnows(place, at: toldAt)) { return }
        throw failure("no core said so: \(answer)", record)
    }

    /// Whether the session was dropped in the worker that owns its child token.
    private func ownerKnows(_ place: Int, at told: Int) -> Bool {
        let owner = workers[PlayedWorker.owner(of: token(place).mark, workers.count)]
        return owner.drops.contains { $0.session == token(place).session && $0.event <= told }
    }

    func failure(_ text: String, _ record: Record) -> ModelFailure {
        let request = record.request
        let place = request.message.token
        let text = "\(text); it is \(place.map { "\(world.tokens.all[$0].summary)" } ?? "none")"
        return ModelFailure(
            description: "request \(request.number) at worker \(request.worker) with "
                + "token \(place ?? -1), \(request.message.carrier), waits: "
                + "\(record.wait.map { "\($0)" } ?? "no"), database: \(request.checksDatabase): "
                + text
        )
    }
}

// Workers and cores.
extension NaiveGateway {
    /// The client is gone.
    mutating func left(_ request: ModelRequest) { records[request.number].isOver = true }

    mutating func gaveUp() { failures += 1 }

    /// A worker reads its mail next.
    mutating func reads(_ mail: ModelMail, _ worker: Int, sentAt: Int) {
        switch mail {
        case .keys(_, let set):
            workers[worker].keySet = set
            let waiting = workers[worker].putOff
            workers[worker].putOff = []
            for place in waiting { signedOut(place, worker) }
        case .keysAnswered(let question, let failed):
            for index in records.indices {
                guard records[index].wait == .keys, !records[index].isOver,
                    records[index].request.worker == worker,
                    let place = records[index].request.message.token,
                    token(place).isLegacy == (question == .newerLegacyKey)
                else { continue }
                records[index].wait = nil
                records[index].keysAsked = true
                records[index].keysFailed = failed
            }
        case .generation(let options):
            workers[worker].options = options
            workers[worker].entries = min(workers[worker].entries, options.entries)
            workers[worker].keep = min(workers[worker].keep, options.keepSeconds * 1000)
        case .childWanted: break
        case .childAnswered(let bytes, _):
            let place = world.tokens.place(in: bytes, endingAt: bytes.count) ?? -1
            workers[worker].delivered = (event, place, sentAt)
        case .dropped(let news, let session):
            for one in news.sessions { drop(session, worker, one.instant) }
        }
    }

    private mutating func drop(_ session: Int, _ worker: Int, _ instant: Int64) {
        workers[worker].drops.append(Drop(session: session, instant: instant, event: event))
    }

    /// An upstream ended the session of a request with this token; nil = it had none.
    mutating func signedOut(_ place: Int?, _ worker: Int) {
        guard let place else { return }
        let token = token(place)
        let signers = ModelKeys.sets[workers[worker].keySet]
        let isKnown = signers.contains(token.signer)
        if isKnown, !token.isForged {
            drop(token.session, worker, wall)
        } else if workers[worker].keySet == 0
            || (token.isLegacy
                ? token.createdAt >= ModelKeys.newestCreated(workers[worker].keySet) : !isKnown)
        {
            workers[worker].putOff.append(place)
        }
    }

    /// A question goes to a core.
    func sends(_ place: Int, isDatabase: Bool, _ worker: Int, open: [Int]) throws {
        guard !isDatabase else { return }
        if open.contains(place) {
            throw ModelFailure(description: "a second question about child token \(place)")
        }
        let heard = workers[worker].heardEnds[token(place).session]
        let isKnown = sayings.contains { saying in
            guard !saying.isDatabase, saying.token == place, case .verified = saying.answer else {
                return false
            }
            return saying.saidAt > heard
        }
        if isKnown, wall < token(place).expiry {
            throw ModelFailure(description: "the core is asked again about child token \(place)")
        }
    }

    /// A core answered a question.
    mutating func said(_ saying: Saying) {
        sayings.append(saying)
        if case .unreachable = saying.answer { failures += 1 }
        guard saying.answer == .ended else { return }
        let session = token(saying.token).session
        drop(session, saying.worker, wall)
        workers[saying.worker].heardEnds[session] = event
    }

    /// What the workers told of must be what they ought to have dropped.
    func checkTables() throws {
        for worker in workers.indices {
            for session in 0..<ModelTokens.sessions { _ = try isDropped(session, worker) }
        }
    }
}

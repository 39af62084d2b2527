import HTTPCore
import Policy
import Sessions

/// A rule that an order of events broke.
struct ModelFailure: Error, CustomStringConvertible {
    let description: String
}

/// The gateway as its rules read. Nothing is cached and nothing is signed: every question is
/// answered by looking through all that ever happened.
///
/// Where the machines may choose (to ask the core again of what it said before, say) it names every
/// outcome that is right. Of what left the table of dropped sessions it believes the machine, and
/// that the mark covers it is what it checks.
struct NaiveGateway {
    struct Drop {
        let session: Int
        /// Milliseconds since the epoch, in whole seconds.
        let instant: Int64
        let event: Int
    }

    struct Worker {
        var options: ModelOptions
        var keySet = 0
        var drops: [Drop] = []
        /// The tightest that were in force.
        var entries: Int
        var keep: Int64
        /// Sign-outs that wait for keys: the token, and whether it is the current generation's.
        var putOff: [Int] = []
        /// When it heard from the core that sessions have ended: events.
        var heardEnds = [Int](repeating: -1, count: ModelTokens.sessions)
        /// The last child's answer that came by mail.
        var delivered: (event: Int, token: Int, sentAt: Int)?
    }

    /// What a core said.
    struct Saying {
        let worker: Int
        let token: Int
        let isDatabase: Bool
        let sentAt: Int
        let saidAt: Int
        let answer: CoreAnswer
    }

    /// A request as it stands.
    struct Record {
        enum Wait: Equatable {
            case keys, owner, database
        }

        let request: ModelRequest
        let options: ModelOptions
        var keysAsked = false
        var keysFailed = false
        var wait: Wait?
        var isOver = false
        var since = 0
        /// What the owner of its child token answered.
        var ownersAnswer: CoreAnswer?
        /// Tokens that may stand for its session by now.
        var candidates: [Candidate] = []
        /// The mark for which the core is asked.
        var askedMark: Int64?
    }

    struct Candidate: Equatable {
        let token: Int
        let delivers: Bool
    }

    enum Outcome: Equatable {
        case awaitsKeys, awaitsOwner
        case awaitsDatabase(Candidate)
        case verdict(ModelVerdict)
    }

    let world: ModelWorld
    let played: [PlayedWorker]
    var workers: [Worker]
    var records: [Record] = []
    var sayings: [Saying] = []
    /// A yes for a token in a worker, and the mark for which it was asked.
    var confirmed: [(worker: Int, message: ModelMessage, mark: Int64)] = []
    /// Times that a core could not be asked, or not be understood.
    var failures = 0
    var wall = ModelKeys.start
    var event = 0

    init(world: ModelWorld, played: [PlayedWorker], options: ModelOptions) {
        self.world = world
        self.played = played
        workers = played.map { _ in
            Worker(options: options, entries: options.entries, keep: options.keepSeconds * 1000)
        }
    }

    func token(_ place: Int) -> ModelToken { world.tokens.all[place] }
}

// What it says of requests.
extension NaiveGateway {
    static func denied(
        _ reason: Reason,
        _ answer: Denial.Answer,
        clears: Bool = false
    ) -> Outcome {
        .verdict(.denied(reason, answer, clears: clears))
    }

    /// Every right outcome for a request that has what it waited for.
    func outcomes(_ record: Record) throws -> [Outcome] {
        if record.wait == .database { return try looked(record) }
        let worker = record.request.worker
        guard let place = record.request.message.token else {
            return [Self.denied(.noSession, .unauthorised)]
        }
        let token = token(place)
        guard wall < token.expiry else { return [Self.denied(.expired, .tryRefreshToken)] }
        if let outcome = signature(token, record) { return [outcome] }
        if !token.isLegacy, !record.options.takesStaticKeys, !token.signer.isDynamic {
            return [Self.denied(.wrongKeyKind, .tryRefreshToken)]
        }
        let own = Candidate(token: place, delivers: false)
        guard token.isChild else { return try session(own, record) }
        var all: [Outcome] = []
        // What a core said of it may be remembered.
        for saying in sayings where saying.token == place && !saying.isDatabase {
            guard case .verified = saying.answer else { continue }
            all += try said(saying.answer, own, record)
        }
        if let answer = record.ownersAnswer { return all + (try said(answer, own, record)) }
        if !admits(record) { return all + [Self.denied(.antiCSRF, .tryRefreshToken)] }
        if try isDropped(token.session, worker) {
            return all + [Self.denied(.revoked, .unauthorised)]
        }
        return all + [.awaitsOwner]
    }

    /// Nil = it is good.
    private func signature(_ token: ModelToken, _ record: Record) -> Outcome? {
        let set = workers[record.request.worker].keySet
        let signers = ModelKeys.sets[set]
        let unknown: Outcome
        if set == 0 {
            unknown = Self.denied(.coreUnreachable, .unavailable)
        } else if token.isLegacy {
            if signers.contains(token.signer), !token.isForged { return nil }
            guard token.createdAt >= ModelKeys.newestCreated(set) else {
                return Self.denied(.badSignature, .tryRefreshToken)
            }
            unknown = Self.denied(.unknownKey, .tryRefreshToken)
        } else {
            if signers.contains(token.signer) {
                return token.isForged ? Self.denied(.badSignature, .tryRefreshToken) : nil
            }
            unknown = Self.denied(.unknownKey, .tryRefreshToken)
        }
        guard record.keysAsked else { return .awaitsKeys }
        return record.keysFailed ? Self.denied(.coreUnreachable, .unavailable) : unknown
    }

    /// What follows when the core said this of a child token.
    private func said(
        _ answer: CoreAnswer,
        _ own: Candidate,
        _ record: Record
    ) throws -> [Outcome] {
        switch successor(answer, own) {
        case .failure(let outcome): return [outcome]
        case .success(let candidate): return try session(candidate, record)
        }
    }

    private enum Successor {
        case success(Candidate)
        case failure(Outcome)
    }

    private func successor(_ answer: CoreAnswer, _ own: Candidate) -> Successor {
        switch answer {
        case .verified(newToken: nil): return .success(own)
        case .verified(.some(let bytes)):
            guard let place = world.tokens.place(in: bytes, endingAt: bytes.count),
                token(place).session == token(own.token).session, wall < token(place).expiry
            else { break }
            return .success(Candidate(token: place, delivers: true))
        case .ended:
            return .failure(Self.denied(.revoked, .unauthorised, clears: true))
        case .tryRefresh: return .failure(Self.denied(.expired, .tryRefreshToken))
        case .unreachable, .information, .handles, .revoked, .keys: break
        }
        return .failure(Self.denied(.coreUnreachable, .unavailable))
    }

    /// A verified session before anything of its own is asked of the core.
    private func session(_ candidate: Candidate, _ record: Record) throws -> [Outcome] {
        let token = token(candidate.token)
        let worker = record.request.worker
        guard wall < token.jwtExpiry else { return [Self.denied(.jwtExpired, .tryRefreshToken)] }
        guard !(try isDropped(token.session, worker)) else {
            return [Self.denied(.revoked, .unauthorised)]
        }
        let asks: Outcome =
            admits(record)
            ? .awaitsDatabase(candidate) : Self.denied(.antiCSRF, .tryRefreshToken)
        if record.request.checksDatabase { return [asks] }
        let mark = played[worker].revoked.mark
        guard token.createdAt < mark else { return [authorized(candidate, record)] }
        let isConfirmed = confirmed.contains {
            $0.worker == worker && $0.message.token == record.request.message.token
                && $0.mark >= mark
        }
        return isConfirmed ? [asks, authorized(candidate, record)] : [asks]
    }

    /// The core looked into its database.
    private func looked(_ record: Record) throws -> [Outcome] {
        guard let answer = record.request.evidence else { return [] }
        var all: [Outcome] = []
        for candidate in record.candidates {
            switch successor(answer, candidate) {
            case .failure(let outcome): all.append(outcome)
            case .success(let next):
                if next != candidate, wall >= token(next.token).jwtExpiry {
                    all.append(Self.denied(.jwtExpired, .tryRefreshToken))
                } else if try isDropped(token(next.token).session, record.request.worker) {
                    all.append(Self.denied(.revoked, .unauthorised))
                } else {
                    all.append(authorized(next, record))
                }
            }
        }
        return all
    }

    private func authorized(_ candidate: Candidate, _ record: Record) -> Outcome {
        guard admits(record) else { return Self.denied(.antiCSRF, .tryRefreshToken) }
        guard token(candidate.token).hasRole else {
            return Self.denied(.invalidClaim, .invalidClaim)
        }
        return .verdict(.passed(token: candidate.token, delivers: candidate.delivers))
    }

    /// Whether its page may use the session.
    private func admits(_ record: Record) -> Bool {
        let message = record.request.message
        guard message.isCookieBorne, !message.isGET, let place = message.token else { return true }
        switch record.options.antiCSRF {
        case .none: return true
        case .token: return message.antiCSRF == .right && token(place).antiCSRF != nil
        case .auto, .customHeader: return message.antiCSRF == .right
        }
    }

    /// Whether a worker must refuse a session.
    func isDropped(_ session: Int, _ worker: Int) throws -> Bool {
        let machine = played[worker]
        let handle = ModelTokens.handle(session)
        let has = machine.revoked.contains(machine.revoked.fingerprint(handle.span))
        let drops = workers[worker].drops
        guard let last = drops.filter({ $0.session == session }).map(\.instant).max() else {
            if has { throw ModelFailure(description: "a session that nobody dropped is dropped") }
            return false
        }
        let isKept =
            Set(drops.map(\.session)).count <= workers[worker].entries
            && wall < last + workers[worker].keep
        if isKept, !has { throw ModelFailure(description: "a dropped session is forgotten") }
        if !has, machine.revoked.mark < last + 60_000 {
            throw ModelFailure(description: "the mark does not cover what left the table")
        }
        return has
    }
}

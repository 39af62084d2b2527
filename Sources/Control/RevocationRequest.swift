import Bytes
import EventLoop
import HTTPCore
import JSON
import Observability
import Proxy
import Sessions

/// What the core is told, or asked, on an operator's behalf.
enum CoreErrand: Equatable {
    /// `/recipe/session/remove` for these handles.
    case removeSessions([String])
    /// The same for all sessions of a user, whose handles the core names.
    case removeSessionsOf(user: String)
}

/// One `POST /sessions/revoke` from its arrival to its answer: every worker has obeyed by then.
struct RevocationRequest {
    enum Core: Equatable {
        case notAsked
        case asked
        case told
        case failed
    }

    let id: UInt64
    let ticket: ServiceTicket
    /// The handles that were dropped.
    var handles: [String] = []
    var core = Core.notAsked
    /// What the workers are to confirm; nil = nothing was dropped yet.
    var number: UInt64?
    /// Workers that have not confirmed it.
    var missing: Set<Int> = []
    let deadline: Instant

    var isComplete: Bool { core != .asked && missing.isEmpty }

    /// The handles that were dropped, and whether all went well.
    func answer() -> ServiceResponse {
        var members: JSONObject = ["status": "OK"]
        if !isComplete {
            members["status"] = "TIMEOUT"
        } else if core == .failed {
            members["status"] = "CORE_UNREACHABLE"
        }
        members["sessionHandlesRevoked"] = .array(handles.map { .string($0) })
        let isDone = isComplete && core != .failed
        var response = ServiceResponse(
            status: isDone ? 200 : 503,
            contentType: "application/json",
            content: JSONValue.object(members).serialized()
        )
        guard !isDone else { return response }
        let reason: Reason = missing.isEmpty ? .coreUnreachable : .timeout
        response.fields = [("Retry-After", "1"), ("sallyport-reason", "\(reason.code)")]
        return response
    }
}

extension ControlLoop {
    /// How long an operator waits for the core and the workers.
    private static let requestTime = Duration.seconds(5)

    /// Drops what an operator names, and tells the core.
    mutating func revoke(_ command: RevocationCommand, _ ticket: ServiceTicket) {
        let id = revocations.nextRequest
        revocations.nextRequest += 1
        revocations.requests.append(
            RevocationRequest(id: id, ticket: ticket, deadline: loop.now + Self.requestTime)
        )
        switch command.target {
        case .sessions(let handles):
            drop(handles, for: id)
            if command.tellsCore { tellCore(.removeSessions(handles), for: id) }
        case .user(let user):
            tellCore(.removeSessionsOf(user: user), for: id)
        }
        answerRevocations()
    }

    /// Sends an operator's errand to the core; `coreErrandEnded` is called when it ends.
    private mutating func tellCore(_ errand: CoreErrand, for id: UInt64) {
        guard let index = revocations.requests.firstIndex(where: { $0.id == id }) else { return }
        revocations.requests[index].core = .asked
        switch errand {
        case .removeSessions(let handles): askCore(.revoke(handles: handles), for: id)
        case .removeSessionsOf(let user): askCore(.sessions(user: user), for: id)
        }
    }

    private mutating func askCore(_ question: CoreQuestion, for id: UInt64) {
        ask(question, .revocation(id: id, question))
    }

    /// What the core said to an errand's question: a user's handles are removed next.
    mutating func errandAnswered(_ id: UInt64, _ answer: CoreAnswer, to question: CoreQuestion) {
        switch answer {
        case .handles(let handles):
            // Whatever became of the request meanwhile: what the core is told holds here too.
            drop(handles, for: id)
            askCore(.revoke(handles: handles), for: id)
        case .revoked:
            guard case .revoke(let handles) = question else { return }
            coreErrandEnded(id, handles: handles)
        case .verified, .information, .ended, .tryRefresh, .keys, .unreachable:
            coreErrandEnded(id, handles: nil)
        }
    }

    /// What came of an errand.
    ///
    /// - Parameters:
    ///   - id: the request's.
    ///   - handles: the sessions that the core removed; nil = it could not be told.
    mutating func coreErrandEnded(_ id: UInt64, handles: [String]?) {
        guard let index = revocations.requests.firstIndex(where: { $0.id == id }) else { return }
        revocations.requests[index].core = handles == nil ? .failed : .told
        answerRevocations()
    }

    /// Drops sessions everywhere; the request, if it still waits, waits for all workers.
    private mutating func drop(_ handles: [String], for id: UInt64) {
        guard !handles.isEmpty else { return }
        let number = revocations.nextNumber
        revocations.nextNumber += 1
        if let index = revocations.requests.firstIndex(where: { $0.id == id }) {
            revocations.requests[index].handles += handles
            revocations.requests[index].number = number
            revocations.requests[index].missing = Set(workers.indices)
        }
        metrics.increment(.sessionsRevokedByOperators, by: UInt64(handles.count))
        let wall = loop.wallMilliseconds
        let sessions = handles.map { handle in
            RevokedSession(
                fingerprint: revocations.table.fingerprint(Array(handle.utf8).span),
                instant: wall
            )
        }
        drop(RevocationNews(sessions, number: number))
    }

    /// A worker refuses all it was told up to this number.
    mutating func revocationsObeyed(_ worker: Int, _ number: UInt64) {
        for index in revocations.requests.indices {
            guard let wanted = revocations.requests[index].number, wanted <= number else {
                continue
            }
            revocations.requests[index].missing.remove(worker)
        }
        answerRevocations()
    }

    /// Answers what is complete, or waited for too long.
    mutating func answerRevocations() {
        let now = loop.now
        let ended = revocations.requests.filter { $0.isComplete || $0.deadline <= now }
        guard !ended.isEmpty else { return }
        revocations.requests.removeAll { $0.isComplete || $0.deadline <= now }
        for request in ended {
            guard var server = admin.take() else { return }
            server.answer(request.ticket, request.answer(), loop: loop) { _, _ in
                .text(503, "one request at a time\n")
            }
            admin = consume server
        }
    }
}

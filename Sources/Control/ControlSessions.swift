import EventLoop
import HTTPCore
import JSON
import Proxy
import Sessions

/// An operator's question from its arrival to its answer.
struct SessionsRequest {
    let ticket: ServiceTicket
    var answer: SessionsAnswer
}

/// `GET /users/{id}/sessions`, `/users/{id}/jwts` and `/sessions/{handle}`: the core is asked for
/// the handles, then for each session.
extension ControlLoop {
    mutating func look(up query: SessionsQuery, _ ticket: ServiceTicket) {
        guard core.requests.count < SessionsQuery.maximumAtOnce else {
            answer(ticket, Self.unavailable(.json(503, #"{"status":"OVERLOADED"}"#), .overloaded))
            return
        }
        let id = revocations.nextRequest
        revocations.nextRequest += 1
        let property = configuration.options.sessions.jwtProperty
        var answer = SessionsAnswer(query: query, jwtProperty: property)
        if case .session(let handle) = query {
            answer.handles = [handle]
            answer.asked = 1
        }
        answer.missing = 1
        core.requests[id] = SessionsRequest(ticket: ticket, answer: answer)
        ask(query.question, .lookUp(id: id))
    }

    /// Takes one answer of the core in; the last one ends the request.
    mutating func looked(_ id: UInt64, _ said: CoreAnswer) {
        guard var request = core.requests[id] else { return }
        request.answer.missing -= 1
        switch said {
        case .handles(let handles):
            request.answer.take(handles)
        case .information(let session):
            request.answer.take(session, wallMilliseconds: loop.wallMilliseconds)
        case .ended:
            // It ended meanwhile, or never was.
            break
        case .unreachable(let failure):
            core.requests[id] = nil
            answer(request.ticket, Self.unavailable(failure.response, .coreUnreachable))
            return
        case .verified, .revoked, .tryRefresh, .keys:
            // Answers to other questions.
            break
        }
        core.requests[id] = request
        askNext(id)
    }

    /// Asks for the next sessions, or ends the request when there are none and none is awaited.
    private mutating func askNext(_ id: UInt64) {
        while let request = core.requests[id],
            request.answer.missing < SessionsQuery.sessionsAtOnce,
            request.answer.asked < request.answer.handles.count
        {
            let handle = request.answer.handles[request.answer.asked]
            core.requests[id]?.answer.asked += 1
            core.requests[id]?.answer.missing += 1
            ask(.session(handle: handle), .lookUp(id: id))
        }
        if core.requests[id]?.answer.missing == 0 { end(id) }
    }

    private mutating func end(_ id: UInt64) {
        guard let request = core.requests.removeValue(forKey: id) else { return }
        answer(request.ticket, request.answer.response)
    }

    private mutating func answer(_ ticket: ServiceTicket, _ response: ServiceResponse) {
        guard var server = admin.take() else { return }
        server.answer(ticket, response, loop: loop) { _, _ in
            .text(503, "one request at a time\n")
        }
        admin = consume server
    }

    private static func unavailable(
        _ response: ServiceResponse,
        _ reason: Reason
    ) -> ServiceResponse {
        var response = response
        response.fields = [("Retry-After", "1"), ("sallyport-reason", "\(reason.code)")]
        return response
    }
}

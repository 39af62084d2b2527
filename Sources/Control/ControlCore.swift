import Bytes
import Connections
import EventLoop
import HTTPCore
import Proxy
import Sessions

/// What control itself asks of cores, on operators' behalf.
struct ControlCore: ~Copyable {
    var client: CoreClient
    var calls = CallClient(
        kind: ControlEvent.coreCall,
        capacity: CoreClient.maximumRunning * 2
    )
    /// The core that each request under way was sent to.
    var locations: [UInt64: Int] = [:]
    /// Whose request a question belongs to.
    var errands: [UInt64: Errand] = [:]
    /// Questions of operators, by their number.
    var requests: [UInt64: SessionsRequest] = [:]

    /// One question of an operator's request.
    struct Errand {
        let id: UInt64
        let question: CoreQuestion
        /// Whether the request changes nothing.
        let isLookUp: Bool
    }

    init(options: CoreOptions) {
        client = CoreClient(options: options)
    }
}

extension ControlLoop {
    /// Asks a question for an operator's request.
    mutating func ask(_ question: CoreQuestion, for id: UInt64, isLookUp: Bool = false) {
        let (number, actions) = core.client.ask(question, now: time)
        core.errands[number] = ControlCore.Errand(id: id, question: question, isLookUp: isLookUp)
        perform(actions)
    }

    private mutating func perform(_ actions: [CoreClient.Action]) {
        var actions = actions
        var index = 0
        while index < actions.count {
            switch actions[index] {
            case .send(let request):
                if let outcome = send(request) { actions += outcomeActions(outcome) }
            case .answer(let number, let answer):
                guard let errand = core.errands.removeValue(forKey: number) else { break }
                if errand.isLookUp {
                    looked(errand.id, answer)
                } else {
                    errandAnswered(errand.id, answer, to: errand.question)
                }
            }
            index += 1
        }
    }

    private mutating func send(_ request: KeyFetcher.CoreRequest) -> CallOutcome? {
        let locations = configuration.options.sessions.core.locations
        guard locations.indices.contains(request.location),
            let address = coreAddresses[request.location]?.addresses.first,
            let destination = destination(locations[request.location], address)
        else { return CallOutcome(id: request.id, answer: nil) }
        core.locations[request.id] = request.location
        return core.calls.start(
            CallRequest(request, to: locations[request.location]),
            to: destination,
            deadline: loop.now + configuration.options.sessions.core.timeout,
            loop: loop
        )
    }

    private mutating func outcomeActions(_ outcome: CallOutcome) -> [CoreClient.Action] {
        core.locations[outcome.id] = nil
        guard let answer = outcome.answer else {
            return core.client.failed(request: outcome.id, now: time)
        }
        return core.client.answered(
            request: outcome.id,
            status: answer.status,
            body: answer.content.span,
            now: time
        )
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
    mutating func adoptCores() {
        let options = configuration.options.sessions.core
        perform(core.client.replaceOptions(options, now: time))
    }
}

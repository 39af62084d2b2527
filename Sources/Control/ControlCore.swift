import Bytes
import Connections
import EventLoop
import HTTPCore
import Proxy
import Sessions

/// What control itself asks of cores: on operators' behalf, and about sessions in use.
struct ControlCore: ~Copyable {
    var client: CoreClient
    var calls = CallClient(
        kind: ControlEvent.coreCall,
        capacity: CoreClient.maximumRunning * 2
    )
    /// The core that each request under way was sent to.
    var locations: [UInt64: Int] = [:]
    /// What each question is asked for: several that are equal may be one.
    var errands: [UInt64: [Errand]] = [:]
    /// Questions of operators, by their number.
    var requests: [UInt64: SessionsRequest] = [:]

    /// Why a question is asked.
    enum Errand {
        /// An operator's request drops sessions.
        case revocation(id: UInt64, CoreQuestion)
        /// An operator's request looks sessions up.
        case lookUp(id: UInt64)
        /// A session in use: its handle.
        case poll([UInt8])
    }

    init(options: CoreOptions) {
        client = CoreClient(options: options)
    }
}

extension ControlLoop {
    /// Asks a question; what comes of it goes where the errand says.
    mutating func ask(_ question: CoreQuestion, _ errand: ControlCore.Errand) {
        let (number, actions) = core.client.ask(question, now: time)
        core.errands[number, default: []].append(errand)
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
                for errand in core.errands.removeValue(forKey: number) ?? [] {
                    end(errand, answer)
                }
            }
            index += 1
        }
    }

    private mutating func end(_ errand: ControlCore.Errand, _ answer: CoreAnswer) {
        switch errand {
        case .revocation(let id, let question): errandAnswered(id, answer, to: question)
        case .lookUp(let id): looked(id, answer)
        case .poll(let handle): polled(handle, answer)
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

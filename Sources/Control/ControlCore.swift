import EventLoop
import Proxy
import Sessions

/// What control itself asks of cores: on operators' behalf, and about sessions in use.
struct ControlCore: ~Copyable {
    var line: CoreLine
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
        /// A session in use: its handle, and the configuration of the cores that may have it.
        case poll([UInt8], cores: Int)
    }

    init(_ configuration: LoadedConfiguration) {
        line = CoreLine(
            kind: ControlEvent.coreCall,
            options: configuration.options,
            tls: configuration.clientTLS,
            addresses: configuration.options.sessions.core.locations.map { _ in [] }
        )
    }
}

extension ControlLoop {
    /// Asks a question; what comes of it goes where the errand says.
    mutating func ask(_ question: CoreQuestion, _ errand: ControlCore.Errand) {
        let (number, answers) = core.line.ask(question, loop: loop)
        core.errands[number, default: []].append(errand)
        take(answers)
    }

    private mutating func take(_ answers: [CoreLine.Answer]) {
        for (number, answer) in answers {
            for errand in core.errands.removeValue(forKey: number) ?? [] { end(errand, answer) }
        }
    }

    private mutating func end(_ errand: ControlCore.Errand, _ answer: CoreAnswer) {
        switch errand {
        case .revocation(let id, let question): errandAnswered(id, answer, to: question)
        case .lookUp(let id): looked(id, answer)
        case .poll(let handle, let cores): polled(handle, answer, cores: cores)
        }
    }

    mutating func coreReady(_ token: EventToken, _ readiness: Readiness) {
        take(core.line.handle(token, readiness, loop: loop))
    }

    mutating func expireCoreCalls() {
        take(core.line.expire(loop: loop))
    }

    /// Takes the cores of a new configuration.
    mutating func adoptCores() {
        let answers = core.line.adopt(
            options: configuration.options,
            tls: configuration.clientTLS,
            addresses: knownCoreAddresses,
            loop: loop
        )
        take(answers)
    }
}

import Bytes
import Connections
import EventLoop
import HTTPCore
import Policy
import Sessions

// Between `authenticate` and `authorize`: what a core has a word in.
extension Worker {
    /// A child token: its request must be one that may use it before anything shared is asked.
    mutating func askOwner(_ exchange: Handle<Exchange>, _ child: ChildToken) {
        guard !child.isCookieBorne || admitsCookie(exchange, child.antiCSRFToken.span) else {
            let refusal = SessionRefusal(reason: .antiCSRF, answer: .tryRefreshToken)
            authorize(exchange, .refused(refusal))
            return
        }
        guard admitsOrigin(exchange) else {
            refuse(exchange, .originNotAllowed)
            return
        }
        // The core is not troubled with what is known.
        guard !isDropped(child.handle) else {
            authorize(exchange, .refused(Self.dropped))
            return
        }
        awaitOwner(exchange, child)
    }

    /// Asks the core whether the session is still there, where the route wants that.
    mutating func checkDatabase(
        _ exchange: Handle<Exchange>,
        _ session: SessionReference
    ) {
        let generation = exchanges[exchange].generation
        guard generations[generation].checksDatabase(exchanges[exchange].route),
            admitsCookie(exchange), admitsOrigin(exchange)
        else {
            authorize(exchange, .session(session))
            return
        }
        awaitDatabase(exchange, session)
    }

    /// The core looked: the session goes on as the core has it now.
    mutating func databaseChecked(
        _ exchange: Handle<Exchange>,
        _ session: SessionReference
    ) {
        let answer = exchanges[exchange].coreAnswer.take() ?? .unreachable(.unreachable)
        let shared = generations[exchanges[exchange].generation].authenticator
        exchanges[exchange].session = nil
        let bytes = clients[exchanges[exchange].client].input
        let outcome = authenticators[shared].authenticator.checked(
            session,
            answer,
            isSeedEra: Authenticator.isSeedEra(exchanges[exchange].head, bytes.span),
            wallMilliseconds: loop.wallMilliseconds
        )
        guard case .session(let held) = outcome else {
            authorize(exchange, outcome)
            return
        }
        exchanges[exchange].session = held
        // A yes counts for this request even if the mark moved while the core was asked.
        if isDropped(authenticators[shared].copiedHandle(held)) {
            authorize(exchange, .refused(Self.dropped))
            return
        }
        if let mark = exchanges[exchange].askedMark {
            authenticators[shared].authenticator.confirm(held, mark: mark)
        }
        authorize(exchange, .session(held))
    }

    /// Whether the session was dropped and is remembered.
    func isDropped(_ handle: [UInt8]) -> Bool {
        revoked.contains(revoked.fingerprint(handle.span))
    }

    private static let dropped = SessionRefusal(reason: .revoked, answer: .unauthorised)
}

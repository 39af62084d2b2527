import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Policy
import Sessions

/// Sessions that end before their tokens do: sign-outs that pass through this worker, and what
/// control tells of the others.
extension Worker {
    /// Sign-outs whose tokens' keys are not known yet; the oldest makes room.
    static let putOffSignOutsMaximum = 64
    /// How soon control is told again what it had no room for.
    private static let tellingRetry = Duration.milliseconds(1)

    /// Only the core knows whether the session of this token was dropped.
    mutating func askWhetherRevoked(_ exchange: Handle<Exchange>, _ session: SessionReference) {
        guard admitsCookie(exchange), admitsOrigin(exchange) else {
            authorize(exchange, .session(session))
            return
        }
        exchanges[exchange].askedMark = revoked.mark
        awaitDatabase(exchange, session)
    }

    /// A core said that a session has ended: it is dropped as by a sign-out.
    mutating func sessionEnded(_ handle: [UInt8]) {
        let session = RevokedSession(
            fingerprint: revoked.fingerprint(handle.span),
            instant: loop.wallMilliseconds
        )
        revoked.drop(session)
        untold.add(session)
        core.owned.drop(handle: handle)
    }

    /// Keeps the credentials of a request whose answer may end its session, before its bytes go.
    mutating func watch(_ exchange: Handle<Exchange>) {
        let generation = exchanges[exchange].generation
        guard generations[generation].routes.rule(exchanges[exchange].route) == .passthrough,
            !exchanges[exchange].asksForRefresh
        else { return }
        let bytes = clients[exchanges[exchange].client].input
        let shared = authenticators.view(generations[generation].authenticator)
        exchanges[exchange].keepCredentials(bytes.span, shared.value)
    }

    /// Drops the session of a request whose answer ends it, before the answer goes on.
    mutating func noticeSignOut(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        let bytes = upstreams[upstream].transport.input.view
        let shared = generations[exchanges[exchange].generation].authenticator
        guard
            authenticators[shared].isSignOut(exchanges[exchange].response, bytes.span)
        else { return }
        let watched = exchanges[exchange].storage.watched
        if let question = end(watched, shared) { putOff(watched, question) }
    }

    /// Drops the session that the credentials name.
    ///
    /// - Returns: what must be known first, if anything.
    private mutating func end(
        _ watched: WatchedCredentials,
        _ shared: Handle<SharedAuthenticator>
    ) -> KeyQuestion? {
        let ended = authenticators[shared].authenticator.endedSession(
            watched,
            wallMilliseconds: loop.wallMilliseconds
        )
        switch ended {
        case .handle(let handle):
            let session = RevokedSession(
                fingerprint: revoked.fingerprint(handle.span),
                instant: loop.wallMilliseconds
            )
            revoked.drop(session)
            untold.add(session)
            tellControl()
            return nil
        case .none:
            return nil
        case .keysNeeded(let question):
            return question
        }
    }

    private mutating func putOff(_ watched: WatchedCredentials, _ question: KeyQuestion) {
        if putOffSignOuts.count >= Self.putOffSignOutsMaximum { putOffSignOuts.removeFirst() }
        putOffSignOuts.append(watched)
        post(.keysWanted(worker: surroundings.index, question: question, seen: keys.sequence))
    }

    /// Keys came, which may be those that are missing.
    mutating func judgePutOffSignOuts() {
        guard !putOffSignOuts.isEmpty, generations.contains(current) else { return }
        let waiting = putOffSignOuts
        putOffSignOuts = []
        for watched in waiting
        where end(watched, generations[current].authenticator) != nil {
            putOffSignOuts.append(watched)
        }
    }

    /// Refuses from now on what another thread says was dropped.
    mutating func obey(_ news: RevocationNews) {
        revoked.take(news)
        unconfirmed = max(unconfirmed, news.number)
        tellControl()
    }

    /// Tells control which sessions are in use, so that the core is asked about them.
    mutating func tellSessionsInUse(_ share: SessionShare) {
        var handles: [[UInt8]] = []
        // The latest first: the others' requests come to an end.
        for shared in authenticatorHandles.reversed() {
            authenticators[shared].authenticator.takeInUse(share, into: &handles)
        }
        guard !handles.isEmpty else { return }
        post(.sessionsInUse(worker: surroundings.index, handles))
    }

    /// Lets old entries go, and tells control what it had no room for.
    mutating func tendRevocations() {
        if loop.wallMilliseconds >= revoked.nextExpiry {
            revoked.expire(wallMilliseconds: loop.wallMilliseconds)
        }
        if mustTell { tellControl() }
    }

    private var mustTell: Bool { !untold.isEmpty || unconfirmed > 0 }

    var tellingDeadline: Instant { mustTell ? loop.now + Self.tellingRetry : .distantFuture }

    private mutating func tellControl() {
        if !untold.isEmpty {
            guard surroundings.control.post(.revoked(worker: surroundings.index, untold)) else {
                return
            }
            untold = RevocationNews()
        }
        guard unconfirmed > 0 else { return }
        let message = ControlMessage.revocationsObeyed(
            worker: surroundings.index,
            number: unconfirmed
        )
        if surroundings.control.post(message) { unconfirmed = 0 }
    }
}

extension Exchange {
    fileprivate var asksForRefresh: Bool {
        SignOutAnswer.isRefresh(method: head.method, path: storage.target.path)
    }

    fileprivate mutating func keepCredentials(
        _ bytes: Span<UInt8>,
        _ shared: borrowing SharedAuthenticator
    ) {
        var watched = WatchedCredentials()
        swap(&watched, &storage.watched)
        shared.authenticator.keep(into: &watched, head: storage.head, bytes: bytes)
        swap(&watched, &storage.watched)
    }
}

extension SharedAuthenticator {
    fileprivate func isSignOut(_ head: ResponseHead, _ bytes: Span<UInt8>) -> Bool {
        SignOutAnswer.endsSession(head, bytes, cookieName: authenticator.accessTokenCookie)
    }
}

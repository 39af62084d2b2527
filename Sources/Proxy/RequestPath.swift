import Bytes
import Connections
import EventLoop
import HTTP1
import HTTPCore
import Observability
import Policy
import Sessions
import Upstreams

/// The walk of a request, in order: each step asks one module and goes on to the next, or waits, or
/// refuses.
extension Worker {
    /// The head is complete: it becomes one canonical request, and that meets one route.
    mutating func began(_ exchange: Handle<Exchange>) {
        let client = exchanges[exchange].client
        if exchanges[exchange].isMethodRefused {
            refuse(exchange, .methodRefused)
            return
        }
        do throws(TargetFailure) {
            let bytes = clients[client].input
            try exchanges[exchange].readTarget(in: bytes.span)
        } catch {
            refuse(exchange, .badRequest(error.detail))
            return
        }
        nameRequest(exchange)
        if isRedirected(exchange) { return }
        let limit = generations[exchanges[exchange].generation].options.limits.requestBody
        if limit > 0, case .length(let length) = exchanges[exchange].head.framing, length > limit {
            refuse(exchange, .bodyTooLarge)
            return
        }
        let bytes = clients[client].input
        if let preflight = Preflight.named(head: exchanges[exchange].head, bytes: bytes.span) {
            if beganPreflight(exchange, preflight) { return }
        }
        guard let route = matchedRoute(exchange) else { return }
        exchanges[exchange].route = route
        let method = exchanges[exchange].head.method
        if case .respondJWT = generations[exchanges[exchange].generation].routes.action(route),
            method != .get, method != .head
        {
            refuse(exchange, .respondMethod)
            return
        }
        authenticate(exchange)
    }

    /// The route of the request's own method; nil = refused.
    private mutating func matchedRoute(_ exchange: Handle<Exchange>) -> Int? {
        let generation = exchanges[exchange].generation
        let client = exchanges[exchange].client
        let bytes = clients[client].input
        let match = generations[generation].routes.match(
            exchanges[exchange].storage.target,
            method: exchanges[exchange].head.method,
            methodName: bytes.span.bytes(exchanges[exchange].head.methodName)
        )
        switch match {
        case .route(let route):
            return route
        case .noRoute:
            refuse(exchange, .noRoute)
        case .methodNotAllowed(let allowed):
            refuse(exchange, .methodNotAllowed(allowed: allowed))
        case .ambiguous:
            refuse(exchange, .badRequest("ambiguous_path"))
        case .patternLimit:
            refuse(exchange, .badRequest("pattern_limit"))
        }
        return nil
    }

    /// Whose session it is, where the route asks for one.
    mutating func authenticate(_ exchange: Handle<Exchange>) {
        let generation = exchanges[exchange].generation
        let rule = generations[generation].routes.rule(exchanges[exchange].route)
        guard rule == .required || rule == .optional else {
            authorize(exchange, nil)
            return
        }
        let bytes = clients[exchanges[exchange].client].input
        let shared = generations[generation].authenticator
        let found = authenticators[shared].authenticator
            .authenticate(
                head: exchanges[exchange].head,
                bytes: bytes.span,
                wallMilliseconds: loop.wallMilliseconds,
                mayAsk: exchanges[exchange].keyQuestion == nil,
                lastFetchFailed: exchanges[exchange].keyFetchFailed,
                answer: exchanges[exchange].coreAnswer
            )
        let authentication = authenticators[shared].authenticator.check(found, against: revoked)
        switch authentication {
        case .session(let session):
            exchanges[exchange].session = session
            exchanges[exchange].coreAnswer = nil
            checkDatabase(exchange, session)
        case .revocationUnknown(let session):
            exchanges[exchange].session = session
            exchanges[exchange].coreAnswer = nil
            askWhetherRevoked(exchange, session)
        case .noToken, .refused:
            authorize(exchange, authentication)
        case .childOfRefresh(let child):
            askOwner(exchange, child)
        case .keysNeeded(let question):
            awaitKeys(exchange, question)
        case .budgetSpent:
            signaturesSpent = true
            metrics.increment(.signatureBudgetSpent)
            exchanges[exchange].state = .awaitingTurn
            exchangeQueue.append(exchange)
        }
    }

    /// Waits for a fetch that may bring the key: once, and no longer than that may take.
    private mutating func awaitKeys(_ exchange: Handle<Exchange>, _ question: KeyQuestion) {
        exchanges[exchange].state = .awaitingKeys
        exchanges[exchange].keyQuestion = question
        keyWaiters.append(exchange)
        let timeout = generations[exchanges[exchange].generation].options.sessions.longestKeyWait
        armTimer(exchange, at: loop.now + timeout)
        post(.keysWanted(worker: surroundings.index, question: question, seen: keys.sequence))
    }

    /// May it pass? The policy's permit is the only way on.
    mutating func authorize(
        _ exchange: Handle<Exchange>,
        _ authentication: Authentication?
    ) {
        if case .session(let session) = authentication { exchanges[exchange].session = session }
        let generation = exchanges[exchange].generation
        let route = exchanges[exchange].route
        let action = generations[generation].routes.action(route)
        let claimList = generations[generation].routes.claimList(route)
        let admitsCookie = admitsCookie(exchange)
        countSessionCheck(authentication, claimList: claimList, admitsCookie: admitsCookie)
        let permit: Permit
        do throws(Denial) {
            permit = try Policy.authorize(
                rule: generations[generation].routes.rule(route),
                action: action,
                route: route,
                authentication: authentication,
                claimList: claimList,
                admitsCookie: admitsCookie,
                admitsOrigin: admitsOrigin(exchange)
            )
        } catch {
            deny(exchange, error)
            return
        }
        exchanges[exchange].delivers = exchanges[exchange].session?.hasDelivery ?? false
        switch action {
        case .respondJWT:
            respondJWT(exchange, permit)
        case .forward(let upstream):
            exchanges[exchange].permit = consume permit
            exchanges[exchange].upstreamIndex = upstream
            if exchanges[exchange].head.asksForWebSocket, !beginHandshake(exchange) { return }
            leaseUpstream(exchange)
        }
    }

    /// Answers what may not pass: pages are sent to the sign-in, all else is told why.
    private mutating func deny(_ exchange: Handle<Exchange>, _ denial: Denial) {
        switch denial.answer {
        case .unauthorised, .tryRefreshToken:
            // A page that another site opened is none of the session's: to sign in cures nothing.
            if denial.reason != .antiCSRF, isSentToSignIn(exchange, denial.reason) { return }
        case .invalidClaim:
            refuseClaims(exchange, denial)
            return
        case .jwtMissing, .unavailable, .tokenNotExposed, .originNotAllowed: break
        }
        let generation = exchanges[exchange].generation
        refuse(exchange, Failure(denial, sessions: generations[generation].options.sessions))
    }

    /// Whether the session that the request carries in a cookie may be used by it.
    func admitsCookie(_ exchange: Handle<Exchange>) -> Bool {
        guard let session = exchanges[exchange].session, session.isCookieBorne,
            exchanges[exchange].head.method != .get
        else { return true }
        let generation = exchanges[exchange].generation
        let bytes = clients[exchanges[exchange].client].input
        return authenticators[generations[generation].authenticator].admits(
            session,
            by: generations[generation].antiCSRF,
            head: exchanges[exchange].head,
            bytes: bytes.span,
            target: exchanges[exchange].storage.target,
            scheme: clientScheme(exchange)
        )
    }

    /// Whether it may be, when this is the session's anti-CSRF token.
    func admitsCookie(_ exchange: Handle<Exchange>, _ token: Span<UInt8>) -> Bool {
        let bytes = clients[exchanges[exchange].client].input
        return generations[exchanges[exchange].generation].antiCSRF.admits(
            head: exchanges[exchange].head,
            bytes: bytes.span,
            target: exchanges[exchange].storage.target,
            scheme: clientScheme(exchange),
            token: token
        )
    }

    func clientScheme(_ exchange: Handle<Exchange>) -> WebScheme? {
        let client = exchanges[exchange].client
        let generation = exchanges[exchange].generation
        let bytes = clients[client].input
        return forwardedListener(clients[client].listener, clients[client].peer, generation)
            .clientScheme(exchanges[exchange].head, bytes.span)
    }

    /// A connection to the upstream: a pooled one, a new one, or a place in the queue.
    mutating func leaseUpstream(_ exchange: Handle<Exchange>) {
        let pool = generations[exchanges[exchange].generation].pool
        let upstream = exchanges[exchange].upstreamIndex
        guard exchanges[exchange].isPromised || !pools[pool].hasQueue(upstream) else {
            awaitUpstream(exchange)
            return
        }
        switch lease(for: exchange, pool, upstream) {
        case .reuse(let connection, _):
            reuse(Handle(bits: connection), for: exchange)
        case .connect(let target, let address):
            connect(exchange, target, address: address)
        case .wait:
            awaitUpstream(exchange)
            return
        case .unresolved:
            refuseUnreachable(exchange)
        }
        settlePromise(exchange)
    }

    private mutating func reuse(
        _ upstream: Handle<UpstreamConnection>,
        for exchange: Handle<Exchange>
    ) {
        guard upstreams.contains(upstream) else {
            refuse(exchange, .overloaded)
            return
        }
        upstreams[upstream].owner = exchange.bits
        upstreams[upstream].state = .exchanging
        upstreams[upstream].isReused = true
        upstreams[upstream].deadline = .distantFuture
        upstreams[upstream].hasSent = false
        upstreams[upstream].hasAnswered = false
        exchanges[exchange].upstream = upstream
        rewrite(exchange, upstream)
    }

    /// Waits in order of arrival, and no longer than `connect_timeout` in all.
    private mutating func awaitUpstream(_ exchange: Handle<Exchange>) {
        let generation = exchanges[exchange].generation
        let pool = generations[generation].pool
        let upstream = exchanges[exchange].upstreamIndex
        exchanges[exchange].state = .awaitingUpstream
        guard pools[pool].pool.enqueue(waiter: exchange.bits, upstream: upstream) else {
            refuse(exchange, .overloaded)
            return
        }
        settlePromise(exchange)
        let timeout = generations[generation].options.upstreams[upstream].connectTimeout
        let deadline = exchanges[exchange].waitDeadline ?? loop.now + timeout
        exchanges[exchange].waitDeadline = deadline
        armTimer(exchange, at: deadline)
    }

    /// Spends the permit: writes the head that goes upstream into the connection's output.
    mutating func rewrite(_ exchange: Handle<Exchange>, _ upstream: Handle<UpstreamConnection>) {
        guard let permit = exchanges[exchange].permit.take() else {
            send(exchange, upstream)  // The second sending: the head is in the output as it was.
            return
        }
        let client = exchanges[exchange].client
        let generation = exchanges[exchange].generation
        let byteCount = exchanges[exchange].head.byteCount
        let room = byteCount + RequestRewrite.maximumGrowth(exchanges[exchange].head)
        guard upstreams[upstream].transport.output.prepare(room, from: &chunks) else {
            refuse(exchange, .headTooLarge)
            return
        }
        let listener = forwardedListener(clients[client].listener, clients[client].peer, generation)
        let target = upstreams[upstream].target
        let sent = exchanges.view(exchange)
        let sender = clients.view(client)
        let judged = generations.view(generation)
        let shared = authenticators.view(judged.value.authenticator)
        let isWritten: Bool
        do throws(TargetFailure) {
            isWritten = try RequestRewrite.write(
                permit,
                exchange: sent.value,
                client: sender.value,
                listener: listener,
                target: target,
                generation: judged.value,
                session: shared.value,
                into: &upstreams[upstream].transport.output
            )
        } catch {
            refuse(exchange, .badRequest(error.detail))
            return
        }
        guard isWritten else {
            refuse(exchange, .headTooLarge)
            return
        }
        if !generations[generation].rewrite.corsOrigins.isEmpty { noteOrigin(exchange) }
        if generations[generation].watchesSignOuts { watch(exchange) }
        clients[client].transport.input.consume(byteCount)
        clients[client].transport.input.release(to: &chunks)
        exchanges[exchange].isHeadSent = true
        exchanges[exchange].requestContent = ContentDecoder(
            exchanges[exchange].head.framing,
            trailersMaximum: generations[generation].options.limits.requestFields
        )
        if exchanges[exchange].isRepeatable { upstreams[upstream].transport.retainSent() }
        send(exchange, upstream)
    }

    /// The head goes out with the next batch of writes; the content follows by credit.
    private mutating func send(_ exchange: Handle<Exchange>, _ upstream: Handle<UpstreamConnection>)
    {
        exchanges[exchange].state = .awaitingResponse
        exchanges[exchange].upstreamStartedAt = loop.now
        upstreams[upstream].parser.reset()
        markDirty(upstream)
        if exchanges[exchange].isRequestFinished {
            requestFinished(exchange)
        } else {
            relayRequest(exchange)
        }
    }

    /// What waited goes on: another turn, keys, or a connection came.
    mutating func resume(_ exchange: Handle<Exchange>) {
        guard exchanges.contains(exchange) else { return }
        switch exchanges[exchange].state {
        case .awaitingTurn, .awaitingKeys:
            cancelTimer(exchange)
            exchanges[exchange].state = .judging
            authenticate(exchange)
        case .awaitingCore:
            cancelTimer(exchange)
            exchanges[exchange].state = .judging
            if let session = exchanges[exchange].session {
                databaseChecked(exchange, session)
            } else {
                authenticate(exchange)
            }
        case .awaitingUpstream:
            cancelTimer(exchange)
            leaseUpstream(exchange)
        case .judging, .connecting, .awaitingResponse, .relayingResponse, .tunnelling, .answered:
            break
        }
    }
}

extension ClientConnection {
    /// The bytes that the running exchange's head was read from.
    var input: ByteView { transport.input.view }
}

extension SharedAuthenticator {
    /// Where the session's own anti-CSRF token stands: it is not copied.
    fileprivate func admits(
        _ session: SessionReference,
        by rule: AntiCSRF,
        head: borrowing RequestHead,
        bytes: Span<UInt8>,
        target: borrowing RequestTarget,
        scheme: WebScheme?
    ) -> Bool {
        rule.admits(
            head: head,
            bytes: bytes,
            target: target,
            scheme: scheme,
            token: authenticator.antiCSRFToken(session)
        )
    }
}

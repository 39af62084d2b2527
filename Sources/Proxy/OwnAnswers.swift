import Bytes
import Connections
import EventLoop
import HTTPCore
import Policy
import Sessions

/// What the gateway answers by itself.
extension Worker {
    /// Room for an answer of our own: its head, its body, and a token.
    static let ownAnswerRoom = 28 * 1024

    /// Answers with a row of the failure table; nothing of the upstream's reaches the client after
    /// it.
    mutating func refuse(_ exchange: Handle<Exchange>, _ failure: Failure) {
        guard exchanges.contains(exchange) else { return }
        guard exchanges[exchange].state != .relayingResponse else {
            abort(exchange, reason: failure.reason)
            return
        }
        guard exchanges[exchange].state != .tunnelling else {
            endTunnel(exchange, failure.reason)
            return
        }
        exchanges[exchange].reason = failure.reason
        exchanges[exchange].detail = failure.detail
        let closes = failure.closes || !survivesRefusal(exchange)
        guard beginOwnAnswer(exchange, status: failure.status, closes: closes) else { return }
        let client = exchanges[exchange].client
        appendFailureFields(exchange, failure)
        let body = failure.content()
        exchanges[exchange].bytesOut = UInt64(body.count)
        OwnAnswer.appendContent(
            type: failure.contentType,
            body.span,
            isHead: exchanges[exchange].head.method == .head,
            to: &clients[client].transport.output
        )
        finishedOwnAnswer(exchange, closes: closes)
    }

    private mutating func appendFailureFields(_ exchange: Handle<Exchange>, _ failure: Failure) {
        let client = exchanges[exchange].client
        if failure.status == 401 {
            clients[client].transport.output.append("WWW-Authenticate: Bearer\r\n")
        }
        if let seconds = failure.retryAfter {
            clients[client].transport.output.append("Retry-After: ")
            clients[client].transport.output.append(decimal: UInt64(seconds))
            clients[client].transport.output.append("\r\n")
        }
        if let allowed = failure.allowed {
            clients[client].transport.output.append("Allow: ")
            let judged = generations.view(exchanges[exchange].generation)
            judged.value.routes.appendAllow(
                allowed,
                to: &clients[client].transport.output
            )
            clients[client].transport.output.append("\r\n")
        } else if failure == .respondMethod {
            clients[client].transport.output.append("Allow: GET, HEAD\r\n")
        } else if failure.status == 405 {
            clients[client].transport.output.append(
                "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
            )
        }
        if failure.status == 426 {
            // RFC 6455 §4.4; RFC 9110 §15.5.22.
            clients[client].transport.output.append(
                "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            )
        }
        appendSessionLines(exchange, clearsTokens: failure.clearsTokens)
    }

    /// The head of an answer of our own, up to its special fields.
    mutating func beginOwnAnswer(
        _ exchange: Handle<Exchange>,
        status: UInt16,
        closes: Bool
    ) -> Bool {
        exchanges[exchange].status = status
        let client = exchanges[exchange].client
        let room = Self.ownAnswerRoom + deliveredBytes(exchange)
        guard clients[client].transport.output.prepare(room, from: &chunks) else {
            abort(exchange, reason: exchanges[exchange].reason)
            return false
        }
        _ = clients[client].transport.output.takeOverflow()
        let needsKeepAlive = exchanges[exchange].head.version == .http10 && !closes
        OwnAnswer.appendHead(
            status: status,
            reason: exchanges[exchange].reason,
            connection: closes ? .close : needsKeepAlive ? .keepAlive : .unnamed,
            date: &date,
            wallMilliseconds: loop.wallMilliseconds,
            to: &clients[client].transport.output
        )
        return true
    }

    private func deliveredBytes(_ exchange: Handle<Exchange>) -> Int {
        guard exchanges[exchange].delivers else { return 0 }
        let shared = authenticators.view(generations[exchanges[exchange].generation].authenticator)
        return shared.value.deliveryGrowth(exchanges[exchange].session, isOurs: true)
    }

    /// A page of a listed origin may read the answer, or its SDK would see a network error instead
    /// of a 401.
    mutating func appendAllowedOrigin(_ exchange: Handle<Exchange>, exposing: StaticString = "") {
        if !exchanges[exchange].isHeadSent { noteOrigin(exchange) }
        let client = exchanges[exchange].client
        guard let origin = exchanges[exchange].listedOrigin else {
            if exposing.utf8CodeUnitCount > 0 {
                clients[client].transport.output.append("Access-Control-Expose-Headers: ")
                clients[client].transport.output.append(exposing)
                clients[client].transport.output.append("\r\n")
            }
            return
        }
        let judged = generations.view(exchanges[exchange].generation)
        clients[client].transport.output.append("Access-Control-Allow-Credentials: true\r\n")
        let value = judged.value.rewrite.corsOrigins[origin]
        OwnAnswer.append(
            name: "Access-Control-Allow-Origin",
            value.span,
            to: &clients[client].transport.output
        )
        clients[client].transport.output.append("Access-Control-Expose-Headers: sallyport-reason")
        if exposing.utf8CodeUnitCount > 0 {
            clients[client].transport.output.append(", ")
            clients[client].transport.output.append(exposing)
        }
        clients[client].transport.output.append("\r\nVary: Origin\r\n")
    }

    /// What an answer of our own says of the session's tokens, and who may read it: an ended
    /// session's are cleared, a new one is delivered once the request was permitted.
    private mutating func appendSessionLines(_ exchange: Handle<Exchange>, clearsTokens: Bool) {
        let client = exchanges[exchange].client
        let judged = generations.view(exchanges[exchange].generation)
        let shared = authenticators.view(judged.value.authenticator)
        if clearsTokens {
            let bytes = clients[client].input
            let isSeedEra = Authenticator.isSeedEra(exchanges[exchange].head, bytes.span)
            let lines = shared.value.authenticator.clearing(isSeedEra: isSeedEra)
            clients[client].transport.output.append(lines.span)
            appendAllowedOrigin(
                exchange,
                exposing: isSeedEra
                    ? "id-refresh-token" : "front-token, st-access-token, st-refresh-token"
            )
            return
        }
        guard exchanges[exchange].delivers, let session = exchanges[exchange].session else {
            appendAllowedOrigin(exchange)
            return
        }
        let lines = shared.value.copiedDelivery(session)
        let names = shared.value.deliveredNames(session)
        clients[client].transport.output.append(lines.span)
        appendAllowedOrigin(exchange, exposing: names)
    }

    /// Finds the head's origin among the listed ones while the head's bytes are still in the input.
    mutating func noteOrigin(_ exchange: Handle<Exchange>) {
        let bytes = clients[exchanges[exchange].client].input
        guard let origin = exchanges[exchange].head.first(.origin),
            Int(origin.value.end) <= bytes.count
        else { return }
        exchanges[exchange].listedOrigin =
            generations[exchanges[exchange].generation].rewrite.corsOrigins
            .index(of: bytes.span.bytes(origin.value))
    }

    /// `GET /getJWT`: the session's JWT itself.
    mutating func respondJWT(_ exchange: Handle<Exchange>, _ permit: consuming Permit) {
        let session = permit.session
        let generation = exchanges[exchange].generation
        let method = exchanges[exchange].head.method
        guard let session else {
            refuse(exchange, .noRoute)
            return
        }
        let shared = generations[generation].authenticator
        let token = authenticators[shared].copiedToken(session)
        guard !token.isEmpty else {
            let isTooLong = authenticators[shared].authenticator.hasTooLongJWT(session)
            refuse(exchange, isTooLong ? .jwtTooLong : .jwtMissing)
            return
        }
        let closes = !survivesRefusal(exchange)
        guard beginOwnAnswer(exchange, status: 200, closes: closes) else { return }
        var body: [UInt8] = []
        body.append(text: "{\"token\":\"")
        body += token
        body.append(text: "\"}")
        let client = exchanges[exchange].client
        appendSessionLines(exchange, clearsTokens: false)
        exchanges[exchange].bytesOut = UInt64(body.count)
        OwnAnswer.appendContent(
            type: "application/json; charset=utf-8",
            body.span,
            isHead: method == .head,
            to: &clients[client].transport.output
        )
        finishedOwnAnswer(exchange, closes: closes)
    }
}

extension SharedAuthenticator {
    fileprivate func copiedToken(_ session: SessionReference) -> [UInt8] {
        authenticator.token(session).copied()
    }

    fileprivate func copiedDelivery(_ session: SessionReference) -> [UInt8] {
        authenticator.delivery(session).copied()
    }

    func copiedHandle(_ session: SessionReference) -> [UInt8] {
        authenticator.sessionHandle(session).copied()
    }
}

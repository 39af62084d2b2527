import Bytes
import Connections
import EventLoop
import HTTP1
import HTTPCore
import Upstreams

/// The walk back: an upstream's answer on its way to the client.
extension Worker {
    /// Passes on the request's content, as far as the upstream takes it.
    mutating func relayRequest(_ exchange: Handle<Exchange>) {
        guard exchanges.contains(exchange), let upstream = exchanges[exchange].upstream else {
            return
        }
        let state = exchanges[exchange].state
        guard state == .awaitingResponse || state == .relayingResponse else { return }
        guard !exchanges[exchange].isRequestFinished else { return }
        let client = exchanges[exchange].client
        var hasRead = false
        while !exchanges[exchange].isRequestFinished {
            let before = exchanges[exchange].bytesIn
            let moved = moveRequestContent(exchange, from: client, to: upstream)
            if exchanges[exchange].bytesIn > before {
                markDirty(upstream)
                let limit = generations[exchanges[exchange].generation].options.limits.requestBody
                if limit > 0, exchanges[exchange].bytesIn > limit {
                    requestBroke(exchange, .bodyTooLarge)
                    return
                }
            }
            switch moved {
            case .finished:
                markDirty(upstream)
            case .blocked:
                clients[client].deadline = .distantFuture
                awaitReading(exchange, upstream)
                return
            case .broken(let failure):
                requestBroke(exchange, Failure(failure))
                return
            case .refusedTrailers:
                requestBroke(exchange, .badRequest("trailer_field"))
                return
            case .needsMore:
                if hasRead || !readRequestContent(exchange, client) {
                    if exchanges.contains(exchange) { awaitContent(client, hasRead: hasRead) }
                    return
                }
                hasRead = true
            }
        }
        requestFinished(exchange)
    }

    private mutating func moveRequestContent(
        _ exchange: Handle<Exchange>,
        from client: Handle<ClientConnection>,
        to upstream: Handle<UpstreamConnection>
    ) -> Moved {
        let coding: ContentCoding =
            exchanges[exchange].head.framing == .chunked ? .chunked : .identity
        let own = generations[exchanges[exchange].generation].rewrite.ownFields
        return exchanges[exchange].moveRequest(
            from: &clients[client].transport.input,
            into: &upstreams[upstream].transport.output,
            coding: coding,
            rules: .request(own),
            trailers: &trailers,
            pool: &chunks
        )
    }

    /// - Returns: whether something came.
    private mutating func readRequestContent(
        _ exchange: Handle<Exchange>,
        _ client: Handle<ClientConnection>
    ) -> Bool {
        let received = clients[client].transport.receive(from: &chunks)
        // What TLS answers by itself.
        if clients[client].transport.waiting > 0 { markDirty(client) }
        switch received {
        case .progressed:
            return true
        case .nothing:
            return false
        case .ended, .failed:
            // Cut off within its content: nobody may take the part for the whole.
            abort(exchange, reason: .clientClosed)
            return false
        }
    }

    /// An upstream that takes no more is given up as a client would be; a write that gets through
    /// begins the time anew.
    private mutating func awaitReading(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        guard exchanges[exchange].state == .awaitingResponse,
            upstreams[upstream].deadline == .distantFuture
        else { return }
        upstreams[upstream].deadline = loop.now + generations[current].options.timeouts.sendIdle
        armTimer(upstream)
    }

    /// Without a read the rest waits for room: a client that provokes answers of TLS and does not
    /// read them must not keep the loop awake.
    private mutating func awaitContent(_ client: Handle<ClientConnection>, hasRead: Bool) {
        clients[client].deadline = loop.now + generations[current].options.timeouts.requestBodyIdle
        armTimer(client)
        if hasRead, clients[client].transport.mayRead { queue(client) }
    }

    /// Everything the client sent is passed on: now the upstream's time runs.
    mutating func requestFinished(_ exchange: Handle<Exchange>) {
        guard let upstream = exchanges[exchange].upstream else { return }
        clients[exchanges[exchange].client].deadline = .distantFuture
        guard exchanges[exchange].state == .awaitingResponse else { return }
        let judged = generations.view(exchanges[exchange].generation)
        upstreams[upstream].deadline =
            loop.now + judged.value.responseTimeouts[exchanges[exchange].upstreamIndex]
        armTimer(upstream)
    }

    private mutating func requestBroke(_ exchange: Handle<Exchange>, _ failure: Failure) {
        if exchanges[exchange].state == .awaitingResponse {
            refuse(exchange, failure)
        } else {
            abort(exchange, reason: failure.reason)
        }
    }
}

extension Worker {
    /// Bytes of the upstream's, as far as they came: the head first, then the content.
    mutating func relayResponse(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        var hasRead = false
        while true {
            let isHeadMissing = exchanges[exchange].state == .awaitingResponse
            let moved =
                isHeadMissing
                ? readResponseHead(exchange, upstream) : moveResponseContent(exchange, upstream)
            switch moved {
            case .finished:
                if isHeadMissing {
                    // After an interim answer the final head is still awaited, in its own time.
                    if exchanges[exchange].state == .relayingResponse {
                        awaitResponseContent(exchange, upstream)
                    } else if exchanges[exchange].state == .tunnelling {
                        return
                    }
                    continue
                }
                finished(exchange)
                return
            case .blocked:
                upstreams[upstream].deadline = .distantFuture
                return
            case .broken(let failure):
                responseBroke(exchange, failure.detail)
                return
            case .refusedTrailers:
                responseBroke(exchange, "trailer_field")
                return
            case .needsMore:
                guard exchanges.contains(exchange), exchanges[exchange].upstream == upstream else {
                    return
                }
                if hasRead || !readResponse(exchange, upstream) { return }
                hasRead = true
            }
        }
    }

    /// - Returns: whether the loop may go on: something came.
    private mutating func readResponse(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) -> Bool {
        switch upstreams[upstream].transport.receive(from: &chunks) {
        case .progressed where upstreams[upstream].transport.input.isEmpty:
            // What TLS says for itself, such as a ticket, is no answer.
            if upstreams[upstream].transport.waiting > 0 { markDirty(upstream) }
            if upstreams[upstream].transport.mayRead { queue(upstream) }
            return false
        case .progressed:
            guard upstreams[upstream].hasSent else {
                answeredTooEarly(exchange, upstream)
                return false
            }
            upstreams[upstream].hasAnswered = true
            if exchanges[exchange].state == .relayingResponse {
                awaitResponseContent(exchange, upstream)
            }
            // TLS may have told the end together with the last bytes.
            if upstreams[upstream].transport.mayRead || upstreams[upstream].transport.ended {
                queue(upstream)
            }
            return true
        case .nothing:
            if exchanges[exchange].state == .relayingResponse {
                awaitResponseContent(exchange, upstream)
            }
            return false
        case .failed where exchanges[exchange].state == .relayingResponse:
            // A reset never is the regular end of an answer, not even of one that ends with the
            // connection.
            responseBroke(exchange, "cut_off")
            return false
        case .ended, .failed:
            upstreamEnded(exchange, upstream)
            return false
        }
    }

    private mutating func awaitResponseContent(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        let judged = generations.view(exchanges[exchange].generation)
        upstreams[upstream].deadline =
            loop.now + judged.value.responseIdles[exchanges[exchange].route]
        armTimer(upstream)
    }

    /// Parses a head; interim ones are passed on and the next is parsed.
    private mutating func readResponseHead(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) -> Moved {
        guard !upstreams[upstream].transport.input.isEmpty else { return .needsMore }
        let generation = exchanges[exchange].generation
        do throws(HTTP1Failure) {
            let isComplete = try upstreams[upstream].parseHead(
                limits: generations[generation].options.limits,
                requestMethod: exchanges[exchange].head.method,
                maySwitch: exchanges[exchange].tunnel.place == .taken,
                into: &exchanges[exchange].response
            )
            guard isComplete else { return .needsMore }
        } catch {
            return .broken(error)
        }
        upstreams[upstream].transport.dropRetained(&chunks)
        receivedResponseHead(exchange, upstream)
        return exchanges.contains(exchange) && exchanges[exchange].state != .answered
            ? .finished : .needsMore
    }

    private mutating func moveResponseContent(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) -> Moved {
        let client = exchanges[exchange].client
        let before = clients[client].transport.waiting
        let moved = exchanges[exchange].moveResponse(
            from: &upstreams[upstream].transport.input,
            into: &clients[client].transport.output,
            trailers: &trailers,
            pool: &chunks
        )
        // A flush with nothing to send would serve the upstream again, and so on: trailers that are
        // not complete stay in its input.
        if clients[client].transport.waiting > before { markDirty(client) }
        return moved
    }

    /// The answer cannot be told from another: 502 if nothing of it was passed on, else the client
    /// sees it cut off.
    mutating func responseBroke(_ exchange: Handle<Exchange>, _ detail: StaticString) {
        if exchanges[exchange].state == .awaitingResponse {
            refuse(exchange, .upstreamProtocol(detail))
        } else {
            exchanges[exchange].detail = detail
            abort(exchange, reason: .upstreamProtocol)
        }
    }
}

extension Exchange {
    mutating func moveRequest(
        from input: inout Buffer,
        into output: inout Buffer,
        coding: ContentCoding,
        rules: TrailerRules,
        trailers: inout [FieldLine],
        pool: inout ChunkPool
    ) -> Moved {
        BodyRelay.move(
            from: &input,
            &requestContent,
            into: &output,
            coding: coding,
            credit: Worker.highWater,
            trailers: &trailers,
            rules: rules,
            counted: &bytesIn,
            pool: &pool
        )
    }

    mutating func moveResponse(
        from input: inout Buffer,
        into output: inout Buffer,
        trailers: inout [FieldLine],
        pool: inout ChunkPool
    ) -> Moved {
        BodyRelay.move(
            from: &input,
            &responseContent,
            into: &output,
            coding: responseFraming == .chunked ? .chunked : .identity,
            credit: Worker.highWater,
            trailers: &trailers,
            rules: .response,
            counted: &bytesOut,
            pool: &pool
        )
    }
}

extension UpstreamConnection {
    fileprivate mutating func parseHead(
        limits: borrowing Limits,
        requestMethod: Method,
        maySwitch: Bool,
        into head: inout ResponseHead
    ) throws(HTTP1Failure) -> Bool {
        let bytes = transport.input.view
        return try parser.parse(
            bytes.span,
            limits: limits,
            requestMethod: requestMethod,
            maySwitch: maySwitch,
            into: &head
        )
    }
}

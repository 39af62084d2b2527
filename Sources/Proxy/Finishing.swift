import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Policy
import Sessions
import Upstreams

extension Worker {
    /// The answer is complete in the client's output: the records, then both connections are free.
    mutating func finished(_ exchange: Handle<Exchange>) {
        guard exchanges.contains(exchange), exchanges[exchange].state != .answered else { return }
        exchanges[exchange].state = .answered
        let client = exchanges[exchange].client
        markDirty(client)
        let isRequestFinished = exchanges[exchange].isRequestFinished
        let keepsClient =
            exchanges[exchange].keepsClient && isRequestFinished && drainDeadline == nil
        releaseUpstream(of: exchange, keeps: exchanges[exchange].keepsUpstream && isRequestFinished)
        dropExchange(exchange)
        if keepsClient { awaitNextRequest(client) } else { beginClosing(client) }
    }

    /// The answer was our own. What of the request is still to come is dropped, if it is little and
    /// its end is known; else the connection closes.
    mutating func finishedOwnAnswer(_ exchange: Handle<Exchange>, closes: Bool) {
        let client = exchanges[exchange].client
        guard !clients[client].transport.output.takeOverflow() else {
            // An answer with a hole in it must not be sent.
            abort(exchange, reason: exchanges[exchange].reason)
            return
        }
        let left = closes ? nil : unreadContent(exchange)
        leaveQueue(exchange)
        exchanges[exchange].state = .answered
        markDirty(client)
        releaseUpstream(of: exchange, keeps: false)
        dropExchange(exchange)
        guard let left, drainDeadline == nil else {
            beginClosing(client)
            return
        }
        guard left > 0 else {
            awaitNextRequest(client)
            return
        }
        clients[client].owner = 0
        clients[client].state = .discarding(bytes: left)
        clients[client].deadline = loop.now + generations[current].options.timeouts.requestBodyIdle
        armTimer(client)
        queue(client)
    }

    /// Content that refused requests may still send before the connection closes instead.
    static let discardedMaximum: UInt64 = 64 * 1024

    /// Whether the connection survives a refusal that itself leaves it open.
    func survivesRefusal(_ exchange: Handle<Exchange>) -> Bool {
        guard exchanges[exchange].keepsClient, drainDeadline == nil else { return false }
        switch exchanges[exchange].state {
        case .relayingResponse, .tunnelling, .answered: return false
        case .judging, .awaitingTurn, .awaitingKeys, .awaitingCore, .awaitingUpstream,
            .connecting, .awaitingResponse:
            break
        }
        guard !exchanges[exchange].isHeadSent else {
            return exchanges[exchange].isRequestFinished
        }
        guard !exchanges[exchange].head.expectsContinue else {
            return !exchanges[exchange].hasContent
        }
        switch exchanges[exchange].head.framing {
        case .none: return true
        case .length(let length): return length <= Self.discardedMaximum
        case .chunked, .untilClose: return false
        }
    }

    /// Bytes of the request's content that nobody read yet; nil = its end is unknown or far.
    /// Consumes the head if it still lies in the input.
    private mutating func unreadContent(_ exchange: Handle<Exchange>) -> UInt64? {
        guard survivesRefusal(exchange) else { return nil }
        if exchanges[exchange].isHeadSent { return 0 }
        let client = exchanges[exchange].client
        let byteCount = exchanges[exchange].head.byteCount
        guard byteCount <= clients[client].transport.input.count else { return nil }
        clients[client].transport.input.consume(byteCount)
        if case .length(let length) = exchanges[exchange].head.framing { return length }
        return 0
    }

    /// Ends an exchange without a whole answer: the client's connection breaks, so that nobody
    /// takes a part for the whole.
    mutating func abort(_ exchange: Handle<Exchange>, reason: Reason) {
        let client = exchanges[exchange].client
        exchanges[exchange].reason = reason
        if exchanges[exchange].status == 0 { exchanges[exchange].status = 499 }
        leaveQueue(exchange)
        exchanges[exchange].state = .answered
        releaseUpstream(of: exchange, keeps: false)
        dropExchange(exchange)
        guard clients.contains(client) else { return }
        clients[client].transport.socket.resetOnClose()
        close(client)
    }

    private mutating func releaseUpstream(of exchange: Handle<Exchange>, keeps: Bool) {
        guard let upstream = exchanges[exchange].upstream.take() else { return }
        if let began = exchanges[exchange].upstreamStartedAt {
            exchanges[exchange].upstreamDuration = loop.now - began
        }
        release(upstream, keeps: keeps)
    }

    /// Writes the records and gives everything back that the exchange held.
    mutating func dropExchange(_ exchange: Handle<Exchange>) {
        guard exchanges.contains(exchange) else { return }
        releaseUpstream(of: exchange, keeps: false)
        if exchanges[exchange].status != 0 { writeRecord(exchange) }
        if exchanges[exchange].tunnel.place != .none { leaveTunnel(exchange) }
        cancelTimer(exchange)
        leaveQueue(exchange)
        let generation = exchanges[exchange].generation
        if let session = exchanges[exchange].session {
            authenticators[generations[generation].authenticator].authenticator.release(session)
        }
        let client = exchanges[exchange].client
        if clients.contains(client) { clients[client].owner = 0 }
        if let gone = exchanges.remove(exchange) { keepStorage(of: gone) }
        generations[generation].uses -= 1
        retireIfUnused(generation)
    }

    /// It waits for no core and no connection any more.
    private mutating func leaveQueue(_ exchange: Handle<Exchange>) {
        if exchanges[exchange].state == .awaitingCore { leaveCore(exchange) }
        settlePromise(exchange)
        guard exchanges[exchange].state == .awaitingUpstream else { return }
        pools[generations[exchanges[exchange].generation].pool].pool.cancel(
            waiter: exchange.bits,
            upstream: exchanges[exchange].upstreamIndex
        )
    }

    private mutating func keepStorage(of exchange: consuming Exchange) {
        var storage = exchange.intoStorage()
        storage.reset()
        spareStorage.push(storage)
    }

    private mutating func writeRecord(_ exchange: Handle<Exchange>) {
        let generation = exchanges[exchange].generation
        let client = exchanges[exchange].client
        let record = exchanges[exchange].record(
            peer: clients[client].peer,
            tls: clients[client].transport.tlsVersion,
            now: loop.now
        )
        var counted = record
        if record.route >= 0 { counted.route += generations[generation].metricsBase }
        metrics.count(counted)
        guard log.isOn else { return }
        let judged = generations.view(generation)
        let shared = authenticators.view(judged.value.authenticator)
        let logged = exchanges.view(exchange)
        logged.value.log(
            record,
            names: judged.value.names,
            authenticator: shared.value.authenticator,
            into: &log
        )
    }
}

import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Sessions

extension Worker {
    /// Gives the request its ID and its client's address, as a trusted proxy tells them or as we
    /// see them.
    mutating func nameRequest(_ exchange: Handle<Exchange>) {
        let generation = exchanges[exchange].generation
        let client = exchanges[exchange].client
        if exchanges[exchange].head.method == .other {
            let bytes = clients[client].input
            exchanges[exchange].unusualMethod =
                bytes.span.bytes(exchanges[exchange].head.methodName).copied()
        }
        let isTrusted =
            !generations[generation].rewrite.trustedProxies.isEmpty
            && generations[generation].rewrite.trustedProxies.contains(clients[client].peer)
        if isTrusted {
            let bytes = clients[client].input
            let rules = generations.view(generation)
            exchanges[exchange].believe(bytes.span, rules.value.rewrite)
        }
        guard exchanges[exchange].requestID.isEmpty else { return }
        scratch.clear()
        requestIDs.next(into: &scratch)
        let digits = scratch.view
        exchanges[exchange].takeRequestID(digits.span)
    }

    /// What the forwarded fields of a request on this listener tell.
    func forwardedListener(
        _ listener: Int,
        _ peer: SocketAddress,
        _ generation: Handle<Generation>
    ) -> ForwardedListener {
        let place = listenerPlaces[listener]
        return ForwardedListener(
            isEncrypted: place.isEncrypted,
            port: place.port,
            peer: peer,
            isTrusted: generations[generation].rewrite.trustedProxies.contains(peer)
        )
    }

    mutating func countSessionCheck(
        _ authentication: Authentication?,
        claimList: Int,
        admitsCookie: Bool
    ) {
        switch authentication {
        case nil, .keysNeeded, .childOfRefresh, .budgetSpent: break
        case .revocationUnknown: metrics.countSessionCheck(refused: .coreUnreachable)
        case .session(let session):
            let isForeign = session.isCookieBorne && !admitsCookie
            let isUnmet = session.claimFailures.contains(claimList)
            let reason: Reason? = isForeign ? .antiCSRF : isUnmet ? .invalidClaim : nil
            metrics.countSessionCheck(refused: reason)
        case .noToken: metrics.countSessionCheck(refused: .noSession)
        case .refused(let refusal): metrics.countSessionCheck(refused: refusal.reason)
        }
    }
}

extension Exchange {
    /// Longest request ID taken from a trusted proxy, in bytes.
    static let requestIDMaximum = 128

    /// Takes a trusted proxy's word for the request's ID and the client's address.
    mutating func believe(_ bytes: Span<UInt8>, _ rules: borrowing RewriteRules) {
        for line in head.fields {
            let isID =
                rules.ownFields.requestIDID == .other
                ? rules.ownFields.isRequestID(bytes.bytes(line.name))
                : line.id == rules.ownFields.requestIDID
            if isID, !line.isAlias, Int(line.value.count) <= Self.requestIDMaximum {
                takeRequestID(bytes.bytes(line.value))
            }
            if line.id == .xForwardedFor, !line.isAlias,
                let entry = rules.trustedProxies.clientAddress(in: bytes.bytes(line.value))
            {
                forwardedClient = bytes.bytes(line.value).bytes(entry).copied()
            }
        }
    }

    mutating func takeRequestID(_ bytes: Span<UInt8>) {
        requestID.removeAll(keepingCapacity: true)
        requestID.append(bytes: bytes)
    }

    /// What counters and log keep of it.
    func record(peer: SocketAddress, tls: StaticString?, now: Instant) -> ExchangeRecord {
        var record = ExchangeRecord()
        record.route = route
        record.method = head.method
        record.status = status
        record.reason = reason
        record.detail = detail
        record.duration = now - startedAt
        record.upstreamDuration = upstreamDuration
        record.bytesIn = bytesIn
        record.bytesOut = bytesOut
        record.version = head.version
        record.clientAddress = peer
        if !forwardedClient.isEmpty,
            let address = SocketAddress(literal: forwardedClient.span.text, port: 0)
        {
            record.clientAddress = address
        }
        record.upstream = upstreamIndex
        record.tls = tls
        record.startedAt = startedWall
        return record
    }

    /// Appends the access log's line.
    func log(
        _ record: ExchangeRecord,
        names: borrowing RecordNames,
        authenticator: borrowing Authenticator,
        into ring: inout LogRing
    ) {
        guard let session else {
            append(record, names, user: Span(), handle: Span(), to: &ring)
            return
        }
        append(
            record,
            names,
            user: authenticator.user(session),
            handle: authenticator.sessionHandle(session),
            to: &ring
        )
    }

    private func append(
        _ record: ExchangeRecord,
        _ names: borrowing RecordNames,
        user: Span<UInt8>,
        handle: Span<UInt8>,
        to ring: inout LogRing
    ) {
        let method =
            head.method == .other ? unusualMethod : names.methods[Int(head.method.rawValue)]
        let routeName = route >= 0 ? names.routes[route] : []
        let upstreamName = upstreamIndex >= 0 ? names.upstreams[upstreamIndex] : []
        ring.append(
            record,
            requestID: requestID.span,
            host: storage.target.host,
            path: storage.target.path,
            methodName: method.span,
            user: user,
            session: handle,
            routeName: routeName.span,
            upstreamName: upstreamName.span
        )
    }
}

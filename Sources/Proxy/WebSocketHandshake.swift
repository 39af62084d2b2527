import Bytes
import Connections
import EventLoop
import HTTP1
import HTTPCore
import Policy
import Sessions

/// The way of a request that asks for a WebSocket, where it is not any request's.
extension Worker {
    /// Whether a page of the request's origin may have what it asks for. A browser lets every page
    /// open WebSockets to every site, with the site's cookies, and read what comes: only `Origin`
    /// tells them apart. Who sends none is no browser.
    func admitsOrigin(_ exchange: Handle<Exchange>) -> Bool {
        guard exchanges[exchange].head.asksForWebSocket,
            let first = exchanges[exchange].head.first(.origin)
        else { return true }
        for line in exchanges[exchange].head.fields where line.id == .origin && !line.isAlias {
            guard line == first else { return false }
        }
        let bytes = clients[exchanges[exchange].client].input
        let origin = bytes.span.bytes(first.value)
        let generation = exchanges[exchange].generation
        if generations[generation].routes.lists(origin: origin, exchanges[exchange].route) {
            return true
        }
        guard let scheme = clientScheme(exchange) else { return false }
        return exchanges[exchange].storage.target.isOfOrigin(origin, scheme: scheme)
    }

    /// Reads the handshake of a request that has its permit, and takes a tunnel's place for it.
    ///
    /// - Returns: false when it was refused.
    mutating func beginHandshake(_ exchange: Handle<Exchange>) -> Bool {
        do throws(Failure) {
            let bytes = clients[exchanges[exchange].client].input
            exchanges[exchange].offer = try WebSocketOffer(
                exchanges[exchange].head,
                bytes.span
            )
        } catch {
            refuse(exchange, error)
            return false
        }
        guard surroundings.tunnels.take() else {
            refuse(exchange, .tooManyTunnels)
            return false
        }
        exchanges[exchange].tunnel.place = .taken
        return true
    }

    /// The upstream answered 101: to this request and as it was asked, or it is none.
    mutating func switched(_ exchange: Handle<Exchange>, _ upstream: Handle<UpstreamConnection>) {
        let bytes = upstreams[upstream].transport.input.view
        let fault = exchanges[exchange].switchFault(bytes.span)
        guard fault == nil else {
            refuse(exchange, .upstreamProtocol(fault ?? "switch_protocol"))
            return
        }
        if !exchanges[exchange].storage.watched.isEmpty { noticeSignOut(exchange, upstream) }
        let context = ResponseRewrite.Context(
            framing: .none,
            connection: .webSocket,
            isPrivate: false
        )
        guard write(exchange, upstream, context) else {
            refuse(exchange, .upstreamProtocol("head_too_large"))
            return
        }
        exchanges[exchange].status = exchanges[exchange].response.status
        finishHead(exchange, upstream)
        openTunnel(exchange, upstream)
    }
}

extension Exchange {
    fileprivate func switchFault(_ bytes: Span<UInt8>) -> StaticString? {
        guard let offer else { return "unasked_switch" }
        return offer.fault(storage.response, bytes)
    }
}

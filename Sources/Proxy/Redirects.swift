import Bytes
import Connections
import HTTPCore
import Policy

/// Answers that lead elsewhere.
extension Worker {
    /// `redirect_to_https`: to the same host and path, when a certificate or a route names that
    /// host.
    ///
    /// - Returns: whether the request was answered.
    mutating func isRedirected(_ exchange: Handle<Exchange>) -> Bool {
        let generation = exchanges[exchange].generation
        let client = exchanges[exchange].client
        guard
            generations[generation].rewrite.redirects(listener: clients[client].listener)
        else { return false }
        let host = exchanges[exchange].copiedHost
        guard generations[generation].rewrite.namesHost(host.span) else {
            refuse(exchange, .badRequest("redirect_host"))
            return true
        }
        exchanges[exchange].reason = .redirect
        let bytes = clients[client].input
        let query = bytes.span.bytes(exchanges[exchange].storage.target.query).copied()
        let location =
            generations[generation].rewrite.httpsOrigin(host: host)
            + exchanges[exchange].copiedPath + query
        redirect(exchange, status: 308, to: location)
        return true
    }

    /// `sign_in`: a browser that opens a page gets one where it can sign in.
    ///
    /// - Returns: whether the request was answered.
    mutating func isSentToSignIn(_ exchange: Handle<Exchange>, _ reason: Reason) -> Bool {
        let generation = exchanges[exchange].generation
        let page = generations[generation].options.routes[exchanges[exchange].route].signIn
        let bytes = clients[exchanges[exchange].client].input
        guard !page.isEmpty, SignIn.isNavigation(exchanges[exchange].head, bytes.span) else {
            return false
        }
        let query = bytes.span.bytes(exchanges[exchange].storage.target.query).copied()
        let path = exchanges[exchange].copiedPath
        guard !SignIn.isItself(page, path.span, query.span) else { return false }
        exchanges[exchange].reason = reason
        redirect(
            exchange,
            status: 302,
            to: SignIn.location(page: Array(page.utf8), path: path.span, query: query.span)
        )
        return true
    }

    private mutating func redirect(
        _ exchange: Handle<Exchange>,
        status: UInt16,
        to location: [UInt8]
    ) {
        let client = exchanges[exchange].client
        let closes = !survivesRefusal(exchange)
        guard beginOwnAnswer(exchange, status: status, closes: closes) else { return }
        OwnAnswer.append(
            name: "Location",
            location.span,
            to: &clients[client].transport.output
        )
        appendAllowedOrigin(exchange)
        clients[client].transport.output.append("Content-Length: 0\r\n\r\n")
        finishedOwnAnswer(exchange, closes: closes)
    }
}

extension Exchange {
    fileprivate var copiedHost: [UInt8] { storage.target.host.copied() }
    fileprivate var copiedPath: [UInt8] { storage.target.path.copied() }
}

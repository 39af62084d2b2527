import Bytes
import Connections
import EventLoop
import HTTPCore
import Policy

/// CORS preflights: they carry no session, so they meet the route of the method they name.
extension Worker {
    /// - Returns: whether the request was dealt with as a preflight; else it is an ordinary one.
    mutating func beganPreflight(
        _ exchange: Handle<Exchange>,
        _ preflight: PreflightRequest
    ) -> Bool {
        guard let route = namedRoute(exchange, preflight) else { return false }
        let generation = exchanges[exchange].generation
        exchanges[exchange].route = route
        let action = generations[generation].routes.action(route)
        let bytes = clients[exchanges[exchange].client].input
        let decision = Policy.authorizePreflight(
            preflight,
            origin: bytes.span.bytes(preflight.origin),
            rule: generations[generation].routes.rule(route),
            action: action,
            route: route,
            origins: generations[generation].rewrite.corsOrigins
        )
        switch consume decision {
        case .forward(let permit):
            guard case .forward(let upstream) = action else { return false }
            exchanges[exchange].permit = consume permit
            exchanges[exchange].upstreamIndex = upstream
            leaseUpstream(exchange)
        case .allowed:
            answerPreflight(exchange, preflight)
        case .originNotAllowed:
            refuse(exchange, .originNotAllowed)
        }
        return true
    }

    private func namedRoute(_ exchange: Handle<Exchange>, _ preflight: PreflightRequest) -> Int? {
        let bytes = clients[exchanges[exchange].client].input
        let match = generations[exchanges[exchange].generation].routes.match(
            exchanges[exchange].storage.target,
            method: preflight.method,
            methodName: bytes.span.bytes(preflight.name)
        )
        guard case .route(let route) = match else { return nil }
        return route
    }

    private mutating func answerPreflight(
        _ exchange: Handle<Exchange>,
        _ preflight: PreflightRequest
    ) {
        let client = exchanges[exchange].client
        let generation = exchanges[exchange].generation
        let bytes = clients[client].input
        let origin = bytes.span.bytes(preflight.origin).copied()
        let method = bytes.span.bytes(preflight.name).copied()
        let closes = !survivesRefusal(exchange)
        guard beginOwnAnswer(exchange, status: 204, closes: closes) else { return }
        let fields: [(StaticString, [UInt8])] = [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", method),
            ("Access-Control-Allow-Headers", generations[generation].rewrite.corsAllowHeaders),
            ("Access-Control-Max-Age", generations[generation].rewrite.corsMaximumAge),
        ]
        for (name, value) in fields {
            OwnAnswer.append(name: name, value.span, to: &clients[client].transport.output)
        }
        clients[client].transport.output.append(
            "Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n\r\n"
        )
        finishedOwnAnswer(exchange, closes: closes)
    }
}

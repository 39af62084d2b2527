import Bytes
import Cryptography
import EventLoop
import HTTPCore

/// What may be asked of the admin listener: `/livez`, `/readyz` and `/metrics` without a token, all
/// else with the operator's; and who may not ask at all.
package enum AdminService {
    /// What becomes of a request.
    package enum Verdict {
        case answer(ServiceResponse)
        case metrics
        case revoke(RevocationCommand)
        case lookUp(SessionsQuery)
    }

    /// No web page may reach the admin listener: browsers send `Origin` or `Sec-Fetch-Site`, and a
    /// name that was bound anew to a loopback address arrives as `Host`.
    static func refusal(_ request: ServiceRequest, isLoopback: Bool) -> ServiceResponse? {
        let fromPage = request.field("origin") != nil || request.field("sec-fetch-site") != nil
        let isName =
            !request.host.isEmpty && request.host != "localhost"
            && SocketAddress(literal: unbracketed(request.host), port: 0) == nil
        guard fromPage || (isLoopback && isName) else { return nil }
        return .text(403, "not for web pages\n")
    }

    private static func unbracketed(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    /// What a request gets; `notReady` tells why the gateway is not ready, nil that it is.
    package static func verdict(
        _ request: ServiceRequest,
        isLoopback: Bool,
        notReady: String?,
        token: String = ""
    ) -> Verdict {
        if let refusal = refusal(request, isLoopback: isLoopback) { return .answer(refusal) }
        if request.path == "/sessions/revoke" {
            return refusal(request, token: token).map { .answer($0) } ?? revocation(request)
        }
        if request.path.hasPrefix("/sessions/") || request.path.hasPrefix("/users/") {
            if let refusal = refusal(request, token: token) { return .answer(refusal) }
            guard request.method == .get else {
                var response = ServiceResponse.text(405, "GET\n")
                response.fields.append(("Allow", "GET"))
                return .answer(response)
            }
            guard let query = SessionsQuery.parse(request.path) else {
                return .answer(
                    .text(404, "try /sessions/{handle}, /users/{id}/sessions or /users/{id}/jwts\n")
                )
            }
            return .lookUp(query)
        }
        guard request.method == .get || request.method == .head else {
            var response = ServiceResponse.text(405, "GET or HEAD\n")
            response.fields.append(("Allow", "GET, HEAD"))
            return .answer(response)
        }
        switch request.path {
        case "/livez":
            return .answer(.text(200, "alive\n"))
        case "/readyz":
            guard let notReady else { return .answer(.text(200, "ready\n")) }
            return .answer(.text(503, notReady + "\n"))
        case "/metrics":
            return .metrics
        default:
            return .answer(.text(404, "try /livez, /readyz or /metrics\n"))
        }
    }

    /// Who has no token, or not the operator's, changes nothing.
    private static func refusal(_ request: ServiceRequest, token: String) -> ServiceResponse? {
        guard !token.isEmpty else {
            return .text(403, "needs admin.token_file in the configuration\n")
        }
        let lines = request.fields.filter { $0.name == "authorization" }
        let given = lines.count == 1 ? bearer(lines[0].value) : ""
        guard constantTimeEqual(Array(given.utf8).span, Array(token.utf8).span) else {
            var response = ServiceResponse.text(401, "needs the token of admin.token_file\n")
            response.fields.append(("WWW-Authenticate", "Bearer"))
            return response
        }
        return nil
    }

    private static func bearer(_ field: String) -> String {
        let scheme = "bearer "
        guard field.prefix(scheme.count).lowercased() == scheme else { return "" }
        return String(field.dropFirst(scheme.count))
    }

    private static func revocation(_ request: ServiceRequest) -> Verdict {
        guard request.method == .post else {
            var response = ServiceResponse.text(405, "POST\n")
            response.fields.append(("Allow", "POST"))
            return .answer(response)
        }
        do throws(RevocationCommand.Problem) {
            return .revoke(try RevocationCommand.parse(request.content))
        } catch {
            return .answer(.text(400, "\(error.words)\n"))
        }
    }
}

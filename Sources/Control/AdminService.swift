import EventLoop
import HTTPCore

/// `/livez`, `/readyz`, `/metrics`: what may be asked without a token, and who may not ask at all.
enum AdminService {
    enum Verdict {
        case answer(ServiceResponse)
        case metrics
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
    static func verdict(
        _ request: ServiceRequest,
        isLoopback: Bool,
        notReady: String?
    ) -> Verdict {
        if let refusal = refusal(request, isLoopback: isLoopback) { return .answer(refusal) }
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
}

import Control
import HTTPCore
import JSON

/// The service's answers: what it received, as JSON for programs and as a page for browsers.
enum DemoReport {
    /// The answer to a request whose token is valid.
    static func accepted(_ request: ServiceRequest, _ token: DemoToken) -> ServiceResponse {
        var report: JSONObject = [
            "signedIn": .bool(true), "user": token.claims["sub"] ?? .null,
        ]
        append(request, to: &report)
        report["tokenHeader"] = .object(token.header)
        report["tokenClaims"] = .object(token.claims)
        return response(200, report, to: request)
    }

    /// The answer to a request without a valid token: below `/optional` none is needed.
    static func refused(
        _ request: ServiceRequest,
        _ failure: DemoToken.Failure
    ) -> ServiceResponse {
        let isOptional = request.path == "/optional" || request.path.hasPrefix("/optional/")
        var report: JSONObject = ["signedIn": .bool(false)]
        guard failure != .absent || !isOptional else {
            append(request, to: &report)
            return response(200, report, to: request)
        }
        let (words, challenge) = words(for: failure)
        report["error"] = .string(words)
        append(request, to: &report)
        var refusal = response(401, report, to: request)
        refusal.fields.append(("WWW-Authenticate", challenge))
        return refusal
    }

    /// RFC 6750 §3: a request without a token is told no error.
    private static func words(
        for failure: DemoToken.Failure
    ) -> (words: String, challenge: String) {
        let invalid = "Bearer realm=\"demo-service\", error=\"invalid_token\""
        return switch failure {
        case .absent: ("this service needs a JWT", "Bearer realm=\"demo-service\"")
        case .unknownKey: ("the token's key is not in the key set", invalid)
        case .invalid(let words): (words, invalid)
        }
    }

    private static func append(_ request: ServiceRequest, to report: inout JSONObject) {
        let query = request.query.isEmpty ? "" : "?\(request.query)"
        report["request"] = .string("\(request.method.name) \(request.path)\(query)")
        report["fields"] = .array(
            request.fields.map { name, value in
                .string("\(name): \(name == "authorization" ? shortened(value) : value)")
            }
        )
        if !request.content.isEmpty {
            report["contentBytes"] = .integer(Int64(request.content.count))
        }
    }

    /// Enough of a token to know it again, too little to use it.
    static func shortened(_ field: String) -> String {
        let token = field.split(separator: " ", maxSplits: 1).last ?? ""
        guard token.count > 24 else { return field }
        return field.dropLast(token.count - 12) + "… (\(token.count) characters)"
    }

    private static func response(
        _ status: UInt16,
        _ report: JSONObject,
        to request: ServiceRequest
    ) -> ServiceResponse {
        let json = DemoText.indented(report)
        let fields = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
        guard request.field("accept")?.contains("text/html") ?? false else {
            return ServiceResponse(
                status: status,
                contentType: "application/json",
                fields: fields,
                content: Array(json.utf8)
            )
        }
        let page = """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>demo service</title>
            <h1>What the service received</h1><pre>\(DemoText.escaped(json))</pre></html>
            """
        return ServiceResponse(
            status: status,
            contentType: "text/html; charset=utf-8",
            fields: fields + [("Content-Security-Policy", "default-src 'none'")],
            content: Array(page.utf8)
        )
    }
}

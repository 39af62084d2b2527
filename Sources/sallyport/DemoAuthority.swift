import Authority
import Control
import EventLoop
import JSON

/// The demo's session authority: the real endpoints of a core's keys over HTTP, and sessions.
struct DemoAuthority: ~Copyable {
    private var service: AuthorityService

    /// Makes its keys; `issuer` is the `iss` of what it signs.
    init(issuer: String, nowMilliseconds: Int64) throws(DemoFailure) {
        var options = AuthorityOptions()
        options.issuer = issuer
        do throws(AuthorityFailure) {
            service = try AuthorityService(options: options, nowMilliseconds: nowMilliseconds)
        } catch {
            throw DemoFailure("cannot make the authority's keys")
        }
    }

    /// Answers as a core would; web pages have no business here.
    mutating func respond(_ request: ServiceRequest, nowMilliseconds: Int64) -> ServiceResponse {
        guard !Self.isFromWebPage(request) else { return .text(403, "not for web pages\n") }
        let answer = service.respond(
            method: request.method,
            path: request.path,
            cdiVersion: request.field("cdi-version"),
            apiKey: request.field("api-key"),
            body: request.content,
            nowMilliseconds: nowMilliseconds
        )
        return ServiceResponse(
            status: answer.status,
            contentType: answer.contentType,
            fields: answer.headers,
            content: answer.body
        )
    }

    /// A new session, as a back end's SDK would get it from the core.
    mutating func createSession(
        _ signIn: DemoSignIn,
        nowMilliseconds: Int64
    ) throws(AuthorityFailure) -> CreatedSession {
        try service.createSession(
            userID: signIn.user,
            era: signIn.era,
            payload: ["plan": "demo"],
            nowMilliseconds: nowMilliseconds
        )
    }

    /// Browsers tell that a page asks; a name bound anew to 127.0.0.1 shows in `Host`.
    private static func isFromWebPage(_ request: ServiceRequest) -> Bool {
        request.field("origin") != nil || request.field("sec-fetch-site") != nil
            || (request.host != "localhost"
                && SocketAddress(literal: request.host, port: 0) == nil)
    }
}

import EventLoop
import HTTPCore
import Testing

@testable import Control

@Suite struct AdminServiceTests {
    private func request(
        _ path: String,
        _ method: Method = .get,
        host: String = "localhost",
        fields: [(name: String, value: String)] = []
    ) -> ServiceRequest {
        ServiceRequest(
            method: method,
            path: path,
            query: "",
            host: host,
            fields: fields,
            content: []
        )
    }

    /// The answer in words: its status and its text, or `metrics`.
    private func answer(
        _ request: ServiceRequest,
        isLoopback: Bool = true,
        notReady: String? = nil
    ) -> String {
        switch AdminService.verdict(request, isLoopback: isLoopback, notReady: notReady) {
        case .metrics: return "metrics"
        case .revoke: return "revoke"
        case .lookUp(let query): return "\(query)"
        case .answer(let response):
            let allow = response.fields.map { " \($0.name): \($0.value)" }.joined()
            let text = String(decoding: response.content, as: UTF8.self)
            return "\(response.status)\(allow) \(text)"
        }
    }

    @Test func pathsOfSessionsAreRead() {
        #expect(SessionsQuery.parse("/users/a%2Fb%20c/jwts") == .jwts(user: "a/b c"))
        #expect(SessionsQuery.parse("/users/%C3%A9/sessions") == .sessions(user: "é"))
        #expect(SessionsQuery.parse("/sessions/h") == .session(handle: "h"))
        for path in ["/users/%/jwts", "/users/%ff/jwts", "/users//jwts", "/sessions/", "/users/a"] {
            #expect(SessionsQuery.parse(path) == nil)
        }
    }

    @Test func pathsHaveTheirAnswers() {
        #expect(answer(request("/livez")) == "200 alive\n")
        #expect(answer(request("/livez"), notReady: "starting") == "200 alive\n")
        #expect(answer(request("/readyz")) == "200 ready\n")
        #expect(answer(request("/readyz"), notReady: "starting") == "503 starting\n")
        #expect(answer(request("/metrics")) == "metrics")
        #expect(answer(request("/metrics"), notReady: "starting") == "metrics")
    }

    @Test(arguments: ["/", "/livez/", "/LIVEZ", "/metrics/x", "/readyz/../livez"])
    func otherPathsDoNot(_ path: String) {
        #expect(answer(request(path)).hasPrefix("404 "))
    }

    @Test func onlyReadingIsAllowed() {
        #expect(answer(request("/livez", .head)) == "200 alive\n")
        for method in Method.allCases where method != .get && method != .head {
            for path in ["/livez", "/readyz", "/metrics", "/other"] {
                let text = answer(request(path, method))
                #expect(text == "405 Allow: GET, HEAD GET or HEAD\n", "\(method)")
            }
        }
    }

    @Test(arguments: ["origin", "sec-fetch-site"], ["/livez", "/readyz", "/metrics", "/other"])
    func noPageMayAsk(_ field: String, _ path: String) {
        for isLoopback in [true, false] {
            let asked = request(path, fields: [(field, "")])
            #expect(answer(asked, isLoopback: isLoopback) == "403 not for web pages\n")
        }
    }

    /// DNS rebinding: a name that was bound anew to a loopback address.
    @Test(arguments: [
        ("", true), ("localhost", true), ("127.0.0.1", true), ("[::1]", true), ("10.0.0.1", true),
        ("evil.example", false), ("localhost.evil.example", false), ("127.0.0.1.nip.io", false),
        ("[evil]", false),
    ])
    func onALoopbackAddressNoNameIsBelieved(_ host: String, _ isAnswered: Bool) {
        let asked = request("/livez", host: host)
        #expect(answer(asked).hasPrefix("200 ") == isAnswered)
        #expect(answer(asked).hasPrefix("403 ") != isAnswered)
        #expect(answer(asked, isLoopback: false) == "200 alive\n")
    }
}

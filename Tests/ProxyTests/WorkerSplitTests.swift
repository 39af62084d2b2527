import Bytes
import Sessions
import TestSupport
import Testing

@testable import Proxy

/// Whole connections through a whole worker: what comes of them does not depend on how their bytes
/// arrived.
@Suite struct WorkerSplitTests {
    private static let host = "Host: app.test\r\n"
    private static let end = "\r\n\r\n"
    private static let chunked = "Transfer-Encoding: chunked\r\n\r\n"

    private static func post(_ rest: String, to path: String = "/public") -> String {
        "POST \(path) HTTP/1.1\r\n\(host)\(rest)"
    }

    /// Requests that are served, alone and one behind another.
    static let served: [String] = [
        get("/public/a?b=c", "X-A: b"),
        "\r\n\r\n" + get("/public"),
        "HEAD /nowhere HTTP/1.1\r\n\(host)\r\n",
        "GET http://app.test/public HTTP/1.1\r\n\(host)\r\n",
        "GET /public HTTP/1.0\r\n\r\n",
        post("Content-Length: 05\r\n\r\nhello") + get("/public/2"),
        post("Content-Length: 0\r\n\r\n") + get("/public/2") + get("/nowhere") + get("/public/4"),
        post("\(chunked)3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\nX-T: u\r\n\r\n") + get("/public/2"),
        post("Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok") + get("/public/2"),
        post("Content-Length: 4\r\n\r\nbody", to: "/private") + get("/public/2"),
        post("Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 1\r\n\r\nx")
            + get("/public/2"),
        get("/private", "Cookie: a=b; sAccessToken=no.token.here; c=d") + get("/jwt"),
    ]

    @Test(arguments: served.indices)
    func requestsAreServedHoweverTheyArrive(_ index: Int) throws {
        let conversations = Conversations(try WorkerRig())
        let bytes = Array(Self.served[index].utf8)
        let outcomes = try everySplit(of: bytes) { try conversations.converse(bytes, cuts: $0) }
        #expect(outcomes.differing.isEmpty && outcomes.whole.isClean)
        let statuses = outcomes.whole.answers.map { $0.prefix(12) }
        #expect(!statuses.isEmpty && !statuses.contains("HTTP/1.1 400"), "\(outcomes.whole)")
    }

    /// Requests that are refused; `get` stands behind each.
    static let refused: [String] = [
        "GET  /public HTTP/1.1\r\n\(host)\r\n",
        "GET /public HTTP/1.1\n\(host)\r\n",
        "GET /public HTTP/2.0\r\n\(host)\r\n",
        "GET /public\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /public HTTP/1.1\r\n\(host)X : y\r\n\r\n",
        "GET /public HTTP/1.1\r\n\(host)X: y\r\n z\r\n\r\n",
        "GET /public HTTP/1.1\r\n\(host)X: y\rz\r\n\r\n",
        "GET /public HTTP/1.1\r\n\(host)\(host)\r\n",
        "GET /public HTTP/1.1\r\n\r\n",
        post("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        post("Content-Length: +5\r\n\r\nhello"),
        post("Content-Length: 5\r\n\(chunked)0\r\n\r\n"),
        post("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        post("Expect: y 100-continue\r\nContent-Length: 5\r\n\r\nhello"),
        "POST /public HTTP/1.0\r\n\(host)\(chunked)0\r\n\r\n",
        post("\(chunked)0x5\r\nhello\r\n0\r\n\r\n"),
        post("\(chunked)5\nhello\r\n0\r\n\r\n"),
        post("\(chunked)5\r\nhelloXX0\r\n\r\n"),
        post("\(chunked)5\r\nhello\r\n0\r\nX: y\nZ: w\r\n\r\n"),
        post("\(chunked)5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"),
        post("\(chunked)5\r\nhello\r\n0\r\nX-Forwarded-For: y\r\n\r\n"),
    ]

    @Test(arguments: refused.indices)
    func requestsAreRefusedHoweverTheyArrive(_ index: Int) throws {
        let conversations = Conversations(try WorkerRig())
        let bytes = Array((Self.refused[index] + get("/public/smuggled")).utf8)
        let outcomes = try everySplit(of: bytes) { try conversations.converse(bytes, cuts: $0) }
        #expect(outcomes.differing.isEmpty && outcomes.whole.isClean)
        #expect(outcomes.whole.requests.isEmpty, "\(outcomes.whole)")
        let answers = outcomes.whole.answers
        let statuses = ["HTTP/1.1 400", "HTTP/1.1 417", "HTTP/1.1 505"]
        #expect(answers.count == 1 && statuses.contains(String(answers[0].prefix(12))))
        #expect(answers[0].contains("\nConnection: close\n"))
    }

    static let answers: [(String, closes: Bool)] = [
        (ok("hello", "X-A: b", "Cache-Control: public"), false),
        (ok("hello") + "surplus", false),
        ("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok("hello"), false),
        ("HTTP/1.1 200 OK\r\n\(chunked)3;x\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", false),
        (
            "HTTP/1.1 200 OK\r\n\(chunked)3\r\nabc\r\n0\r\nEtag: t\r\nX-Forwarded-For: a\r\n\r\n",
            false
        ),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false),
        ("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\nall of it", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", true),
        ("HTTP/1.1 200 OK\r\n\(chunked)5\r\nhello\r\n0\r\n", true),
        ("HTTP/1.1 200 OK\r\n\(chunked)5\r\nhello\r\nno\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Le", true),
        ("HELLO\r\n\r\n", false),
        ("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", true),
        ("HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\(chunked)2\r\nok\r\n0\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 2\r\n\r\nok", false),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", false),
    ]

    /// Each conversation finds the connections to the upstream as the one before left them.
    @Test(arguments: answers.indices)
    func answersPassHoweverTheyArrive(_ index: Int) throws {
        let (answer, closes) = Self.answers[index]
        let rig = try WorkerRig()
        let conversations = Conversations(rig, answer: answer, closes: closes)
        let bytes = Array(get("/public").utf8)
        let outcomes = try everySplit(of: Array(answer.utf8)) {
            try conversations.converse(bytes, answerCuts: $0)
        }
        #expect(outcomes.differing.isEmpty && outcomes.whole.isClean)
        #expect(outcomes.whole.requests.count == 1 && !outcomes.whole.answers.isEmpty)
    }

    /// With a session: the token is read out of a head in pieces too.
    @Test func sessionsAreFoundHoweverTheyArrive() throws {
        let rig = try WorkerRig()
        rig.post(.keys(CoreKey.shared.keys()))
        let token = CoreKey.shared.token()
        let conversations = Conversations(rig)
        for field in ["Authorization: Bearer \(token)", "Cookie: a=b; sAccessToken=\(token); c=d"] {
            let bytes = Array(get("/private", field).utf8)
            var outcomes: [Conversation] = []
            for cut in stride(from: 0, to: bytes.count, by: 5) {
                outcomes.append(try conversations.converse(bytes, cuts: [cut]))
            }
            outcomes.append(try conversations.converse(bytes, cuts: Array(bytes.indices)))
            let same = outcomes.allSatisfy { $0 == outcomes[0] }
            #expect(same && outcomes[0].requests.count == 1)
            #expect(outcomes[0].requests[0].contains("\nAuthorization: Bearer \(token)\n"))
        }
    }
}

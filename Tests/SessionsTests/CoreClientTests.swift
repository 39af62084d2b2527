import Bytes
import HTTPCore
import Sessions
import Testing

/// Events in, actions out: `1: POST 0/path` is the request 1, sent to the core 0.
@Suite struct CoreClientTests {
    private static let versions = #"{"versions":["2.7","2.20","4.0","5.4","9.9"]}"#
    private static let fine = #"{"status":"OK","session":{"handle":"h"}}"#
    private static let verify = "/recipe/session/verify"

    /// A client whose first core's version is known: requests 1 and 2 are used, question 1 too.
    private func started(cores: Int = 1) -> CoreDriver {
        var driver = CoreDriver(cores: cores)
        #expect(driver.ask("a") == ["2: GET 0/apiversion"])
        #expect(driver.answered(2, Self.versions) == ["3: POST 0\(Self.verify)"])
        #expect(driver.answered(3, Self.fine) == ["answer 1: verified(newToken: nil)"])
        return driver
    }

    @Test func agreesOnTheNewestVersionOnce() {
        var driver = started()
        #expect(driver.sent[1].headers.contains { $0 == ("cdi-version", "5.4") })
        #expect(driver.ask("b") == ["5: POST 0\(Self.verify)"])
        #expect(
            String(decoding: driver.sent[2].body, as: UTF8.self)
                == #"{"accessToken":"b","doAntiCsrfCheck":false,"enableAntiCsrf":false,"#
                + #""checkDatabase":true}"#
        )
    }

    @Test func heldForAVersionAllAreSent() {
        var driver = CoreDriver(cores: 1)
        #expect(driver.ask("a").count == 1)
        #expect(driver.ask("b") == [])
        #expect(
            driver.answered(2, Self.versions)
                == ["4: POST 0\(Self.verify)", "5: POST 0\(Self.verify)"]
        )
    }

    @Test func onlyWhatWasNotSentIsJoined() {
        var driver = CoreDriver(cores: 1)
        _ = driver.ask("a")
        #expect(driver.number("a") == 1)
        _ = driver.answered(2, Self.versions)
        #expect(driver.number("a") != 1)
    }

    @Test(arguments: [
        (#"{"status":"UNAUTHORISED"}"#, "ended"),
        (#"{"status":"TRY_REFRESH_TOKEN"}"#, "tryRefresh"),
        (
            #"{"status":"OK","session":{"handle":"other"}}"#,
            "unreachable(Sessions.CoreFailure.malformed)"
        ),
        (
            #"{"status":"OK","session":{"handle":"h"},"accessToken":{}}"#,
            "unreachable(Sessions.CoreFailure.malformed)"
        ),
        ("[", "unreachable(Sessions.CoreFailure.malformed)"),
    ])
    func whatTheCoreSaysIsTheAnswer(_ says: String, _ answer: String) {
        var driver = started()
        _ = driver.ask("b")
        #expect(driver.answered(5, says) == ["answer 4: \(answer)"])
        // It says nothing of the core: the next question is asked.
        #expect(driver.ask("c") == ["7: POST 0\(Self.verify)"])
    }

    @Test func theNextCoreIsAskedAndAClosedOneLeftAlone() {
        var driver = started(cores: 2)
        var next: UInt64 = 5
        for _ in 0..<2 {
            #expect(driver.ask("b\(next)") == ["\(next): POST 0\(Self.verify)"])
            _ = driver.failed(next)
            next = driver.last
            if driver.sent.last?.path.hasSuffix("/apiversion") == true {
                _ = driver.answered(next, Self.versions)
                next = driver.last
            }
            _ = driver.answered(next, Self.fine)
            next += 2
        }
        #expect(driver.ask("x") == ["\(next): POST 0\(Self.verify)"])
        _ = driver.failed(next)
        _ = driver.answered(driver.last, Self.fine)
        #expect(driver.ask("y").joined().contains("POST 1"))
        driver.clock += 500_000_000
        #expect(driver.ask("z").joined().contains("GET 0/apiversion"))
    }

    @Test func withoutACoreNothingIsKnownAtOnce() {
        var driver = started()
        for letter in ["b", "c", "d"] {
            _ = driver.ask(letter)
            let answer = driver.failed(driver.last)
            #expect(answer.joined().contains("unreachable"))
        }
        #expect(driver.ask("e").joined().contains("unreachable"))
        driver.clock += 500_000_000
        _ = driver.ask("f")
        #expect(driver.answered(driver.last, Self.versions).count == 1)
        #expect(driver.answered(driver.last, Self.fine).joined().contains("verified"))
    }

    @Test func anOldCoreIsAskedForTheSessionToo() {
        var driver = CoreDriver(cores: 1)
        _ = driver.ask("a")
        #expect(driver.answered(2, #"{"versions":["2.9"]}"#) == ["3: POST 0\(Self.verify)"])
        #expect(driver.answered(3, Self.fine) == ["4: GET 0/recipe/session?sessionHandle=h"])
        #expect(driver.answered(4, #"{"status":"UNAUTHORISED"}"#) == ["answer 1: ended"])
    }

    @Test func theVersionThatItWasAskedInDecides() {
        var driver = CoreDriver(cores: 1)
        _ = driver.ask("a")
        _ = driver.ask("b")
        #expect(driver.answered(2, #"{"versions":["2.9"]}"#).count == 2)
        // The core's version is forgotten while the question is under way.
        #expect(driver.answered(5, "", status: 400).count == 1)
        #expect(driver.answered(4, Self.fine) == ["6: GET 0/recipe/session?sessionHandle=h"])
    }

    @Test func moreThanRunAtOnceWaitInOrder() {
        var driver = started()
        for number in 0..<CoreClient.maximumRunning {
            #expect(driver.ask("t\(number)").count == 1)
        }
        let first = driver.last - 2 * UInt64(CoreClient.maximumRunning - 1)
        #expect(driver.ask("late") == [])
        #expect(driver.answered(first, Self.fine).count == 2)
        let content = String(decoding: driver.sent.last?.body ?? [], as: UTF8.self)
        #expect(content.contains("late"))
    }

    @Test func moreThanCanWaitAreAnsweredAtOnce() {
        var driver = started()
        for number in 0..<CoreClient.maximumQuestions { _ = driver.ask("t\(number)") }
        #expect(driver.ask("one more").joined().contains("overloaded"))
    }

    @Test func otherCoresAreAskedAnew() {
        var driver = started()
        _ = driver.ask("b")
        let old = driver.last
        #expect(driver.replaceCores(["new"]).count == 1)
        #expect(driver.answered(old, Self.fine) == [])
        #expect(driver.answered(driver.last, Self.versions).count == 1)
        #expect(driver.answered(driver.last, Self.fine) == ["answer 4: verified(newToken: nil)"])
    }
}

/// Plays whoever carries the requests.
struct CoreDriver {
    private var client: CoreClient
    private(set) var sent: [KeyFetcher.CoreRequest] = []
    /// Nanoseconds.
    var clock: UInt64 = 1_000_000_000

    init(cores: Int) {
        client = CoreClient(options: Self.options((0..<cores).map { "core-\($0)" }))
    }

    private static func options(_ hosts: [String]) -> CoreOptions {
        CoreOptions(
            locations: hosts.map {
                CoreOptions.Location(host: $0, port: 80, basePath: "", position: .builtIn)
            }
        )
    }

    private var now: KeyFetcher.Time {
        KeyFetcher.Time(nanoseconds: clock, wallMilliseconds: 0)
    }

    /// The last request's ID.
    var last: UInt64 { sent.last?.id ?? 0 }

    private static func question(_ token: String) -> CoreQuestion {
        .verify(token: Array(token.utf8), handle: [UInt8(ascii: "h")], checksDatabase: true)
    }

    mutating func ask(_ token: String) -> [String] {
        described(client.ask(Self.question(token), now: now).actions)
    }

    mutating func number(_ token: String) -> UInt64 {
        client.ask(Self.question(token), now: now).id
    }

    mutating func answered(_ request: UInt64, _ body: String, status: UInt16 = 200) -> [String] {
        let bytes = Array(body.utf8)
        return described(
            client.answered(request: request, status: status, body: bytes.span, now: now)
        )
    }

    mutating func failed(_ request: UInt64) -> [String] {
        described(client.failed(request: request, now: now))
    }

    mutating func replaceCores(_ hosts: [String]) -> [String] {
        described(client.replaceOptions(Self.options(hosts), now: now))
    }

    private mutating func described(_ actions: [CoreClient.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .send(let request):
                sent.append(request)
                let method = request.method == .get ? "GET" : "POST"
                return "\(request.id): \(method) \(request.location)\(request.path)"
            case .answer(let id, let answer):
                return "answer \(id): \(answer)"
            }
        }
    }
}

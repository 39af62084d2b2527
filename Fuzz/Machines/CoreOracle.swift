import HTTPCore
import JOSE
import JSON
import Sessions

/// Questions, and a second, plain reading of what an answer to them says.
enum CoreOracle {
    static let handle = "3f0c8f7e-0d0a-4d6c-9d0b-2f5f0d0e1a2b"
    private static let spoken =
        (9...21).map { "2.\($0)" } + ["3.0", "3.1", "4.0", "5.0", "5.1", "5.2", "5.3", "5.4"]
    private static let time = KeyFetcher.Time(
        nanoseconds: 1 << 40,
        wallMilliseconds: KnownKeys.now
    )

    static let questions: [CoreQuestion] = [
        .verify(token: [0x74], handle: Array(handle.utf8), checksDatabase: false),
        .verify(token: [0x74], handle: Array(handle.utf8), checksDatabase: true),
        .session(handle: handle), .sessions(user: "user 1"), .revoke(handles: [handle, "\u{e4}"]),
        .webKeys(core: 0), .handshake(core: 0),
    ]

    /// Asks a core of this version, which answers everything else alike.
    static func ask(
        _ question: CoreQuestion,
        _ version: String,
        _ status: UInt16,
        _ content: [UInt8]
    ) throws(BrokenRule) -> CoreAnswer {
        var client = CoreClient(options: KnownKeys.options.core)
        let (number, first) = client.ask(question, now: time)
        var actions = first
        var answers: [CoreAnswer] = []
        var sent = 0
        while !actions.isEmpty {
            switch actions.removeFirst() {
            case .send(let request):
                sent += 1
                try require(sent <= 3, "a question takes three requests at most")
                let isVersion = request.path.hasSuffix("/apiversion")
                let versions = Array(#"{"versions":["\#(version)"]}"#.utf8)
                let body = isVersion ? versions : content
                actions += client.answered(
                    request: request.id,
                    status: isVersion ? 200 : status,
                    body: body.span,
                    now: time
                )
            case .answer(let id, let answer):
                try require(id == number, "the answer is to the question")
                answers.append(answer)
            }
        }
        guard answers.count == 1, let answer = answers.first else {
            throw BrokenRule(what: "a question is answered once")
        }
        try check(answer, to: question, version, status, content)
        return answer
    }

    private static func check(
        _ answer: CoreAnswer,
        to question: CoreQuestion,
        _ version: String,
        _ status: UInt16,
        _ content: [UInt8]
    ) throws(BrokenRule) {
        if question == .webKeys(core: 0) || question == .handshake(core: 0) {
            return try checkKeys(answer, version, status, content)
        }
        if status != 200 {
            try require(answer == .unreachable(.status(status)), "no word from an error")
        }
        let says = try? JSONValue.parse(content.span)
        switch answer {
        case .verified, .information, .handles, .revoked:
            try require(says?["status"]?.string == "OK", "no yes that is not OK")
        case .ended: try require(says?["status"]?.string == "UNAUTHORISED", "it ended")
        case .tryRefresh, .unreachable: break
        case .keys: throw BrokenRule(what: "no keys where none were asked for")
        }
        var expected = expected(question, status, says)
        if case .verify(_, _, checksDatabase: true) = question, version == "2.9",
            case .verified = expected
        {
            let isThere = says?["sessionHandle"]?.string == handle
            if !isThere { expected = .unreachable(.malformed) }
        }
        if case .verified(.some(let token)) = expected, answer != expected {
            // It may be no token; one that is known to be one must be taken.
            expected = .unreachable(.malformed)
            let known = [KnownTokens.recent, KnownTokens.legacy].map { Array($0.utf8) }
            try require(!known.contains(token), "a token is one")
        }
        try require(answer == expected, "an answer is what it says")
    }

    /// Keys are what the reader of key sets says, which `key-set` is about.
    private static func checkKeys(
        _ answer: CoreAnswer,
        _ version: String,
        _ status: UInt16,
        _ content: [UInt8]
    ) throws(BrokenRule) {
        switch answer {
        case .keys(.webKeys(let keys)):
            try require(status == 200 && !keys.isEmpty, "no keys from an error")
            let read = try? JSONWebKey.set(from: content.span)
            try require(keys == read, "keys are what is written")
        case .keys(.legacyKeys(let keys)):
            let says = try? JSONValue.parse(content.span)
            let isOK = status == 200 && says?["status"]?.string == "OK"
            try require(isOK && !keys.isEmpty, "no keys that are not OK")
        case .keys(.absent):
            try require(status == 404 || version == "2.21", "nothing is absent that is there")
        case .unreachable: break
        case .keys(.failed), .verified, .information, .handles, .revoked, .ended, .tryRefresh:
            throw BrokenRule(what: "keys were asked for")
        }
    }

    private static func expected(
        _ question: CoreQuestion,
        _ status: UInt16,
        _ says: JSONValue?
    ) -> CoreAnswer {
        guard status == 200 else { return .unreachable(.status(status)) }
        switch (question, says?["status"]?.string) {
        case (.verify, "TRY_REFRESH_TOKEN"): return .tryRefresh
        case (.verify, "UNAUTHORISED"), (.session, "UNAUTHORISED"): return .ended
        case (.verify, "OK"):
            guard says?["session"]?["handle"]?.string == handle else { break }
            guard let given = says?["accessToken"] else { return .verified(newToken: nil) }
            guard let token = given["token"]?.string, token != "" else { break }
            return .verified(newToken: Array(token.utf8))
        case (.session, "OK"): return says.flatMap(information) ?? .unreachable(.malformed)
        case (.sessions, "OK"):
            return strings(says?["sessionHandles"]).map { .handles($0) } ?? .unreachable(.malformed)
        case (.revoke, "OK"):
            return strings(says?["sessionHandlesRevoked"]).map { .revoked($0) }
                ?? .unreachable(.malformed)
        default: break
        }
        return .unreachable(.malformed)
    }

    private static func information(_ says: JSONValue) -> CoreAnswer? {
        guard says["sessionHandle"]?.string == handle, let user = says["userId"]?.string,
            let payload = says["userDataInJWT"], payload.object != nil,
            let expiry = says["expiry"]?.double, expiry.magnitude < 9e15,
            let created = says["timeCreated"]?.double, created.magnitude < 9e15
        else { return nil }
        return .information(
            SessionInformation(
                handle: handle,
                user: user,
                payload: payload.serialized(),
                expiry: Int64(expiry.rounded(.down)),
                createdAt: Int64(created.rounded(.down))
            )
        )
    }

    static func strings(_ list: JSONValue?) -> [String]? {
        guard let list = list?.array else { return nil }
        let strings = list.compactMap(\.string)
        return strings.count == list.count ? strings : nil
    }

    /// The answer as one to the question which versions there are.
    static func askVersion(_ status: UInt16, _ content: [UInt8]) throws(BrokenRule) {
        var client = CoreClient(options: KnownKeys.options.core)
        guard case .send(let request) = client.ask(questions[0], now: time).actions.first else {
            throw BrokenRule(what: "a version is agreed first")
        }
        let actions = client.answered(
            request: request.id,
            status: status,
            body: content.span,
            now: time
        )
        try require(actions.count == 1, "one thing follows")
        let known = (try? JSONValue.parse(content.span))?["versions"]?.array?.compactMap(\.string)
        let agreed = status == 200 ? spoken.last { known?.contains($0) ?? false } : nil
        switch actions[0] {
        case .send(let next):
            let headers = next.headers.filter { $0.name == "cdi-version" }
            try require(headers.map(\.value) == agreed.map { [$0] }, "the newest both speak")
        case .answer(_, let answer):
            let none: CoreFailure = known == nil ? .malformed : .noVersion
            let failure = status == 200 ? none : .status(status)
            try require(agreed == nil && answer == .unreachable(failure), "no common version")
        }
    }
}

import Control
import HTTPCore
import JSON
import Sessions

/// What operators ask, and what cores answer on their behalf: only who has the token changes
/// anything, only what was written is ended, and what is shown is what the core said.
enum AdminJSONMachine {
    private static let token = "operator"

    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        let end = input.firstIndex(of: 0x0A) ?? input.count
        let words = input[..<end].split(separator: 0x20, omittingEmptySubsequences: false)
        let rest = Array(input[end...].dropFirst())
        guard words.count == 2, let path = String(validating: words[1], as: UTF8.self) else {
            return
        }
        let request = ServiceRequest(
            method: Method.lookup(Array(words[0]).span),
            path: path,
            query: "",
            host: "localhost",
            fields: [("authorization", "Bearer \(token)")],
            content: rest
        )
        try checkStrangers(request)
        let command = try? RevocationCommand.parse(rest)
        try check(command, rest)
        switch verdict(request) {
        case .revoke(let asked):
            let isRight = path == "/sessions/revoke" && request.method == .post
            try require(isRight && asked == command, "what is asked is what is written")
            try AdminOracle.tell(asked)
        case .lookUp(let query):
            try require(request.method == .get, "a look changes nothing")
            try AdminOracle.look(up: query, path, rest)
        case .answer(let response):
            let isPlain = response.content.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A }
            try require(isPlain, "no byte of the request comes back")
        case .metrics: try require(path == "/metrics", "numbers are asked for")
        }
    }

    private static func verdict(_ request: ServiceRequest) -> AdminService.Verdict {
        AdminService.verdict(request, isLoopback: true, notReady: nil, token: token)
    }

    /// Who has no token, another's, or comes from a page.
    private static func checkStrangers(_ request: ServiceRequest) throws(BrokenRule) {
        let fields = [
            [], [("authorization", "Bearer operators")], [("authorization", "operator")],
            [request.fields[0], request.fields[0]], [request.fields[0], ("origin", "null")],
        ]
        for fields in fields {
            var strange = request
            strange.fields = fields
            switch verdict(strange) {
            case .revoke, .lookUp: throw BrokenRule(what: "only the operator asks")
            case .answer, .metrics: break
            }
        }
        var named = request
        named.host = "gateway.example"
        guard case .answer = verdict(named) else { throw BrokenRule(what: "no name bound anew") }
    }

    /// A command is what a plain reading of the content says, and nothing else is one.
    private static func check(
        _ command: RevocationCommand?,
        _ content: [UInt8]
    ) throws(BrokenRule) {
        guard let object = (try? JSONValue.parse(content.span))?.object else {
            return try require(command == nil, "a command is a JSON object")
        }
        let names = Set(object.members.map(\.name))
        let core = object["core"].map { $0.bool } ?? true
        var expected: RevocationCommand?
        if names.subtracting(["core"]) == ["sessionHandles"], let core,
            let handles = CoreOracle.strings(object["sessionHandles"]), handles.count <= 10_000,
            handles.allSatisfy(isName)
        {
            expected = RevocationCommand(target: .sessions(handles), tellsCore: core)
        } else if names.subtracting(["core"]) == ["userId"], core == true,
            let user = object["userId"]?.string, isName(user)
        {
            expected = RevocationCommand(target: .user(user), tellsCore: true)
        }
        try require(command == expected, "a command is as it is written")
    }

    static func isName(_ text: String) -> Bool { text.utf8.count >= 1 && text.utf8.count <= 1024 }
}

/// What the core is asked for an operator, and what its answers are made into.
enum AdminOracle {
    private static let time = KeyFetcher.Time(
        nanoseconds: 1 << 40,
        wallMilliseconds: KnownKeys.now
    )

    /// The request that a question takes, in the newest version.
    private static func request(
        _ client: inout CoreClient,
        _ question: CoreQuestion
    ) throws(BrokenRule) -> KeyFetcher.CoreRequest {
        var actions = client.ask(question, now: time).actions
        if case .send(let first) = actions.first, first.path == "/apiversion" {
            let versions = Array(#"{"versions":["5.4"]}"#.utf8)
            actions = client.answered(
                request: first.id,
                status: 200,
                body: versions.span,
                now: time
            )
        }
        guard actions.count == 1, case .send(let request) = actions[0] else {
            throw BrokenRule(what: "a question is asked")
        }
        let isTarget = request.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        try require(isTarget && !request.path.contains("#"), "a target is one")
        return request
    }

    private static func ask(
        _ client: inout CoreClient,
        _ question: CoreQuestion,
        _ content: [UInt8]
    ) throws(BrokenRule) -> CoreAnswer {
        let id = try request(&client, question).id
        let actions = client.answered(request: id, status: 200, body: content.span, now: time)
        guard actions.count == 1, case .answer(_, let answer) = actions[0] else {
            throw BrokenRule(what: "a question is answered")
        }
        return answer
    }

    static func tell(_ command: RevocationCommand) throws(BrokenRule) {
        var client = CoreClient(options: KnownKeys.options.core)
        switch command.target {
        case .sessions(let handles):
            let body = try request(&client, .revoke(handles: handles)).body
            let told = (try? JSONValue.parse(body.span))?["sessionHandles"]
            try require(CoreOracle.strings(told) == handles, "the core is told what was written")
        case .user(let user):
            try checkPath(try request(&client, .sessions(user: user)).path, "userId", user)
        }
    }

    /// One parameter, whose value is the name and nothing else.
    private static func checkPath(
        _ path: String,
        _ parameter: String,
        _ name: String
    ) throws(BrokenRule) {
        let parts = path.split(separator: "?", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix(parameter + "=") else {
            throw BrokenRule(what: "a name is one parameter")
        }
        let value = parts[1].dropFirst(parameter.count + 1)
        try require(!value.contains { "&=+#".contains($0) }, "a name ends where it ends")
        try require(Octets.decoded(value.utf8).elementsEqual(name.utf8), "a name is the core's")
    }

    /// Looks with the core's answers, which come in turn, and shows what was found.
    static func look(
        up query: SessionsQuery,
        _ path: String,
        _ content: [UInt8]
    ) throws(BrokenRule) {
        let name: String
        switch query {
        case .sessions(let user), .jwts(let user): name = user
        case .session(let handle): name = handle
        }
        try require(AdminJSONMachine.isName(name), "a name is one")
        let segments = path.utf8.split(separator: 0x2F)
        guard segments.count >= 2 else { throw BrokenRule(what: "a path has a name") }
        let isNamed = Octets.decoded(segments[1]).elementsEqual(name.utf8)
        try require(isNamed, "whoever the path names")
        let lines = content.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        var client = CoreClient(options: KnownKeys.options.core)
        var answer = SessionsAnswer(query: query, jwtProperty: "jwt")
        var next = 0
        if case .session = query {
            answer.handles = [name]
        } else {
            guard case .handles(let all) = try ask(&client, query.question, lines[0]) else {
                return
            }
            answer.take(all)
            next = 1
        }
        var found: [String: SessionInformation] = [:]
        for handle in answer.handles.prefix(16) {
            answer.asked += 1
            let line = lines[next % lines.count]
            next += 1
            let said = try ask(&client, .session(handle: handle), line)
            guard case .information(let session) = said else { continue }
            found[handle] = session
            answer.take(session, wallMilliseconds: KnownKeys.now)
        }
        try check(answer, answer.handles.compactMap { found[$0] }, query)
    }

    private static func check(
        _ answer: SessionsAnswer,
        _ found: [SessionInformation],
        _ query: SessionsQuery
    ) throws(BrokenRule) {
        let response = answer.response
        guard let shown = try? JSONValue.parse(response.content.span) else {
            throw BrokenRule(what: "what is shown is JSON")
        }
        switch query {
        case .session:
            try require(response.status == (found.isEmpty ? 404 : 200), "there or not")
            guard let session = found.first else { return }
            try checkShown(shown["session"], session)
        case .sessions:
            let list = shown["sessions"]?.array ?? []
            try require(list.count == found.count, "each session that there is")
            for (one, session) in zip(list, found) { try checkShown(one, session) }
        case .jwts:
            let list = shown["jwts"]?.array ?? []
            try require(list.count == found.count, "an entry for each session")
            for (one, session) in zip(list, found) { try checkJWT(one, session) }
        }
        try require(shown["status"]?.string == "OK", "it went well")
    }

    private static func checkShown(
        _ shown: JSONValue?,
        _ session: SessionInformation
    ) throws(BrokenRule) {
        try require(shown?["handle"]?.string == session.handle, "its handle")
        try require(shown?["userId"]?.string == session.user, "its user")
        try require(shown?["expiry"]?.int64 == session.expiry, "its end")
        try require(shown?["timeCreated"]?.int64 == session.createdAt, "its begin")
        try require(shown?["payload"]?.serialized() == session.payload, "its payload")
    }

    private static func checkJWT(
        _ shown: JSONValue,
        _ session: SessionInformation
    ) throws(BrokenRule) {
        try require(shown["handle"]?.string == session.handle, "whose JWT")
        guard let token = shown["jwt"]?.string else {
            return try require(shown["jwt"] == .null, "no JWT is said to be none")
        }
        let payload = try? JSONValue.parse(session.payload.span)
        let name = payload?["_jwtPName"]?.string ?? "jwt"
        try require(payload?[name]?.string == token, "a JWT is the payload's")
        let expiry = shown["expiry"]?.int64
        let isOver = expiry.map { $0 <= KnownKeys.now } ?? false
        try require(shown["expired"]?.bool == isOver, "an expired one is marked")
    }
}

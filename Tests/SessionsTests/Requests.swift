import Bytes
import HTTPCore
import Sessions

/// A request's head made of field lines alone, as the parser would leave it.
struct TestRequest {
    private(set) var bytes: [UInt8] = []
    private(set) var head = RequestHead()

    init(_ lines: [(String, String)]) {
        for (name, value) in lines {
            let nameRange = append(name)
            append(": ")
            let valueRange = append(value)
            append("\r\n")
            let found = FieldName.lookup(Array(name.utf8).span)
            head.fields.append(
                FieldLine(name: nameRange, value: valueRange, id: found.id, isAlias: found.isAlias)
            )
        }
    }

    @discardableResult
    private mutating func append(_ text: String) -> ByteRange {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return ByteRange(start..<bytes.count)
    }

    func text(_ range: ByteRange?) -> String? {
        range.map { bytes.span.bytes($0).text }
    }

    func credentials(cookieName: String = "sAccessToken") -> Credentials {
        Credentials.find(head: head, bytes: bytes.span, cookieName: Array(cookieName.utf8).span)
    }
}

extension Authenticator {
    /// Authenticates a request of these field lines; `beginTurn` is called first.
    mutating func ask(
        _ lines: [(String, String)],
        at wall: Int64 = TestTokens.now,
        mayAsk: Bool = false,
        lastFetchFailed: Bool = false
    ) -> Authentication {
        beginTurn()
        return askInTurn(lines, at: wall, mayAsk: mayAsk, lastFetchFailed: lastFetchFailed)
    }

    mutating func askInTurn(
        _ lines: [(String, String)],
        at wall: Int64 = TestTokens.now,
        mayAsk: Bool = false,
        lastFetchFailed: Bool = false
    ) -> Authentication {
        let request = TestRequest(lines)
        return authenticate(
            head: request.head,
            bytes: request.bytes.span,
            wallMilliseconds: wall,
            mayAsk: mayAsk,
            lastFetchFailed: lastFetchFailed
        )
    }

    mutating func bearer(_ token: String, at wall: Int64 = TestTokens.now) -> Authentication {
        ask([("authorization", "Bearer " + token)], at: wall)
    }

    mutating func cookie(_ token: String, at wall: Int64 = TestTokens.now) -> Authentication {
        ask([("cookie", "sAccessToken=" + token)], at: wall)
    }

    func fieldText(_ reference: SessionReference) -> String { field(reference).text }
    func tokenText(_ reference: SessionReference) -> String { token(reference).text }
    func userText(_ reference: SessionReference) -> String { user(reference).text }
    func handleText(_ reference: SessionReference) -> String { sessionHandle(reference).text }
}

extension Authentication {
    var session: SessionReference? {
        if case .session(let reference) = self { reference } else { nil }
    }

    var refusal: SessionRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }

    static func tryRefresh(_ reason: Reason) -> Authentication {
        .refused(SessionRefusal(reason: reason, answer: .tryRefreshToken))
    }

    static let unavailable = Authentication.refused(
        SessionRefusal(reason: .coreUnreachable, answer: .unavailable)
    )

    static let incurable = Authentication.refused(
        SessionRefusal(reason: .jwtMissing, answer: .jwtMissing)
    )
}

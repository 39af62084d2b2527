import Bytes
import HTTPCore
import Sessions

/// Puts a token into a request's head and asks an authenticator about it.
struct TokenCarrier {
    private let bytes: [UInt8]
    private var head = RequestHead()

    init(bearer token: [UInt8]) {
        self.init("Authorization", .authorization, Array("Bearer ".utf8) + token)
    }

    init(cookie token: [UInt8]) {
        self.init("Cookie", .cookie, Array("sAccessToken=".utf8) + token)
    }

    private init(_ name: String, _ id: FieldName, _ value: [UInt8]) {
        let name = Array(name.utf8)
        bytes = name + value
        head.fields = [
            FieldLine(
                name: ByteRange(0..<name.count),
                value: ByteRange(name.count..<bytes.count),
                id: id,
                isAlias: false
            )
        ]
    }

    func ask(
        _ authenticator: inout Authenticator,
        at wallMilliseconds: Int64,
        mayAsk: Bool = false,
        answer: CoreAnswer? = nil
    ) -> Authentication {
        authenticator.beginTurn()
        return authenticator.authenticate(
            head: head,
            bytes: bytes.span,
            wallMilliseconds: wallMilliseconds,
            mayAsk: mayAsk,
            lastFetchFailed: false,
            answer: answer
        )
    }

    func invalidClaims(
        _ list: Int,
        _ session: SessionReference,
        _ authenticator: borrowing Authenticator,
        at wallMilliseconds: Int64
    ) -> [UInt8] {
        authenticator.invalidClaims(
            list,
            of: session,
            wallMilliseconds: wallMilliseconds
        )
    }
}

/// What a session gives away, for comparison once the reference was given back.
struct SessionRecord: Equatable {
    var format: TokenFormat
    var field: [UInt8]
    var token: [UInt8]
    var user: [UInt8]
    var sessionHandle: [UInt8]

    /// Nil for what is no session; the reference is given back.
    init?(_ outcome: Authentication, _ authenticator: inout Authenticator) {
        guard case .session(let reference) = outcome else { return nil }
        format = reference.format
        field = authenticator.field(reference).copied()
        token = authenticator.token(reference).copied()
        user = authenticator.user(reference).copied()
        sessionHandle = authenticator.sessionHandle(reference).copied()
        authenticator.release(reference)
    }
}

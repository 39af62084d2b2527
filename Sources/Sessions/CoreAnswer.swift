internal import Bytes
internal import JSON

/// One session as a core keeps it, which is not always as its tokens say.
public struct SessionInformation: Sendable, Equatable {
    /// The session handle.
    public var handle: String
    /// The user's ID.
    public var user: String
    /// `userDataInJWT`, as JSON text.
    public var payload: [UInt8]
    /// When the session ends, in milliseconds since the epoch.
    public var expiry: Int64
    /// When it began, in milliseconds since the epoch.
    public var createdAt: Int64

    /// A session's information, all of it.
    public init(
        handle: String,
        user: String,
        payload: [UInt8],
        expiry: Int64,
        createdAt: Int64
    ) {
        self.handle = handle
        self.user = user
        self.payload = payload
        self.expiry = expiry
        self.createdAt = createdAt
    }
}

/// What a core said to a question, or that none could be asked. Indirect, so that an exchange that
/// asked nothing, as nearly all, copies one word.
public indirect enum CoreAnswer: Sendable, Equatable {
    /// The token's session may be used; `newToken` takes the token's place where it is not nil.
    case verified(newToken: [UInt8]?)
    case information(SessionInformation)
    case handles([String])
    /// These sessions were there and are ended.
    case revoked([String])
    /// The session has ended, or never was.
    case ended
    /// The token is not good any more; a refresh brings another.
    case tryRefresh
    /// Keys, or that the core has none of that kind.
    case keys(KeyOutcome)
    /// No core answered in a way that can be understood; nothing is known.
    case unreachable(CoreFailure)
}

/// Why a core's answer is none.
public enum CoreFailure: Error, Equatable, Sendable {
    /// The request could not be sent, or no answer came whole and in time.
    case unreachable
    /// Any status but 200.
    case status(UInt16)
    /// Not what this endpoint answers with.
    case malformed
    /// The core and the gateway have no version of the interface in common.
    case noVersion
    /// More than `CoreClient.maximumQuestions` are being asked.
    case overloaded
    /// More than `KeyFetcher.maximumAnswerBytes` of keys.
    case tooLarge
    /// No key of it can be used.
    case noKeys

    /// For the log.
    public var detail: StaticString {
        switch self {
        case .unreachable: "the core does not answer"
        case .status(401): "the core refuses the API key"
        case .status: "the core answers with an error status"
        case .malformed: "the core's answer is not what this endpoint answers with"
        case .noVersion: "the core speaks none of the interface versions 2.9 to 5.4"
        case .overloaded: "too many questions wait for the core"
        case .tooLarge: "the core's answer is too large"
        case .noKeys: "the core's answer holds no usable key"
        }
    }

    /// Whether it speaks of the core, and not of the one question: a token that the core stumbles
    /// over must not keep others from it.
    var isOfTheCore: Bool {
        switch self {
        case .unreachable, .status(502), .status(503), .status(504), .noVersion: true
        case .status, .malformed, .overloaded, .tooLarge, .noKeys: false
        }
    }
}

extension CoreQuestion {
    /// What an answer to one of its requests means.
    func answer(
        _ step: CoreStep,
        status: UInt16,
        _ body: Span<UInt8>,
        wallMilliseconds: Int64
    ) throws(CoreFailure) -> CoreAnswer {
        switch self {
        case .webKeys:
            return .keys(try KeyAnswers.webKeys(status: status, body))
        case .handshake:
            return .keys(
                try KeyAnswers.legacyKeys(status: status, body, wallMilliseconds: wallMilliseconds)
            )
        case .verify, .session, .sessions, .revoke:
            return try sessionAnswer(step, status: status, body)
        }
    }

    private func sessionAnswer(
        _ step: CoreStep,
        status: UInt16,
        _ body: Span<UInt8>
    ) throws(CoreFailure) -> CoreAnswer {
        guard status == 200 else { throw .status(status) }
        let parsed: JSONValue
        do {
            parsed = try JSONValue.parse(body)
        } catch {
            throw .malformed
        }
        switch (self, parsed["status"]?.string) {
        case (.verify(_, let handle, _), "OK") where step == .question:
            return .verified(newToken: try Self.newToken(parsed, handle))
        case (.verify(_, let handle, _), "OK"):
            guard parsed["sessionHandle"]?.string.map({ Array($0.utf8) }) == handle else {
                throw .malformed
            }
            return .verified(newToken: nil)
        case (.session(let handle), "OK"):
            return .information(try Self.information(parsed, handle))
        case (.sessions, "OK"): return .handles(try Self.strings(parsed["sessionHandles"]))
        case (.revoke, "OK"): return .revoked(try Self.strings(parsed["sessionHandlesRevoked"]))
        case (.verify, "TRY_REFRESH_TOKEN") where step == .question: return .tryRefresh
        case (.verify, "UNAUTHORISED"), (.session, "UNAUTHORISED"): return .ended
        default: throw .malformed
        }
    }

    private static func newToken(
        _ parsed: JSONValue,
        _ handle: [UInt8]
    ) throws(CoreFailure) -> [UInt8]? {
        guard parsed["session"]?["handle"]?.string.map({ Array($0.utf8) }) == handle else {
            throw .malformed
        }
        guard let information = parsed["accessToken"] else { return nil }
        // What is none is no answer: it would be remembered as long as the token it is for.
        guard let bytes = information["token"]?.string.map({ Array($0.utf8) }),
            let token = AccessToken.parse(bytes.span), token.sessionHandle == handle,
            token.signature != nil
        else { throw .malformed }
        return bytes
    }

    private static func information(
        _ parsed: JSONValue,
        _ handle: String
    ) throws(CoreFailure) -> SessionInformation {
        guard parsed["sessionHandle"]?.string == handle, let user = parsed["userId"]?.string,
            let payload = parsed["userDataInJWT"], payload.object != nil,
            let expiry = Timestamp.milliseconds(parsed["expiry"]?.double),
            let createdAt = Timestamp.milliseconds(parsed["timeCreated"]?.double)
        else { throw .malformed }
        return SessionInformation(
            handle: handle,
            user: user,
            payload: payload.serialized(),
            expiry: expiry,
            createdAt: createdAt
        )
    }

    private static func strings(_ list: JSONValue?) throws(CoreFailure) -> [String] {
        guard let list = list?.array else { throw .malformed }
        let strings = list.compactMap(\.string)
        guard strings.count == list.count else { throw .malformed }
        return strings
    }
}

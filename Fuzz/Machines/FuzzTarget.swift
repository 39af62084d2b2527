/// A rule that an input makes the gateway break.
public struct BrokenRule: Error {
    /// The rule, in words.
    public let what: StaticString
}

/// What is fed with arbitrary bytes: each target reads its input in several ways and holds the
/// outcomes against each other and against rules that do not depend on how the reader works.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Bytes of a client's connection.
    case requestHead = "request-head"
    /// Bytes of an upstream's connection.
    case responseHead = "response-head"
    /// What follows a head that says `chunked`.
    case chunkedContent = "chunked-content"
    /// A request target, and after a line feed the `Host` field.
    case requestTarget = "request-target"
    /// Lines, each a `Cookie` field; those that begin with `@` are `Authorization` fields.
    case cookieField = "cookie-field"
    /// A session token.
    case sessionToken = "session-token"
    /// A token's header and, after a line feed, its payload: the machine signs them.
    case sessionClaims = "session-claims"
    /// A JWK set, as a core answers.
    case keySet = "key-set"
    /// A core's answer to any question about sessions, head and all.
    case coreAnswer = "core-answer"
    /// An operator's request, its method and path on the first line, and after it what the core
    /// answers, line by line.
    case adminJSON = "admin-json"
    /// One JSON text.
    case json = "json"
    /// A configuration file.
    case configuration = "configuration"
    /// What clients and upstreams do to a whole worker: see `SessionScript`.
    case session = "session"

    /// Reads the input.
    ///
    /// - Throws: the first rule found broken. What traps is broken as well.
    public func feed(_ input: [UInt8]) throws(BrokenRule) {
        switch self {
        case .requestHead: try RequestHeadMachine.feed(input)
        case .responseHead: try ResponseHeadMachine.feed(input)
        case .chunkedContent: try ChunkedContentMachine.feed(input)
        case .requestTarget: try RequestTargetMachine.feed(input)
        case .cookieField: try CookieFieldMachine.feed(input)
        case .sessionToken: try SessionTokenMachine.feed(input)
        case .sessionClaims: try SessionClaimsMachine.feed(input)
        case .keySet: try KeySetMachine.feed(input)
        case .coreAnswer: try CoreAnswerMachine.feed(input)
        case .adminJSON: try AdminJSONMachine.feed(input)
        case .json: try JSONMachine.feed(input)
        case .configuration: try ConfigurationMachine.feed(input)
        case .session: try SessionMachine.feed(input)
        }
    }
}

/// - Throws: the rule, where it does not hold.
func require(_ holds: Bool, _ rule: StaticString) throws(BrokenRule) {
    guard holds else { throw BrokenRule(what: rule) }
}

public import EventLoop
public import HTTPCore
public import TLS

/// Whom a call goes to: connections are kept for, and used by, calls to the same destination only.
public struct CallDestination: Sendable, Equatable {
    /// Where to connect.
    public var address: SocketAddress
    /// Whom to trust there, and the name that its certificate must have; nil = cleartext.
    public var tls: TLS?

    /// A server that is spoken to in TLS.
    public struct TLS: Sendable, Equatable {
        /// Whom to trust, and what to show.
        public var context: TLSClientContext
        /// The name or address that the certificate must have.
        public var serverName: String

        /// A server of that name, by these rules.
        public init(context: TLSClientContext, serverName: String) {
            self.context = context
            self.serverName = serverName
        }
    }

    /// A server in cleartext, or in TLS.
    public init(address: SocketAddress, tls: TLS? = nil) {
        self.address = address
        self.tls = tls
    }
}

/// A request of the program's own, such as a fetch of keys.
public struct CallRequest: Sendable {
    /// Comes back in the outcome, and names the call to `CallClient.cancel`; of the calls that run
    /// in one client each has its own.
    public var id: UInt64
    /// GET or POST.
    public var method: Method
    /// Origin-form.
    public var target: String
    /// The `Host` field.
    public var host: String
    /// Further fields; framing, `Accept` and `Host` are the client's.
    public var fields: [(name: String, value: String)]
    /// Sent with its length.
    public var content: [UInt8]
    /// Whether the server may get it twice (RFC 9110 §9.2.2). Only such a call goes over a
    /// connection kept from another, whose end may be on its way already.
    public var isRepeatable: Bool

    /// A call with all its parts; every GET is repeatable.
    public init(
        id: UInt64,
        method: Method,
        target: String,
        host: String,
        fields: [(name: String, value: String)],
        content: [UInt8],
        isRepeatable: Bool = false
    ) {
        self.id = id
        self.method = method
        self.target = target
        self.host = host
        self.fields = fields
        self.content = content
        self.isRepeatable = isRepeatable || method == .get
    }

    /// The request as it is sent.
    var bytes: [UInt8] {
        var text = "\(method.name) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
        text += "Accept: application/json\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        if !content.isEmpty || method == .post { text += "Content-Length: \(content.count)\r\n" }
        return Array((text + "\r\n").utf8) + content
    }
}

/// Why a call has no answer.
public enum CallFailure: Equatable, Sendable {
    /// As many calls as the client carries run already, or one of the same ID does.
    case tooManyCalls
    /// The connection could not be established.
    case unreachable
    /// TLS failed.
    case tls(TLSFault)
    /// The deadline passed.
    case timedOut
    /// The connection ended before the answer did.
    case connectionLost
    /// What came is no answer (RFC 9112), or more than an answer may have.
    case malformedAnswer

    /// The failure in words, for the log.
    public var reason: StaticString {
        switch self {
        case .tooManyCalls: "too many calls at once"
        case .unreachable: "no connection"
        case .tls(let fault): fault.reason
        case .timedOut: "no answer in time"
        case .connectionLost: "the connection ended before the answer"
        case .malformedAnswer: "no valid answer, or one that is too large"
        }
    }
}

/// What became of a call: its answer, or nil when there was none in time.
public struct CallOutcome: Sendable {
    /// The request's.
    public var id: UInt64
    /// Status and decoded content; nil = none came whole and in time.
    public var answer: (status: UInt16, content: [UInt8])?
    /// Why there is no answer; nil when there is one.
    public var failure: CallFailure?

    /// An outcome, for the client and for those who play it in tests.
    public init(
        id: UInt64,
        answer: (status: UInt16, content: [UInt8])?,
        failure: CallFailure? = nil
    ) {
        self.id = id
        self.answer = answer
        self.failure = failure
    }
}

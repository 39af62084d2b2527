import Bytes
import Connections
import EventLoop
import HTTP1
import HTTPCore
import Policy
import Sessions
import TLS

/// Where an exchange stands.
///
///     judging ─┬─▶ awaitingTurn ──▶ judging
///              ├─▶ awaitingKeys ──▶ judging
///              ├─▶ awaitingCore ──▶ judging
///              ├─▶ answered
///              └─▶ awaitingUpstream ─▶ connecting ─▶ awaitingResponse ─▶ relayingResponse ─▶
///              answered
///                        ▲                 │                ├─▶ tunnelling ─▶ answered
///                        └── next target ──┴─ stale, once ──┘
enum ExchangeState: Equatable {
    /// The head is complete and its verdict is being found.
    case judging
    /// Too many signatures were checked this turn; judged again in the next.
    case awaitingTurn
    /// A fetch of keys is under way that may know the token's.
    case awaitingKeys
    /// A core is asked about the session.
    case awaitingCore
    /// Permitted; every connection of the upstream is taken.
    case awaitingUpstream
    /// Permitted; a connection is being opened.
    case connecting
    /// The request's head was sent.
    case awaitingResponse
    /// The answer's head was passed on.
    case relayingResponse
    /// The upstream switched protocols, as it was asked: bytes go both ways.
    case tunnelling
    /// The answer is complete.
    case answered
}

/// One request and its answer, from the head's arrival to the answer's last byte.
struct Exchange: ~Copyable {
    private let inPlace = InPlace()
    let client: Handle<ClientConnection>
    let generation: Handle<Generation>
    var state = ExchangeState.judging
    /// Moved in and out as a whole, since what is copied is retained, array by array.
    var storage: ExchangeStorage
    /// -1 = none.
    var route = -1
    /// The proof that it may be forwarded, until the rewrite spends it.
    var permit: Permit?
    /// The session it was judged by, pinned until the exchange ends.
    var session: SessionReference?
    /// What was asked of the core on its behalf: once only.
    var keyQuestion: KeyQuestion?
    /// Whether that fetch came to nothing.
    var keyFetchFailed = false
    /// What it waits for there.
    var coreWait: CoreWait?
    /// What the core said last, until it is used.
    var coreAnswer: CoreAnswer?
    /// The mark of the dropped sessions when the core was asked about this one.
    var askedMark: Int64?
    /// Whether the answer is to be given the session's new token.
    var delivers = false
    /// Targets whose connect failed, a bit each.
    var triedTargets: UInt64 = 0
    /// Whether it was called from its upstream's queue and has not leased yet.
    var isPromised = false
    /// When it gives up waiting for a connection; set when it first waits.
    var waitDeadline: Instant?
    /// Connects that failed on its behalf.
    var connects = 0
    /// Whether the head was rewritten, and so taken out of the client's input.
    var isHeadSent = false
    /// The place of the head's origin among the listed ones, noted before the head's bytes go.
    var listedOrigin: Int?
    /// Whether it was sent a second time.
    var isRetried = false
    var upstream: Handle<UpstreamConnection>?
    /// The upstream's place in the configuration; -1 = none.
    var upstreamIndex = -1
    var requestContent = ContentDecoder(.none)
    var responseContent = ContentDecoder(.none)
    /// How the answer's content is framed for the client.
    var responseFraming = ResponseFraming.none
    var interimResponses = 0
    /// What the WebSocket handshake offers, from its permit to its answer.
    var offer: WebSocketOffer?
    var tunnel = TunnelState()
    /// The client's address as trusted proxies told it; empty = the peer's own.
    var forwardedClient: [UInt8] = []
    /// The method's bytes, when it is none of those with a name here.
    var unusualMethod: [UInt8] = []
    /// Whether the client's connection may carry another request after this one.
    var keepsClient = true
    /// Whether the upstream's may carry another exchange.
    var keepsUpstream = true
    let startedAt: Instant
    let startedWall: Int64
    var upstreamStartedAt: Instant?
    var upstreamDuration: Duration?
    var status: UInt16 = 0
    var reason = Reason.none
    var detail: StaticString?
    /// What TLS had against the target that was tried last.
    var connectFault: TLSFault?
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0

    init(
        client: Handle<ClientConnection>,
        generation: Handle<Generation>,
        storage: consuming ExchangeStorage,
        now: Instant,
        wallMilliseconds: Int64
    ) {
        self.client = client
        self.generation = generation
        self.storage = storage
        startedAt = now
        startedWall = wallMilliseconds
    }

    /// Gives the storage back for another exchange.
    consuming func intoStorage() -> ExchangeStorage {
        storage
    }

    var head: RequestHead {
        _read { yield storage.head }
        _modify { yield &storage.head }
    }

    var response: ResponseHead {
        _read { yield storage.response }
        _modify { yield &storage.response }
    }

    /// Ours, 32 hexadecimal digits, or a trusted proxy's.
    var requestID: [UInt8] {
        _read { yield storage.requestID }
        _modify { yield &storage.requestID }
    }

    /// Whether everything the client sends for this request was read and passed on.
    var isRequestFinished: Bool { requestContent.isFinished }

    /// Whether the request may be sent a second time: nothing of its content was passed on, and to
    /// do it twice is to do it once (RFC 9110 §9.2.2). A handshake opens something each time.
    var isRepeatable: Bool {
        head.method.isIdempotent && !hasContent && !head.asksForWebSocket
    }

    /// Whether it goes out on a connection that was not used before: one sent a second time, and a
    /// handshake, which cannot be.
    var wantsFreshConnection: Bool { isRetried || head.asksForWebSocket }

    var hasContent: Bool {
        switch head.framing {
        case .none, .length(0): false
        case .length, .chunked, .untilClose: true
        }
    }

    /// CONNECT and TRACE are refused on every route.
    var isMethodRefused: Bool { head.method == .connect || head.method == .trace }

    mutating func readTarget(in bytes: Span<UInt8>) throws(TargetFailure) {
        try storage.target.read(storage.head, in: bytes)
    }
}

/// How an answer's content is sent to the client.
enum ResponseFraming: Equatable {
    case none
    /// As many bytes as its `Content-Length` says.
    case length
    case chunked
    /// Up to the connection's end.
    case untilClose
}

/// What an exchange needs that grows with use; kept by the worker from one exchange to the next, so
/// that a warm request allocates nothing.
struct ExchangeStorage: ~Copyable {
    var head = RequestHead()
    var response = ResponseHead()
    var target = RequestTarget()
    var requestID: [UInt8] = []
    /// The credentials of a request whose answer may end its session; else empty.
    var watched = WatchedCredentials()

    /// Makes all of it empty and keeps its memory.
    mutating func reset() {
        head.reset()
        response.reset()
        target.reset()
        requestID.removeAll(keepingUpTo: Exchange.requestIDMaximum)
        if !watched.isEmpty { watched.reset() }
    }
}

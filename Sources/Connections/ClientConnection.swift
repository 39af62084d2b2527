public import EventLoop
public import HTTP1
public import TLS

/// Where a client's connection stands between its requests.
public enum ClientState: Equatable, Sendable {
    /// The TLS handshake runs.
    case handshaking
    /// Waiting for, or reading, a request's head.
    case reading
    /// An exchange runs; its handle is `owner`.
    case exchanging
    /// The upstream switched protocols: bytes go both ways, unread; the exchange is `owner`.
    case tunnelling
    /// The refused request's content is read and dropped before the next request is.
    case discarding(bytes: UInt64)
    /// The last answer is being sent; then the sending side is closed.
    case closing
    /// The sending side is closed; what the client still sends is read and dropped, so that no
    /// reset overtakes the answer (RFC 9112 §9.6).
    case lingering
}

/// One client's connection: its transport, the parser of its requests, and its deadlines.
///
///     handshaking ──▶ reading ──▶ exchanging ──▶ reading …
///                        │            ├──▶ discarding ──▶ reading
///                        │            ├──▶ tunnelling ──▶ gone
///                        └────────────┴──▶ closing ──▶ lingering ──▶ gone
public struct ClientConnection: ~Copyable {
    /// The socket, its TLS and the bytes on their way.
    public var transport: Transport
    /// Whom the socket was accepted from; a proxy, maybe.
    public let peer: SocketAddress
    /// The listener's place in the configuration.
    public let listener: Int
    /// What it does now; decides what `deadline` means.
    public var state: ClientState
    /// Reads the heads of its requests, one after the other.
    public var parser = RequestParser()
    /// Handle bits of the exchange that is running; 0 = none.
    public var owner: UInt64 = 0
    /// When the phase it is in ends; what that means follows from `state`.
    public var deadline = Instant.distantFuture
    /// When a client that does not read is given up; `distantFuture` while nothing waits.
    public var sendDeadline = Instant.distantFuture
    /// Bytes lingering may still drop; `ClientConnection.lingerBytes` at first.
    public var lingerBudget = Self.lingerBytes
    /// What a client may still send after its last answer before the connection is cut off.
    public static let lingerBytes = 8 * 1024 * 1024
    /// Whether it stands in the worker's queue of connections to serve.
    public var isQueued = false
    /// Whether it stands in the worker's list of connections to flush.
    public var isDirty = false
    /// Whether the request that is being read is the connection's first.
    public var isFresh = true

    /// A connection just accepted; without `tls` it is in cleartext.
    public init(
        socket: consuming Socket,
        tls: consuming TLSConnection?,
        peer: SocketAddress,
        listener: Int
    ) {
        transport = Transport(socket: socket, tls: tls, connected: true)
        self.peer = peer
        self.listener = listener
        state = transport.isEstablished ? .reading : .handshaking
    }
}

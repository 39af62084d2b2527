public import EventLoop
public import HTTP1
public import TLS

/// Where a connection to an upstream stands.
public enum UpstreamState: Equatable, Sendable {
    /// The connect is under way for the exchange `owner`.
    case connecting
    /// The TLS handshake runs for the exchange `owner`.
    case handshaking
    /// It carries the exchange `owner`.
    case exchanging
    /// It switched protocols: bytes go both ways, unread; never pooled again.
    case tunnelling
    /// In the pool, owned by nobody.
    case idle
}

/// One connection to an upstream's target: its transport and the parser of its answers.
///
///     connecting ──▶ handshaking ──▶ exchanging ⇄ idle
///          │              │               ├──▶ tunnelling ──▶ gone
///          └──────────────┴───────────────┴─────────┴──▶ gone
public struct UpstreamConnection: ~Copyable {
    /// The socket and the bytes on their way.
    public var transport: Transport
    /// What it does now.
    public var state = UpstreamState.connecting
    /// Reads the heads of its answers, one after the other.
    public var parser = ResponseParser()
    /// Handle bits of the exchange it serves; 0 = none.
    public var owner: UInt64
    /// Handle bits of the pool that counts it.
    public let pool: UInt64
    /// The upstream's place in the options.
    public let upstream: Int
    /// The target's place in its upstream.
    public let target: Int
    /// Which of the target's addresses it goes to.
    public let address: Int
    /// Whether it has carried an exchange before this one.
    public var isReused = false
    /// Whether a byte went out since the exchange took it.
    public var hasSent = false
    /// Whether a byte came since the exchange took it.
    public var hasAnswered = false
    /// When the phase it is in ends.
    public var deadline = Instant.distantFuture
    /// How long it may stay in the pool.
    public var idleTimeout: Duration
    /// Whether it stands in the worker's queue of connections to serve.
    public var isQueued = false
    /// Whether it stands in the worker's list of connections to flush.
    public var isDirty = false

    /// A connection whose connect has just begun for the exchange `owner`.
    public init(
        socket: consuming Socket,
        tls: consuming TLSConnection?,
        owner: UInt64,
        pool: UInt64,
        upstream: Int,
        target: Int,
        address: Int,
        idleTimeout: Duration
    ) {
        transport = Transport(socket: socket, tls: tls, connected: false)
        self.owner = owner
        self.pool = pool
        self.upstream = upstream
        self.target = target
        self.address = address
        self.idleTimeout = idleTimeout
    }
}

public import Bytes
public import EventLoop
public import TLS

/// One listening address.
public struct ListenerOptions: Sendable, Equatable {
    /// Where to listen.
    public var address: SocketAddress
    /// Where the address stands, for errors about it.
    public var position: SourcePosition
    /// nil = cleartext.
    public var tls: TLSServerOptions?
    /// Answer 308 to the same host and path on https; cleartext listeners only.
    public var redirectToHTTPS = false

    /// What a dry run stands for: what the gateway tells of itself is this listener's, not what the
    /// run listens with; nil = nothing else.
    public var standsFor: Place?

    /// Where clients reach a listener.
    public struct Place: Sendable, Equatable {
        /// Whether it is TLS.
        public var isEncrypted: Bool
        /// 0 for `unix:`.
        public var port: UInt16

        /// The place with these properties.
        public init(isEncrypted: Bool, port: UInt16) {
            self.isEncrypted = isEncrypted
            self.port = port
        }
    }

    /// A cleartext listener that redirects nothing.
    public init(address: SocketAddress, position: SourcePosition) {
        self.address = address
        self.position = position
    }

    /// Where clients reach it.
    public var place: Place {
        standsFor ?? Place(isEncrypted: tls != nil, port: address.port ?? 0)
    }
}

/// How long each phase of a client connection may take.
public struct Timeouts: Sendable, Equatable {
    /// From accept to the end of the TLS handshake.
    public var handshake = Duration.seconds(10)
    /// From a request's first byte to the end of its head.
    public var requestHead = Duration.seconds(10)
    /// Between two reads of a request's content.
    public var requestBodyIdle = Duration.seconds(30)
    /// Between two reads of an answer's content.
    public var responseIdle = Duration.seconds(60)
    /// Between two writes to a client that does not read.
    public var sendIdle = Duration.seconds(60)
    /// Between an answer's end and the next request's first byte.
    public var keepAlive = Duration.seconds(75)

    /// The defaults, which `docs/configuration.md` lists.
    public init() {}
}

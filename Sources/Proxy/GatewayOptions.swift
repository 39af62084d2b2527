public import Connections
public import EventLoop
public import HTTPCore
public import Observability
public import Policy
public import Sessions
public import TLS
public import Upstreams

/// An address block of peers whose forwarded fields are believed.
public enum TrustedProxy: Hashable, Sendable {
    case v4(UInt32, prefix: Int)
    case v6(high: UInt64, low: UInt64, prefix: Int)
    /// Every peer on a `unix:` listener.
    case unix
}

/// `forwarding` in the configuration.
public struct ForwardingOptions: Sendable, Equatable {
    /// Lower-case names of override fields that are readmitted.
    public var passFields: [String] = []
    /// Exact origins, lower case, as browsers send them.
    public var corsOrigins: [String] = []
    /// Field names added to the SDK's in `Access-Control-Allow-Headers`.
    public var corsAllowHeaders: [String] = []
    /// How long browsers may keep a preflight's answer.
    public var corsMaximumAge = Duration.seconds(600)
    /// Peers whose forwarded fields are believed; none by default.
    public var trustedProxies: [TrustedProxy] = []
    /// Lower-case name of the request ID field.
    public var requestIDField = "x-request-id"

    /// The defaults.
    public init() {}
}

/// A whole configuration, checked: what `Configuration` makes of a file, and all the program knows
/// of it.
public struct GatewayOptions: Sendable, Equatable {
    /// Event loops; at least 1.
    public var workers = 1
    /// How long requests that run at the start of a drain may take.
    public var shutdownGrace = Duration.seconds(30)
    /// Never empty.
    public var listeners: [ListenerOptions]
    /// nil = off.
    public var admin: SocketAddress?
    /// What an operator's requests to the admin listener carry as their bearer; empty = none is
    /// served.
    public var adminToken = ""
    /// What sessions are accepted, and whose keys verify them.
    public var sessions: SessionOptions
    /// Never empty unless every route answers by itself.
    public var upstreams: [UpstreamOptions]
    /// How the https targets of each upstream are spoken to; nil for an upstream without any.
    public var upstreamTLS: [TLSClientOptions?]
    /// How https cores are spoken to.
    public var coreTLS = TLSClientOptions()
    /// Never empty; in the order of the file.
    public var routes: [RouteOptions]
    /// Of clients' connections.
    public var timeouts = Timeouts()
    /// Of requests, and of connections in the process.
    public var limits = Limits()
    /// What is told of the client, and to whom.
    public var forwarding = ForwardingOptions()
    /// The control log's level, and the access log's place.
    public var log = LogOptions()

    /// What has no default; the rest has its default.
    public init(
        listeners: [ListenerOptions],
        sessions: SessionOptions,
        upstreams: [UpstreamOptions],
        routes: [RouteOptions]
    ) {
        self.listeners = listeners
        self.sessions = sessions
        self.upstreams = upstreams
        upstreamTLS = upstreams.map { _ in nil }
        self.routes = routes
    }
}

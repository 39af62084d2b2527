public import Bytes

/// What a route asks of the session.
public enum SessionRule: Sendable, Equatable {
    case required, optional, `public`, passthrough
}

/// What is done with a request that may pass.
public enum RouteAction: Sendable, Equatable {
    /// Forwarded to the upstream with this index in `GatewayOptions.upstreams`.
    case forward(upstream: Int)
    /// Answered with the session's JWT; `exposesAccessToken` lets a cookie-borne V3+ token out.
    case respondJWT(exposesAccessToken: Bool)
}

/// One pattern of a host.
public enum HostPattern: Hashable, Sendable {
    /// Lower case, without a port or a trailing dot.
    case exact(String)
    /// `*.example.com` as `example.com`: any name with at least one label more.
    case wildcard(String)
}

/// How a route's path is matched.
public enum PathPattern: Hashable, Sendable {
    case exact(String)
    /// Segment-wise; `/` matches all.
    case prefix(String)
    /// PCRE2, anchored at both ends; ranks as `prefix`, which must match too.
    case pattern(String, prefix: String)
}

/// One route as the configuration gives it.
public struct RouteOptions: Sendable, Equatable {
    /// For the log and the metrics; unique.
    public var name: String
    /// Where the route begins in the file.
    public var position: SourcePosition
    /// Where the path stands, for errors about it.
    public var pathPosition: SourcePosition
    /// Empty = any host.
    public var hosts: [HostPattern] = []
    /// What its paths match.
    public var path: PathPattern
    /// Method tokens as written; empty = any.
    public var methods: [String] = []
    /// Whether the prefix is taken off the path that is forwarded.
    public var stripsPrefix = false
    /// What it asks of the session.
    public var session = SessionRule.required
    /// Which list of `SessionOptions.claims` a session must meet; 0 = the sessions' own.
    public var claimList = 0
    /// Whether the core is asked about every session token; nil = as `sessions` says.
    public var checksDatabase: Bool?
    /// Where a browser is sent that opens a page without a session: a URL or a path; empty =
    /// nowhere, it gets 401.
    public var signIn = ""
    /// Origins, as browsers send them, of pages that may open WebSockets with a session here beside
    /// the request's own.
    public var origins: [String] = []
    /// Between two reads of an answer's content; nil = as `timeouts` says.
    public var responseIdle: Duration?
    /// What is done with a request that may pass.
    public var action: RouteAction

    /// A route of any host and method that requires a session.
    public init(name: String, position: SourcePosition, path: PathPattern, action: RouteAction) {
        self.name = name
        self.position = position
        self.pathPosition = position
        self.path = path
        self.action = action
    }
}

public import EventLoop
public import HTTPCore

/// One exchange's outcome, as the counters and the access log take it.
public struct ExchangeRecord: Sendable {
    /// The route's number as `WorkerMetrics.adopt` counts; -1 when none was matched.
    public var route = -1
    /// The request's.
    public var method = Method.other
    /// As sent to the client; 0 when it left before its answer.
    public var status: UInt16 = 0
    /// Why the gateway answered by itself; `none` for an upstream's answer.
    public var reason = Reason.none
    /// The rule that was broken, for the log only.
    public var detail: StaticString?
    /// From the request's first byte to the answer's last.
    public var duration = Duration.zero
    /// From the request's forwarding to the answer's head; nil when nothing was forwarded.
    public var upstreamDuration: Duration?
    /// Bytes of the request's content.
    public var bytesIn: UInt64 = 0
    /// Bytes of the answer's content.
    public var bytesOut: UInt64 = 0
    /// The request's.
    public var version = HTTPVersion.http11
    /// Whoever the request came from, trusted proxies left out.
    public var clientAddress = SocketAddress.v4(0, port: 0)
    /// The upstream's number, -1 when none was chosen.
    public var upstream = -1
    /// The TLS version as OpenSSL names it; nil without TLS.
    public var tls: StaticString?
    /// Wall clock when the request began, in milliseconds since the epoch.
    public var startedAt: Int64 = 0

    /// An exchange that has not begun.
    public init() {}
}

/// The field names the gateway sets, reads or removes. Every other field is `other`: carried, never
/// inspected.
///
/// A name is looked up after folding: `A`–`Z` to lower case, `_` and `.` to `-`.
public enum FieldName: UInt8, Sendable, CaseIterable {
    case other
    // Framing and routing.
    case host, contentLength, transferEncoding
    // Hop by hop (RFC 9110 §7.6.1), `proxy` standing for `Proxy` and every `Proxy-…`.
    case connection, keepAlive, te, trailer, upgrade, http2Settings, proxy
    // Credentials of the client.
    case authorization, cookie, antiCSRF, rid, stAuthMode, fdiVersion
    // What was forwarded; `xForwardedOther` is every other `X-Forwarded-…`.
    case forwarded, xForwardedFor, xForwardedProto, xForwardedHost, xForwardedPort
    case xForwardedOther, xRealIP, xRequestID, traceparent
    // Fields by which upstreams act on another request than was judged.
    case xOriginalURL, xOriginalURI, xRewriteURL
    case xHTTPMethodOverride, xHTTPMethod, xMethodOverride
    // CORS and fetch metadata.
    case origin, accessControlRequestMethod, accessControlRequestHeaders, secFetchSite, secFetchMode
    // Other request fields.
    case expect, range
    // Answers.
    case cacheControl, setCookie, frontToken, idRefreshToken, stAccessToken, stRefreshToken
    case contentType, date, server, retryAfter, sallyportReason
    // The WebSocket handshake (RFC 6455 §11.3).
    case secWebSocketKey, secWebSocketVersion, secWebSocketAccept, secWebSocketProtocol
    case secWebSocketExtensions
}

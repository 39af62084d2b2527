extension FieldName {
    /// The name in lower case, as the gateway compares and writes it; empty for `other` and
    /// `xForwardedOther`, which have none of their own.
    public var name: StaticString {
        switch self {
        case .host, .contentLength, .transferEncoding, .connection, .keepAlive, .te, .trailer,
            .upgrade, .http2Settings, .proxy, .expect, .range:
            framingName
        case .authorization, .cookie, .antiCSRF, .rid, .stAuthMode, .fdiVersion, .frontToken,
            .idRefreshToken, .stAccessToken, .stRefreshToken:
            sessionName
        case .forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPort,
            .xRealIP, .xRequestID, .traceparent, .xOriginalURL, .xOriginalURI, .xRewriteURL,
            .xHTTPMethodOverride, .xHTTPMethod, .xMethodOverride:
            forwardingName
        case .secWebSocketKey, .secWebSocketVersion, .secWebSocketAccept,
            .secWebSocketProtocol, .secWebSocketExtensions:
            webSocketName
        default: otherName
        }
    }

    private var framingName: StaticString {
        switch self {
        case .host: "host"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .connection: "connection"
        case .keepAlive: "keep-alive"
        case .te: "te"
        case .trailer: "trailer"
        case .upgrade: "upgrade"
        case .http2Settings: "http2-settings"
        case .proxy: "proxy"
        case .expect: "expect"
        case .range: "range"
        default: ""
        }
    }

    private var sessionName: StaticString {
        switch self {
        case .authorization: "authorization"
        case .cookie: "cookie"
        case .antiCSRF: "anti-csrf"
        case .rid: "rid"
        case .stAuthMode: "st-auth-mode"
        case .fdiVersion: "fdi-version"
        case .frontToken: "front-token"
        case .idRefreshToken: "id-refresh-token"
        case .stAccessToken: "st-access-token"
        case .stRefreshToken: "st-refresh-token"
        default: ""
        }
    }

    private var forwardingName: StaticString {
        switch self {
        case .forwarded: "forwarded"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedProto: "x-forwarded-proto"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedPort: "x-forwarded-port"
        case .xRealIP: "x-real-ip"
        case .xRequestID: "x-request-id"
        case .traceparent: "traceparent"
        case .xOriginalURL: "x-original-url"
        case .xOriginalURI: "x-original-uri"
        case .xRewriteURL: "x-rewrite-url"
        case .xHTTPMethodOverride: "x-http-method-override"
        case .xHTTPMethod: "x-http-method"
        case .xMethodOverride: "x-method-override"
        default: ""
        }
    }

    private var webSocketName: StaticString {
        switch self {
        case .secWebSocketKey: "sec-websocket-key"
        case .secWebSocketVersion: "sec-websocket-version"
        case .secWebSocketAccept: "sec-websocket-accept"
        case .secWebSocketProtocol: "sec-websocket-protocol"
        case .secWebSocketExtensions: "sec-websocket-extensions"
        default: ""
        }
    }

    private var otherName: StaticString {
        switch self {
        case .origin: "origin"
        case .accessControlRequestMethod: "access-control-request-method"
        case .accessControlRequestHeaders: "access-control-request-headers"
        case .secFetchSite: "sec-fetch-site"
        case .secFetchMode: "sec-fetch-mode"
        case .cacheControl: "cache-control"
        case .setCookie: "set-cookie"
        case .contentType: "content-type"
        case .date: "date"
        case .server: "server"
        case .retryAfter: "retry-after"
        case .sallyportReason: "sallyport-reason"
        default: ""
        }
    }
}

/// The metrics of several series or of one, as `/metrics` names and explains them.
struct MetricFamily {
    var name: StaticString
    var help: StaticString
    var isCounter: Bool
    /// Each series' labels, written as in the text, and where its value is kept.
    var series: [(labels: StaticString, source: Source)]

    enum Source {
        case counter(Counter)
        case gauge(Gauge)
    }

    static func counter(
        _ name: StaticString,
        _ help: StaticString,
        _ series: [(StaticString, Counter)]
    ) -> MetricFamily {
        MetricFamily(
            name: name,
            help: help,
            isCounter: true,
            series: series.map { ($0.0, .counter($0.1)) }
        )
    }

    static func gauge(
        _ name: StaticString,
        _ help: StaticString,
        _ series: [(StaticString, Gauge)]
    ) -> MetricFamily {
        MetricFamily(
            name: name,
            help: help,
            isCounter: false,
            series: series.map { ($0.0, .gauge($0.1)) }
        )
    }

    /// Every family of plain counters and gauges, in the order of the text.
    static let all: [MetricFamily] =
        sessions + revocations + keys + connections + tunnels + gateway

    private static let sessions: [MetricFamily] = [
        .counter(
            "sallyport_session_checks_total",
            "Session checks by result.",
            [
                (#"result="valid""#, .sessionValid), (#"result="no_session""#, .sessionAbsent),
                (#"result="expired""#, .sessionExpired),
                (#"result="bad_signature""#, .sessionBadSignature),
                (#"result="unknown_key""#, .sessionUnknownKey),
                (#"result="not_a_session_token""#, .sessionNotASessionToken),
                (#"result="wrong_key_kind""#, .sessionWrongKeyKind),
                (#"result="anti_csrf""#, .sessionAntiCSRF),
                (#"result="duplicate_cookie""#, .sessionDuplicateCookie),
                (#"result="jwt_missing""#, .sessionJWTMissing),
                (#"result="jwt_expired""#, .sessionJWTExpired),
                (#"result="revoked""#, .sessionRevoked),
                (#"result="invalid_claim""#, .sessionInvalidClaim),
                (#"result="undecided""#, .sessionUndecided),
            ]
        ),
        .counter(
            "sallyport_token_cache_hits",
            "Tokens found verified in the cache.",
            [("", .tokenCacheHits)]
        ),
        .counter(
            "sallyport_token_cache_misses",
            "Tokens not found in the cache.",
            [("", .tokenCacheMisses)]
        ),
        .counter(
            "sallyport_token_cache_evictions",
            "Verified tokens dropped from the cache for want of room.",
            [("", .tokenCacheEvictions)]
        ),
        .gauge(
            "sallyport_token_cache_entries",
            "Verified tokens in the cache.",
            [("", .tokenCacheEntries)]
        ),
        .gauge(
            "sallyport_token_cache_bytes",
            "Bytes of the verified tokens in the cache.",
            [("", .tokenCacheBytes)]
        ),
        .counter(
            "sallyport_signature_checks_total",
            "Signatures of tokens verified.",
            [("", .signatureChecks)]
        ),
        .counter(
            "sallyport_signature_budget_spent_total",
            "Requests put off to the next turn because the budget of signatures was spent.",
            [("", .signatureBudgetSpent)]
        ),
    ]

    private static let revocations: [MetricFamily] = [
        .counter(
            "sallyport_sessions_revoked_total",
            "Sessions dropped before their tokens ended.",
            [
                (#"by="sign_out""#, .sessionsSignedOut),
                (#"by="operator""#, .sessionsRevokedByOperators),
                (#"by="poll""#, .sessionsRevokedByPoll),
            ]
        ),
        .counter(
            "sallyport_session_polls_total",
            "Sessions in use that the core was asked about, by result.",
            [
                (#"result="standing""#, .pollsStanding), (#"result="ended""#, .pollsEnded),
                (#"result="failure""#, .pollsFailed),
            ]
        ),
        .gauge(
            "sallyport_revoked_sessions",
            "Dropped sessions that are remembered.",
            [("", .revokedSessions)]
        ),
        .gauge(
            "sallyport_revocation_mark_seconds",
            "Time before which tokens were made that are asked of the core; 0 for none.",
            [("", .revocationMark)]
        ),
    ]

    private static let keys: [MetricFamily] = [
        .gauge(
            "sallyport_keys_age_seconds",
            "Seconds since a core last confirmed the signing keys.",
            [("", .keysAgeSeconds)]
        ),
        .gauge(
            "sallyport_keys_stale",
            "Whether the signing keys are older than their maximum age.",
            [("", .keysStale)]
        ),
        .counter(
            "sallyport_keys_fetches_total",
            "Fetches of signing keys by result.",
            [
                (#"result="success""#, .keyFetchesSucceeded),
                (#"result="failure""#, .keyFetchesFailed),
            ]
        ),
        .counter(
            "sallyport_core_calls_total",
            "Calls of workers to cores, about sessions, by result.",
            [
                (#"result="success""#, .coreCallsSucceeded),
                (#"result="failure""#, .coreCallsFailed),
            ]
        ),
    ]

    private static let connections: [MetricFamily] = [
        .gauge(
            "sallyport_connections",
            "Open connections by side.",
            [
                (#"side="client""#, .clientConnections),
                (#"side="upstream""#, .upstreamConnections),
            ]
        ),
        .counter(
            "sallyport_client_connections_total",
            "Client connections by what became of them.",
            [
                (#"result="accepted""#, .clientConnectionsAccepted),
                (#"result="shed""#, .connectionsShed),
            ]
        ),
        .counter(
            "sallyport_upstream_connects_total",
            "Connections begun to upstream targets by result.",
            [
                (#"result="success""#, .upstreamConnectsSucceeded),
                (#"result="failure""#, .upstreamConnectsFailed),
            ]
        ),
        .counter(
            "sallyport_upstream_retries_total",
            "Requests sent to an upstream once more.",
            [("", .upstreamRetries)]
        ),
        .counter(
            "sallyport_tls_handshakes_total",
            "TLS handshakes with clients.",
            [
                (#"version="TLSv1.2",resumed="false",result="success""#, .handshakeTLS12),
                (#"version="TLSv1.2",resumed="true",result="success""#, .handshakeTLS12Resumed),
                (#"version="TLSv1.3",resumed="false",result="success""#, .handshakeTLS13),
                (#"version="TLSv1.3",resumed="true",result="success""#, .handshakeTLS13Resumed),
                (#"version="",resumed="false",result="failure""#, .handshakeFailed),
            ]
        ),
    ]

    private static let tunnels: [MetricFamily] = [
        .gauge("sallyport_tunnels", "Open tunnels, such as WebSockets.", [("", .tunnels)]),
        .counter(
            "sallyport_tunnels_total",
            "Tunnels opened.",
            [("", .tunnelsOpened)]
        ),
        .counter(
            "sallyport_tunnel_bytes_total",
            "Bytes through tunnels: in from clients, out to them.",
            [
                (#"direction="in""#, .tunnelBytesIn),
                (#"direction="out""#, .tunnelBytesOut),
            ]
        ),
    ]

    private static let gateway: [MetricFamily] = [
        .gauge(
            "sallyport_exchanges_in_flight",
            "Requests being served now.",
            [("", .exchangesInFlight)]
        ),
        .gauge("sallyport_workers", "Event loops.", [("", .workers)]),
        .gauge(
            "sallyport_configuration_generation",
            "Configurations that have been live since the start.",
            [("", .generation)]
        ),
        .counter(
            "sallyport_reloads_total",
            "Reloads of the configuration by result.",
            [(#"result="success""#, .reloadsSucceeded), (#"result="failure""#, .reloadsFailed)]
        ),
        .counter(
            "sallyport_access_log_dropped_total",
            "Lines of the access log that could not be written.",
            [("", .accessLogDropped)]
        ),
        .counter(
            "sallyport_messages_dropped_total",
            "Messages between threads that found the mailbox full.",
            [("", .messagesDropped)]
        ),
        .counter(
            "sallyport_late_events_total",
            "Events that came after what they were about had ended.",
            [("", .lateEvents)]
        ),
    ]
}

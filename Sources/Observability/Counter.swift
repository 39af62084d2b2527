public import HTTPCore

/// What is counted besides exchanges: each case is one series of `/metrics`.
public enum Counter: UInt8, Sendable, CaseIterable {
    // sallyport_session_checks_total{result}
    case sessionValid, sessionAbsent
    case sessionExpired, sessionBadSignature, sessionUnknownKey, sessionNotASessionToken
    case sessionWrongKeyKind, sessionAntiCSRF, sessionDuplicateCookie, sessionJWTMissing
    case sessionJWTExpired, sessionRevoked, sessionInvalidClaim, sessionUndecided
    // sallyport_token_cache_…
    case tokenCacheHits, tokenCacheMisses, tokenCacheEvictions
    // sallyport_sessions_revoked_total{by}
    case sessionsSignedOut, sessionsRevokedByOperators, sessionsRevokedByPoll
    // sallyport_session_polls_total{result}
    case pollsStanding, pollsEnded, pollsFailed
    // Signatures verified, and requests put off because the turn's budget was spent.
    case signatureChecks, signatureBudgetSpent
    // sallyport_keys_fetches_total{result}
    case keyFetchesSucceeded, keyFetchesFailed
    // sallyport_core_calls_total{result}
    case coreCallsSucceeded, coreCallsFailed
    // sallyport_tls_handshakes_total{version,resumed,result}
    case handshakeTLS12, handshakeTLS12Resumed, handshakeTLS13, handshakeTLS13Resumed
    case handshakeFailed
    // Connections over time.
    case clientConnectionsAccepted, connectionsShed
    case upstreamConnectsSucceeded, upstreamConnectsFailed, upstreamRetries
    // Tunnels opened, and their bytes by sallyport_tunnel_bytes_total{direction}.
    case tunnelsOpened, tunnelBytesIn, tunnelBytesOut
    // The gateway itself.
    case accessLogDropped, messagesDropped, lateEvents
    case reloadsSucceeded, reloadsFailed

    /// The session check that ended in this refusal; every reason that says nothing of the session
    /// is `sessionUndecided`: the gateway could not know.
    public static func sessionCheck(refused reason: Reason) -> Counter {
        switch reason {
        case .noSession: .sessionAbsent
        case .expired: .sessionExpired
        case .badSignature: .sessionBadSignature
        case .unknownKey: .sessionUnknownKey
        case .notASessionToken: .sessionNotASessionToken
        case .wrongKeyKind: .sessionWrongKeyKind
        case .antiCSRF: .sessionAntiCSRF
        case .duplicateCookie: .sessionDuplicateCookie
        case .jwtMissing: .sessionJWTMissing
        case .jwtExpired: .sessionJWTExpired
        case .revoked: .sessionRevoked
        case .invalidClaim: .sessionInvalidClaim
        default: .sessionUndecided
        }
    }
}

/// What has a value that goes up and down: each case is one series of `/metrics`.
public enum Gauge: UInt8, Sendable, CaseIterable {
    // sallyport_connections{side}
    case clientConnections, upstreamConnections
    // sallyport_token_cache_…
    case tokenCacheEntries, tokenCacheBytes
    /// Seconds since a core last confirmed the keys.
    case keysAgeSeconds
    /// 1 while the keys are older than `sessions.keys.maximum_age`.
    case keysStale
    case exchangesInFlight
    /// Tunnels that are open.
    case tunnels
    case workers
    /// Sessions that are remembered as dropped.
    case revokedSessions
    /// Seconds since the epoch: tokens made before are asked of the core; 0 = none is.
    case revocationMark
    /// How many configurations have been live since the start.
    case generation

    /// Whether several threads' values add up; of the others the largest counts.
    var isSum: Bool {
        switch self {
        case .clientConnections, .upstreamConnections, .tokenCacheEntries, .tokenCacheBytes,
            .exchangesInFlight, .tunnels:
            true
        case .keysAgeSeconds, .keysStale, .workers, .revokedSessions, .revocationMark,
            .generation:
            false
        }
    }
}

import COpenSSL

/// Why a connection's TLS failed: what the handshake metric and the log say.
public enum TLSFault: UInt8, Error, Sendable, CaseIterable {
    /// The first bytes are no TLS: HTTP in the clear, or noise.
    case notTLS
    /// The peer speaks no version that is allowed (RFC 8446 §4.1.3, `protocol_version`).
    case version
    /// No cipher suite, group or signature algorithm is shared (`handshake_failure`).
    case parameters
    /// The peer wants only other protocols (RFC 7301 §3.2, `no_application_protocol`).
    case applicationProtocol
    /// A record did not decrypt (`bad_record_mac`).
    case badRecord
    /// The peer gave up with an alert of its own: a browser that does not trust the certificate.
    case peerAlert
    /// Anything else the peer did against the protocol.
    case protocolViolation
    /// OpenSSL failed without the peer's doing: no memory.
    case `internal`

    /// The fault in one word, for a metric's label.
    public var code: StaticString {
        switch self {
        case .notTLS: "not_tls"
        case .version: "version"
        case .parameters: "parameters"
        case .applicationProtocol: "application_protocol"
        case .badRecord: "bad_record"
        case .peerAlert: "peer_alert"
        case .protocolViolation: "protocol"
        case .internal: "internal"
        }
    }
}

extension TLSFault {
    /// The fault that this thread's OpenSSL error queue tells of; empties the queue.
    static func takingErrors() -> TLSFault {
        let error = ERR_peek_error()
        defer { ERR_clear_error() }
        guard error != 0 else { return .protocolViolation }
        guard sallyport_error_library(error) == ERR_LIB_SSL else { return .internal }
        return TLSFault(sslReason: sallyport_error_reason(error))
    }

    private init(sslReason reason: CInt) {
        // OpenSSL reports an alert received as this offset and the alert's number.
        if reason >= SSL_AD_REASON_OFFSET {
            self = .peerAlert
            return
        }
        switch reason {
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST,
            SSL_R_UNEXPECTED_MESSAGE, SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_PACKET_LENGTH_TOO_LONG:
            self = .notTLS
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_INAPPROPRIATE_FALLBACK:
            self = .version
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE,
            SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_GROUPS:
            self = .parameters
        case SSL_R_NO_APPLICATION_PROTOCOL:
            self = .applicationProtocol
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
            self = .badRecord
        default:
            self = .protocolViolation
        }
    }
}

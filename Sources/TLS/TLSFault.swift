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
    /// The server's certificate has ended.
    case certificateExpired
    /// The server's certificate is not valid yet.
    case certificateNotYetValid
    /// The server's certificate is for other names.
    case wrongName
    /// Nobody who is trusted vouches for the server's certificate.
    case unknownIssuer
    /// The server's certificate is refused for another reason (RFC 5280 §6).
    case certificateRefused
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
        case .certificateExpired: "certificate_expired"
        case .certificateNotYetValid: "certificate_not_yet_valid"
        case .wrongName: "wrong_name"
        case .unknownIssuer: "unknown_issuer"
        case .certificateRefused: "certificate_refused"
        case .protocolViolation: "protocol"
        case .internal: "internal"
        }
    }

    /// The fault of a server's in words, for the log.
    public var reason: StaticString {
        switch self {
        case .notTLS: "tls: the server does not speak TLS"
        case .version: "tls: no version in common"
        case .parameters: "tls: no cipher suite in common"
        case .applicationProtocol: "tls: the server wants another protocol than HTTP/1.1"
        case .badRecord: "tls: a record does not decrypt"
        case .peerAlert: "tls: the server refused with an alert"
        case .certificateExpired: "tls: the certificate has expired"
        case .certificateNotYetValid: "tls: the certificate is not valid yet"
        case .wrongName: "tls: the certificate is for another name"
        case .unknownIssuer: "tls: nobody trusted has issued the certificate"
        case .certificateRefused: "tls: the certificate is not acceptable"
        case .protocolViolation: "tls: the handshake failed"
        case .internal: "tls: OpenSSL failed"
        }
    }
}

extension TLSFault {
    /// The fault that this thread's OpenSSL error queue tells of; empties the queue.
    ///
    /// - Parameter verification: what became of the peer's certificate, `X509_V_…`.
    /// - Returns: the fault.
    static func takingErrors(verification: CLong) -> TLSFault {
        let error = ERR_peek_error()
        defer { ERR_clear_error() }
        guard error != 0 else { return .protocolViolation }
        guard sallyport_error_library(error) == ERR_LIB_SSL else { return .internal }
        let reason = sallyport_error_reason(error)
        guard reason == SSL_R_CERTIFICATE_VERIFY_FAILED else { return TLSFault(sslReason: reason) }
        return TLSFault(verification: CInt(truncatingIfNeeded: verification))
    }

    private init(verification: CInt) {
        switch verification {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            self = .certificateExpired
        case X509_V_ERR_CERT_NOT_YET_VALID:
            self = .certificateNotYetValid
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            self = .wrongName
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            self = .unknownIssuer
        default:
            self = .certificateRefused
        }
    }

    private init(sslReason reason: CInt) {
        // OpenSSL reports an alert received as this offset and the alert's number.
        if reason >= SSL_AD_REASON_OFFSET {
            self = reason == SSL_AD_REASON_OFFSET + SSL_AD_PROTOCOL_VERSION ? .version : .peerAlert
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

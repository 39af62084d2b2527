/// The rule of HTTP/1.1 that a peer's bytes broke (RFC 9112). None has a remedy: the message is
/// refused and its connection closed, because nobody knows where the next message begins.
public enum HTTP1Failure: Error, Equatable, Sendable, CaseIterable {
    // Lines, of every kind (§2.2).
    case bareLineFeed, bareCarriageReturn
    // The request line (§3).
    case emptyRequestLine, invalidMethod, requestLineWhitespace, invalidTarget, targetTooLong
    case missingVersion, malformedVersion, unsupportedVersion, unsupportedMajorVersion
    // The status line (§4).
    case malformedStatusLine, invalidStatus, invalidReasonPhrase, unaskedSwitch
    // Field lines (§5).
    case headTooLarge, tooManyFields, obsoleteLineFolding, missingColon, emptyFieldName
    case whitespaceBeforeColon, invalidFieldName, invalidFieldValue
    // What the head says as a whole (§3.2, §6, §9; RFC 9110 §10.1.1).
    case missingHost, repeatedHost, aliasedFraming
    case invalidContentLength, contentLengthOverflow, repeatedContentLength
    case invalidTransferCoding, repeatedTransferEncoding, transferEncodingInHTTP10
    case conflictingFraming, invalidConnection, unknownExpectation
    // The content (§6, §7). `contentTooLarge` is the caller's to raise.
    case contentTooLarge, invalidChunkSize, chunkLineTooLong, invalidChunkExtension
    case missingChunkEnd, trailersTooLarge, forbiddenTrailer, incompleteContent

    /// The rule in the form the log has it.
    public var detail: StaticString {
        switch self {
        case .bareLineFeed: "bare_line_feed"
        case .bareCarriageReturn: "bare_carriage_return"
        case .emptyRequestLine: "empty_request_line"
        case .invalidMethod: "invalid_method"
        case .requestLineWhitespace: "request_line_whitespace"
        case .invalidTarget: "invalid_target"
        case .targetTooLong: "target_too_long"
        case .missingVersion: "missing_version"
        case .malformedVersion: "malformed_version"
        case .unsupportedVersion: "unsupported_version"
        case .unsupportedMajorVersion: "unsupported_major_version"
        case .malformedStatusLine: "malformed_status_line"
        case .invalidStatus: "invalid_status"
        case .invalidReasonPhrase: "invalid_reason_phrase"
        case .unaskedSwitch: "unasked_switch"
        default: fieldDetail
        }
    }

    private var fieldDetail: StaticString {
        switch self {
        case .headTooLarge: "head_too_large"
        case .tooManyFields: "too_many_fields"
        case .obsoleteLineFolding: "obsolete_line_folding"
        case .missingColon: "missing_colon"
        case .emptyFieldName: "empty_field_name"
        case .whitespaceBeforeColon: "whitespace_before_colon"
        case .invalidFieldName: "invalid_field_name"
        case .invalidFieldValue: "invalid_field_value"
        case .missingHost: "missing_host"
        case .repeatedHost: "repeated_host"
        case .aliasedFraming: "aliased_framing"
        case .invalidContentLength: "invalid_content_length"
        case .contentLengthOverflow: "content_length_overflow"
        case .repeatedContentLength: "repeated_content_length"
        case .invalidTransferCoding: "invalid_transfer_coding"
        case .repeatedTransferEncoding: "repeated_transfer_encoding"
        case .transferEncodingInHTTP10: "transfer_encoding_in_http_1_0"
        case .conflictingFraming: "conflicting_framing"
        case .invalidConnection: "invalid_connection"
        case .unknownExpectation: "unknown_expectation"
        default: contentDetail
        }
    }

    private var contentDetail: StaticString {
        switch self {
        case .contentTooLarge: "content_too_large"
        case .invalidChunkSize: "invalid_chunk_size"
        case .chunkLineTooLong: "chunk_line_too_long"
        case .invalidChunkExtension: "invalid_chunk_extension"
        case .missingChunkEnd: "missing_chunk_end"
        case .trailersTooLarge: "trailers_too_large"
        case .forbiddenTrailer: "forbidden_trailer"
        case .incompleteContent: "incomplete_content"
        default: ""
        }
    }

    /// The status code to answer a request with that broke the rule.
    public var status: UInt16 {
        switch self {
        case .contentTooLarge: 413
        case .targetTooLong: 414
        case .unknownExpectation: 417
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .unsupportedMajorVersion: 505
        default: 400
        }
    }
}

/// The rule a request's target or host breaks; each is answered 400 `bad_request`.
public enum TargetFailure: Error, Equatable, Sendable, CaseIterable {
    /// Neither origin-form nor absolute-form (RFC 9112 §3.2).
    case malformedTarget
    /// An absolute-form target whose scheme is neither `http` nor `https`.
    case unsupportedScheme
    /// No `Host` field though the version needs one (RFC 9112 §3.2).
    case missingHost
    /// More than one `Host` field.
    case duplicateHost
    /// Neither a name, an IPv4 address nor an IPv6 address in brackets.
    case malformedHost
    /// Not the decimal number of a port.
    case malformedPort
    /// `Host` and an absolute-form target name different authorities.
    case hostMismatch
    /// A control byte, a space, a byte from 0x80, `\` or `#` in the path.
    case forbiddenPathByte
    /// A control byte, a space, a byte from 0x80 or `#` in the query.
    case forbiddenQueryByte
    /// `%` without two hexadecimal digits.
    case malformedEscape
    /// An escape of a control byte, however often it is escaped.
    case escapedControl
    /// An escaped UTF-8 sequence that is longer than it need be.
    case overlongUTF8
    /// Escapes within escapes, more than three deep.
    case nestedEscapes
    /// A reading of the path has a dot segment.
    case dotSegment
    /// The path has more readings than a request is worth.
    case tooManyReadings
    /// Without its prefix, a reading of the path begins with two slashes.
    case strippedPath

    /// The log's finer detail.
    public var detail: StaticString {
        switch self {
        case .malformedTarget: "malformed_target"
        case .unsupportedScheme: "unsupported_scheme"
        case .missingHost: "missing_host"
        case .duplicateHost: "duplicate_host"
        case .malformedHost: "malformed_host"
        case .malformedPort: "malformed_port"
        case .hostMismatch: "host_mismatch"
        case .forbiddenPathByte: "forbidden_path_byte"
        case .forbiddenQueryByte: "forbidden_query_byte"
        case .malformedEscape: "malformed_escape"
        case .escapedControl: "escaped_control"
        case .overlongUTF8: "overlong_utf8"
        case .nestedEscapes: "nested_escapes"
        case .dotSegment, .tooManyReadings, .strippedPath: "ambiguous_path"
        }
    }
}

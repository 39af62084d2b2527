public import Bytes
public import HTTPCore

/// A CORS preflight (Fetch standard, "CORS-preflight request"): only `Preflight.named` makes one.
public struct PreflightRequest: Sendable {
    /// The method the browser asks for.
    public let method: Method
    /// Its bytes.
    public let name: ByteRange
    /// The value of `Origin`.
    public let origin: ByteRange
}

/// Finds CORS preflights.
public enum Preflight {
    /// Reads `OPTIONS` without content, with one `Origin` and one `Access-Control-Request-Method`.
    ///
    /// - Returns: nil when the request is no preflight; it is then an ordinary request.
    public static func named(head: RequestHead, bytes: Span<UInt8>) -> PreflightRequest? {
        guard head.method == .options, head.framing == .none || head.framing == .length(0) else {
            return nil
        }
        var origin: ByteRange?
        var name: ByteRange?
        for line in head.fields where !line.isAlias {
            switch line.id {
            case .origin:
                guard origin == nil else { return nil }
                origin = line.value
            case .accessControlRequestMethod:
                guard name == nil else { return nil }
                name = line.value
            default: break
            }
        }
        guard let origin, let name, !origin.isEmpty, FieldToken.isToken(bytes.bytes(name))
        else { return nil }
        return PreflightRequest(
            method: Method.lookup(bytes.bytes(name)),
            name: name,
            origin: origin
        )
    }
}

/// What becomes of a preflight that met the route of the method it names.
public enum PreflightDecision: ~Copyable {
    /// Forwarded as an ordinary request, with this permit.
    case forward(Permit)
    /// Answered 204 with the CORS fields.
    case allowed
    /// Answered 403 `origin_not_allowed`.
    case originNotAllowed
}

/// Decides on a preflight, which needs no session: unchanged on `passthrough`; answered by the
/// gateway on `respond` routes and where origins are configured; else forwarded as on `public`.
///
/// - Parameters:
///   - preflight: proof that the request is one.
///   - origin: its origin's bytes.
///   - rule: of the route the named method meets.
///   - action: the same route's.
///   - route: the same route's index.
///   - origins: the configured ones.
/// - Returns: what to do with it.
public func authorizePreflight(
    _ preflight: PreflightRequest,
    origin: Span<UInt8>,
    rule: SessionRule,
    action: RouteAction,
    route: Int,
    origins: OriginList
) -> PreflightDecision {
    if rule == .passthrough {
        return .forward(Permit(route: route, session: nil, credentials: .untouched))
    }
    if case .forward = action, origins.isEmpty {
        return .forward(Permit(route: route, session: nil, credentials: .none))
    }
    return origins.contains(origin) ? .allowed : .originNotAllowed
}

internal import Bytes
internal import Cryptography
public import HTTPCore

/// Whether a request that carries its session in a cookie was made by a page that may use it: a
/// browser sends cookies with the requests of every page.
///
/// Decided for each request anew: nothing of it is cached. What the modes ask for is in
/// `SessionOptions.AntiCSRF`.
public struct AntiCSRF: Sendable {
    private let mode: SessionOptions.AntiCSRF
    private let origins: OriginList

    /// - Parameters:
    ///   - mode: `sessions.anti_csrf`.
    ///   - origins: pages that may call though they are of other origins.
    public init(mode: SessionOptions.AntiCSRF, origins: OriginList) {
        self.mode = mode
        self.origins = origins
    }

    /// Judges a request whose session came in a cookie.
    ///
    /// - Parameters:
    ///   - head: the request's.
    ///   - bytes: what the head was read from.
    ///   - target: the host that was asked.
    ///   - scheme: by which it was asked; nil = unknown, then no origin is the request's own.
    ///   - token: the claim `antiCsrfToken` of the session's access token; empty = none.
    /// - Returns: whether it may use that session.
    public func admits(
        head: borrowing RequestHead,
        bytes: Span<UInt8>,
        target: borrowing RequestTarget,
        scheme: WebScheme?,
        token: Span<UInt8>
    ) -> Bool {
        guard head.method != .get else { return true }
        switch mode {
        case .none: return true
        case .customHeader: return head.first(.rid) != nil
        case .token: return hasToken(token, head, bytes)
        case .auto:
            if head.method == .head || head.first(.rid) != nil { return true }
            return !Self.isForeign(head, bytes, target, scheme) || isListed(head, bytes)
        }
    }

    private func hasToken(
        _ token: Span<UInt8>,
        _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>
    ) -> Bool {
        guard !token.isEmpty, let line = Self.only(.antiCSRF, head) else { return false }
        return constantTimeEqual(bytes.bytes(line), token)
    }

    private func isListed(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard let origin = Self.only(.origin, head) else { return false }
        return origins.contains(bytes.bytes(origin))
    }

    /// Whether another site's page made the request (Fetch Metadata, section 2.4), or, where the
    /// browser does not tell, a page of another origin. What no browser sends counts as foreign.
    private static func isForeign(
        _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>,
        _ target: borrowing RequestTarget,
        _ scheme: WebScheme?
    ) -> Bool {
        if head.first(.secFetchSite) != nil {
            guard let site = only(.secFetchSite, head) else { return true }
            let value = bytes.bytes(site)
            return
                !(value.equals("same-origin") || value.equals("same-site")
                || value.equals("none"))
        }
        guard head.first(.origin) != nil else { return false }
        guard let origin = only(.origin, head), let scheme else { return true }
        return !target.isOfOrigin(bytes.bytes(origin), scheme: scheme)
    }

    /// The value of a field that has exactly one line.
    private static func only(_ id: FieldName, _ head: borrowing RequestHead) -> ByteRange? {
        var value: ByteRange?
        for line in head.fields where line.id == id && !line.isAlias {
            guard value == nil else { return nil }
            value = line.value
        }
        return value
    }
}

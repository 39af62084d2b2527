import Bytes
import Connections
import EventLoop
import HTTPCore
import Policy
import Sessions

/// Writes the request's head as it goes upstream: hop-by-hop fields off, credentials off, the JWT
/// on, everything else in the order and bytes received (interface, "What goes upstream").
enum RequestRewrite {
    /// Bytes the head may grow by: the JWT, forwarded fields, the request ID, a target's name, and
    /// a space after each name.
    static func maximumGrowth(_ head: RequestHead) -> Int { 24 * 1024 + head.fields.count }

    /// Spends the permit.
    ///
    /// - Returns: false when the output had no room for all of it.
    /// - Throws: the path that `strip_prefix` leaves has two readings.
    @inline(__always)  // A call would copy what is borrowed, more than two kilobytes.
    static func write(
        _ permit: consuming Permit,
        exchange: borrowing Exchange,
        client: borrowing ClientConnection,
        listener: ForwardedListener,
        target: Int,
        generation: borrowing Generation,
        session: borrowing SharedAuthenticator,
        into output: inout Buffer
    ) throws(TargetFailure) -> Bool {
        let view = client.input
        let bytes = view.span
        _ = output.takeOverflow()
        output.append(bytes.bytes(exchange.head.methodName))
        output.append(" ")
        try generation.routes.appendForwardedPath(
            route: permit.route,
            target: exchange.storage.target,
            to: &output
        )
        output.append(bytes.bytes(exchange.storage.target.query))
        output.append(" HTTP/1.1\r\nHost: ")
        appendHost(exchange, generation.rewrite, target, to: &output)
        appendJWT(permit, generation.rewrite, session, to: &output)
        let context = FieldContext(
            untouched: permit.credentials == .untouched,
            expectsContinue: exchange.head.expectsContinue,
            isTrusted: listener.isTrusted,
            named: ConnectionNames(exchange.head, bytes)
        )
        for line in exchange.head.fields {
            append(line, bytes, context, generation.rewrite, session.cookies, &output)
        }
        if exchange.head.framing == .chunked { output.append("Transfer-Encoding: chunked\r\n") }
        if exchange.head.asksForWebSocket {
            output.append("Connection: Upgrade\r\nUpgrade: websocket\r\n")
        }
        ForwardedFields.append(
            exchange: exchange,
            bytes: bytes,
            listener: listener,
            rules: generation.rewrite,
            to: &output
        )
        output.append("\r\n")
        return !output.takeOverflow()
    }

    @inline(__always)
    private static func appendHost(
        _ exchange: borrowing Exchange,
        _ rules: borrowing RewriteRules,
        _ target: Int,
        to output: inout Buffer
    ) {
        if let host = rules.hosts[exchange.upstreamIndex][target] {
            output.append(host.span)
        } else if exchange.storage.target.hasHost {
            output.append(exchange.storage.target.authority)
        } else {
            // HTTP/1.0 without Host: the target's own name.
            let host = rules.ownNames[exchange.upstreamIndex][target]
            output.append(host.span)
        }
        output.append("\r\n")
    }

    @inline(__always)
    private static func appendJWT(
        _ permit: borrowing Permit,
        _ rules: borrowing RewriteRules,
        _ session: borrowing SharedAuthenticator,
        to output: inout Buffer
    ) {
        guard permit.credentials == .injected, let reference = permit.session else { return }
        let value = session.authenticator.field(reference)
        guard value.count > 0 else { return }
        if rules.ownFields.jwtID == .authorization {
            output.append("Authorization")
        } else {
            output.append(rules.ownFields.jwt.span)
        }
        output.append(": ")
        output.append(value)
        output.append("\r\n")
    }

    /// What decides on one field beside its name.
    private struct FieldContext {
        /// Whether the route leaves credentials alone.
        var untouched: Bool
        /// Whether the client really waits for a 100.
        var expectsContinue: Bool
        /// Whether the peer's forwarded fields are believed.
        var isTrusted: Bool
        var named: ConnectionNames
    }

    private static func append(
        _ line: FieldLine,
        _ bytes: Span<UInt8>,
        _ context: FieldContext,
        _ rules: borrowing RewriteRules,
        _ cookies: CookieFilter,
        _ output: inout Buffer
    ) {
        switch line.id {
        case .other:
            if context.named.contains(line, bytes) { return }
            if rules.ownFields.contains(
                bytes.bytes(line.name),
                settingJWT: !context.untouched
            ) {
                return
            }
            output.append(line, of: bytes)
        case .cookie where !line.isAlias && !context.untouched:
            appendCookie(line, bytes, cookies, &output)
        case .contentLength where !line.isAlias:
            output.append(line.withPlainLength(in: bytes), of: bytes)
        default:
            if passes(line, bytes, context, rules) { output.append(line, of: bytes) }
        }
    }

    /// Whether a field with a meaning here goes upstream as it is.
    private static func passes(
        _ line: FieldLine,
        _ bytes: Span<UInt8>,
        _ context: FieldContext,
        _ rules: borrowing RewriteRules
    ) -> Bool {
        switch line.id {
        case .host, .connection, .keepAlive, .upgrade, .http2Settings, .proxy, .transferEncoding,
            .contentLength:  // Here only names that fold to it are left.
            false
        case .te:
            !line.isAlias && bytes.bytes(line.value).equalsIgnoringCase("trailers")
        case .expect:
            context.expectsContinue && !line.isAlias
        case .secWebSocketKey, .secWebSocketVersion, .secWebSocketAccept, .secWebSocketProtocol,
            .secWebSocketExtensions:
            !line.isAlias
        case .authorization, .cookie, .antiCSRF, .rid, .stAuthMode, .fdiVersion:
            // Aliases too: an upstream may take `anti_csrf` for `anti-csrf`.
            context.untouched && !line.isAlias
        case .forwarded, .xForwardedFor, .xRealIP:
            // Written anew; what a trusted proxy said is in it.
            false
        case .xRequestID:
            rules.ownFields.requestIDID != .xRequestID
        case .xForwardedProto, .xForwardedHost, .xForwardedPort, .xForwardedOther:
            context.isTrusted && !line.isAlias
        case .xOriginalURL, .xOriginalURI, .xRewriteURL, .xHTTPMethodOverride, .xHTTPMethod,
            .xMethodOverride:
            rules.readmits(bytes.bytes(line.name))
        default:
            !rules.ownFields.contains(
                bytes.bytes(line.name),
                settingJWT: !context.untouched
            )
        }
    }

    /// The cookies that are not the session's; no field when none is left.
    private static func appendCookie(
        _ line: FieldLine,
        _ bytes: Span<UInt8>,
        _ cookies: CookieFilter,
        _ output: inout Buffer
    ) {
        let value = bytes.bytes(line.value)
        guard cookies.keepsAnything(of: value) else { return }
        output.append(bytes.bytes(line.name))
        output.append(": ")
        _ = cookies.append(value: value, to: &output)
        output.append("\r\n")
    }
}

/// The field names that `Connection` lists: they end here (RFC 9110 §7.6.1). It can remove only
/// fields that mean nothing to the gateway, never one it sets or reads.
struct ConnectionNames {
    private var lines: [ByteRange] = []

    init(_ head: RequestHead, _ bytes: Span<UInt8>) {
        collect(head.fields, bytes)
    }

    init(_ head: ResponseHead, _ bytes: Span<UInt8>) {
        collect(head.fields, bytes)
    }

    private mutating func collect(_ fields: [FieldLine], _ bytes: Span<UInt8>) {
        var count = 0
        for line in fields where line.id == .connection && !line.isAlias {
            let value = bytes.bytes(line.value)
            // Only an answer's can be so long: the rest passes, and its connection is not kept.
            count &+= value.count
            guard count <= Limits.connectionField else { return }
            // The usual values name nothing, and cost nothing.
            if value.equalsIgnoringCase("keep-alive") || value.equalsIgnoringCase("close") {
                continue
            }
            lines.append(line.value)
        }
    }

    func contains(_ line: FieldLine, _ bytes: Span<UInt8>) -> Bool {
        for list in lines where lists(bytes.bytes(list), bytes.bytes(line.name)) { return true }
        return false
    }

    private func lists(_ list: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        var start = 0
        while start < list.count {
            var end = start
            while end < list.count, list[end] != UInt8(ascii: ",") { end += 1 }
            var from = start
            var to = end
            while from < to, list[from] == 0x20 || list[from] == 0x09 { from += 1 }
            while to > from, list[to - 1] == 0x20 || list[to - 1] == 0x09 { to -= 1 }
            if to - from == name.count, equal(list, from, name) { return true }
            start = end + 1
        }
        return false
    }

    private func equal(_ list: Span<UInt8>, _ from: Int, _ name: Span<UInt8>) -> Bool {
        for index in name.indices where list[from + index].lowercased != name[index].lowercased {
            return false
        }
        return true
    }
}

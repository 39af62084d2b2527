import Bytes
import Connections
import EventLoop
import HTTP1
import HTTPCore
import Sessions

/// Writes an upstream's head as it goes to the client: hop-by-hop fields off, everything else in
/// the order and bytes received, empty values too (SDKs read them).
enum ResponseRewrite {
    /// Bytes the head may grow by: fixed fields, and a space after each name.
    static func maximumGrowth(_ head: ResponseHead) -> Int { 512 + head.fields.count }

    /// What the client's connection and session ask of the head.
    struct Context {
        var framing: ResponseFraming
        var connection: OwnAnswer.Connection
        /// Whether a JWT was injected for a session that came by cookie: a cache in front sees no
        /// `Authorization` then (RFC 9111 §3.5).
        var isPrivate: Bool
        /// Whether it is no interim answer (RFC 9110 §15.2).
        var isFinal = true
    }

    /// `delivered` is the session whose new access token goes with the head; nil = none does.
    ///
    /// - Returns: false, and nothing appended, when the output had no room for all of it.
    static func write(
        _ head: ResponseHead,
        _ bytes: Span<UInt8>,
        _ context: Context,
        _ delivered: SessionReference?,
        _ authenticator: borrowing SharedAuthenticator,
        to output: inout Buffer
    ) -> Bool {
        let before = output.count
        _ = output.takeOverflow()
        let lines = authenticator.delivered(delivered, isOurs: delivered != nil)
        append(head, bytes, context, lines, to: &output)
        guard output.takeOverflow() else { return true }
        output.removeLast(output.count - before)
        return false
    }

    private static func append(
        _ head: ResponseHead,
        _ bytes: Span<UInt8>,
        _ context: Context,
        _ delivered: DeliveredLines,
        to output: inout Buffer
    ) {
        appendStatusLine(head, bytes, to: &output)
        let named = ConnectionNames(head, bytes)
        var hasCacheRule = false
        // One length at most, and none where there can be no content (RFC 9110 §8.6).
        var hasLength = head.status < 200 || head.status == 204
        var isExposed = false
        for line in head.fields where passes(line, bytes, named) {
            guard delivered.passes(line, bytes) else { continue }
            if !delivered.isEmpty, !isExposed, Delivery.isExposeHeaders(line, bytes) {
                delivered.appendExposed(line, bytes, to: &output)
                isExposed = true
                continue
            }
            if line.id == .contentLength, !line.isAlias {
                if !hasLength { output.append(line.withPlainLength(in: bytes), of: bytes) }
                hasLength = true
                continue
            }
            if line.id == .cacheControl, !hasCacheRule {
                hasCacheRule = settlesCaching(bytes.bytes(line.value))
            }
            output.append(line, of: bytes)
        }
        if !delivered.isEmpty {
            delivered.append(isExposed: isExposed, to: &output)
        } else if context.isPrivate, !hasCacheRule {
            output.append("Cache-Control: private\r\n")
        }
        if context.framing == .chunked { output.append("Transfer-Encoding: chunked\r\n") }
        switch context.connection {
        case .close: output.append("Connection: close\r\n")
        case .keepAlive: output.append("Connection: keep-alive\r\n")
        case .webSocket: output.append("Connection: Upgrade\r\nUpgrade: websocket\r\n")
        case .unnamed: break
        }
        output.append("\r\n")
    }

    private static func appendStatusLine(
        _ head: ResponseHead,
        _ bytes: Span<UInt8>,
        to output: inout Buffer
    ) {
        output.append("HTTP/1.1 ")
        output.append(decimal: UInt64(head.status))
        output.append(" ")
        output.append(bytes.bytes(head.reason))
        output.append("\r\n")
    }

    private static func passes(
        _ line: FieldLine,
        _ bytes: Span<UInt8>,
        _ named: borrowing ConnectionNames
    ) -> Bool {
        switch line.id {
        case .connection, .keepAlive, .transferEncoding, .te, .upgrade, .http2Settings, .proxy:
            false
        case .sallyportReason:
            // Only the gateway speaks for itself.
            false
        case .other:
            !named.contains(line, bytes)
        default:
            true
        }
    }

    /// Whether the upstream said itself who may store the answer.
    private static func settlesCaching(_ value: Span<UInt8>) -> Bool {
        var start = 0
        while start < value.count {
            var end = start
            while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
            if isCacheRule(value.extracting(start..<end)) { return true }
            start = end + 1
        }
        return false
    }

    private static func isCacheRule(_ directive: Span<UInt8>) -> Bool {
        var start = 0
        while start < directive.count, directive[start] == 0x20 || directive[start] == 0x09 {
            start += 1
        }
        var end = start
        while end < directive.count, directive[end] != UInt8(ascii: "="),
            directive[end] != 0x20, directive[end] != 0x09
        {
            end += 1
        }
        let name = directive.extracting(start..<end)
        return name.equalsIgnoringCase("private") || name.equalsIgnoringCase("no-store")
            || name.equalsIgnoringCase("public") || name.equalsIgnoringCase("s-maxage")
            || name.equalsIgnoringCase("must-revalidate")
    }
}

extension Worker {
    /// Stop 13 of the walk: the head goes to the client, rewritten; what follows is relayed.
    mutating func receivedResponseHead(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        guard exchanges[exchange].response.status >= 200 else {
            if exchanges[exchange].response.status == 101 {
                switched(exchange, upstream)
            } else {
                interimResponse(exchange, upstream)
            }
            return
        }
        if !exchanges[exchange].storage.watched.isEmpty { noticeSignOut(exchange, upstream) }
        let client = exchanges[exchange].client
        guard respond(exchange, upstream) else {
            refuse(exchange, .upstreamProtocol("head_too_large"))
            return
        }
        exchanges[exchange].status = exchanges[exchange].response.status
        // An upstream that was asked to switch and did not may think otherwise of what follows.
        exchanges[exchange].keepsUpstream =
            exchanges[exchange].response.keepsAlive && exchanges[exchange].tunnel.place == .none
        exchanges[exchange].responseContent = ContentDecoder(
            exchanges[exchange].response.framing,
            trailersMaximum: generations[exchanges[exchange].generation].options.limits
                .requestFields
        )
        exchanges[exchange].state = .relayingResponse
        if let seconds = exchanges[exchange].response.keepAliveTimeout {
            upstreams[upstream].limitIdleTime(toSeconds: seconds)
        }
        finishHead(exchange, upstream)
        markDirty(client)
    }

    private mutating func respond(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) -> Bool {
        let isHTTP11 = exchanges[exchange].head.version >= .http11
        let framing = Self.responseFraming(exchanges[exchange].response.framing, isHTTP11: isHTTP11)
        exchanges[exchange].responseFraming = framing
        let keeps =
            exchanges[exchange].head.keepsAlive && exchanges[exchange].isRequestFinished
            && framing != .untilClose && drainDeadline == nil
        exchanges[exchange].keepsClient = keeps
        return write(
            exchange,
            upstream,
            ResponseRewrite.Context(
                framing: framing,
                connection: keeps ? (isHTTP11 ? .unnamed : .keepAlive) : .close,
                isPrivate: exchanges[exchange].isInjectedForCookie
            )
        )
    }

    mutating func write(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>,
        _ context: ResponseRewrite.Context
    ) -> Bool {
        let client = exchanges[exchange].client
        let isOurs = context.isFinal && deliversOurs(exchange, upstream)
        let judged = generations.view(exchanges[exchange].generation)
        let shared = authenticators.view(judged.value.authenticator)
        let session = exchanges[exchange].session
        let room =
            exchanges[exchange].response.byteCount
            + ResponseRewrite.maximumGrowth(exchanges[exchange].response)
            + shared.value.deliveryGrowth(session, isOurs: isOurs)
        guard clients[client].transport.output.prepare(room, from: &chunks) else { return false }
        let bytes = upstreams[upstream].transport.input.view
        return ResponseRewrite.write(
            exchanges[exchange].response,
            bytes.span,
            context,
            isOurs ? session : nil,
            shared.value,
            to: &clients[client].transport.output
        )
    }

    private static func responseFraming(
        _ framing: ContentFraming,
        isHTTP11: Bool
    ) -> ResponseFraming {
        switch framing {
        case .none: .none
        case .length: .length
        case .chunked, .untilClose: isHTTP11 ? .chunked : .untilClose
        }
    }

    /// A 1xx answer is passed on (RFC 9110 §15.2), but not to HTTP/1.0 clients.
    private mutating func interimResponse(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        exchanges[exchange].interimResponses += 1
        guard exchanges[exchange].interimResponses <= Limits.interimResponses else {
            refuse(exchange, .upstreamProtocol("interim_responses"))
            return
        }
        let client = exchanges[exchange].client
        if exchanges[exchange].head.version >= .http11 {
            let context = ResponseRewrite.Context(
                framing: .none,
                connection: .unnamed,
                isPrivate: false,
                isFinal: false
            )
            guard write(exchange, upstream, context) else {
                refuse(exchange, .upstreamProtocol("head_too_large"))
                return
            }
            markDirty(client)
        }
        finishHead(exchange, upstream)
        upstreams[upstream].parser.reset()
    }

    /// The head's bytes are used up.
    mutating func finishHead(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) {
        upstreams[upstream].transport.input.consume(exchanges[exchange].response.byteCount)
        upstreams[upstream].transport.input.release(to: &chunks)
        exchanges[exchange].response.reset()
    }
}

extension Exchange {
    var isInjectedForCookie: Bool {
        guard let session else { return false }
        return session.isCookieBorne
    }
}

extension UpstreamConnection {
    /// The upstream said when it closes idle connections: ours goes a second earlier.
    fileprivate mutating func limitIdleTime(toSeconds seconds: UInt32) {
        let limit = Duration.seconds(Int64(seconds)) - .seconds(1)
        if limit < idleTimeout { idleTimeout = max(limit, .zero) }
    }
}

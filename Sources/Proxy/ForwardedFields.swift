import Bytes
import EventLoop
import HTTPCore

/// Where a request came in: what the forwarded fields tell of the gateway's own side.
struct ForwardedListener {
    let isEncrypted: Bool
    /// 0 for `unix:`.
    let port: UInt16
    let peer: SocketAddress
    /// Whether the peer is one of `forwarding.trusted_proxies`.
    let isTrusted: Bool

    var scheme: StaticString { isEncrypted ? "https" : "http" }

    /// The scheme that the client used: a trusted proxy may know better; nil where it says several.
    func clientScheme(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> WebScheme? {
        guard isTrusted, let first = head.first(.xForwardedProto) else {
            return isEncrypted ? .https : .http
        }
        for line in head.fields where line.id == .xForwardedProto && !line.isAlias {
            guard line == first else { return nil }
        }
        return WebScheme(bytes.bytes(first.value))
    }
}

/// `X-Forwarded-*`, `Forwarded` (RFC 7239), `X-Real-IP` and the request ID.
enum ForwardedFields {
    /// Appends the fields the gateway sets: it extends what a trusted proxy said, and replaces what
    /// anybody else did.
    @inline(__always)  // As `RequestRewrite.write`.
    static func append(
        exchange: borrowing Exchange,
        bytes: Span<UInt8>,
        listener: ForwardedListener,
        rules: borrowing RewriteRules,
        to output: inout Buffer
    ) {
        appendChain(exchange, bytes, listener, to: &output)
        appendProtocol(exchange, listener, to: &output)
        appendForwarded(exchange, bytes, listener, to: &output)
        output.append("X-Real-IP: ")
        if listener.isTrusted, exchange.forwardedClient.count > 0 {
            output.append(exchange.forwardedClient.span)
        } else {
            output.append(address: listener.peer)
        }
        output.append("\r\n")
        output.append(rules.ownFields.requestID.span)
        output.append(": ")
        output.append(exchange.requestID.span)
        output.append("\r\n")
    }

    @inline(__always)
    private static func appendChain(
        _ exchange: borrowing Exchange,
        _ bytes: Span<UInt8>,
        _ listener: ForwardedListener,
        to output: inout Buffer
    ) {
        output.append("X-Forwarded-For: ")
        if listener.isTrusted {
            appendValues(of: .xForwardedFor, exchange.head, bytes, to: &output)
        }
        output.append(address: listener.peer)
        output.append("\r\n")
    }

    @inline(__always)
    private static func appendProtocol(
        _ exchange: borrowing Exchange,
        _ listener: ForwardedListener,
        to output: inout Buffer
    ) {
        if !listener.isTrusted || exchange.head.first(.xForwardedProto) == nil {
            output.append("X-Forwarded-Proto: ")
            output.append(listener.scheme)
            output.append("\r\n")
        }
        if exchange.storage.target.hasHost,
            !listener.isTrusted || exchange.head.first(.xForwardedHost) == nil
        {
            output.append("X-Forwarded-Host: ")
            output.append(exchange.storage.target.authority)
            output.append("\r\n")
        }
        if listener.port > 0,
            !listener.isTrusted || exchange.head.first(.xForwardedPort) == nil
        {
            output.append("X-Forwarded-Port: ")
            output.append(decimal: UInt64(listener.port))
            output.append("\r\n")
        }
    }

    @inline(__always)
    private static func appendForwarded(
        _ exchange: borrowing Exchange,
        _ bytes: Span<UInt8>,
        _ listener: ForwardedListener,
        to output: inout Buffer
    ) {
        output.append("Forwarded: ")
        if listener.isTrusted { appendValues(of: .forwarded, exchange.head, bytes, to: &output) }
        output.append("for=")
        output.append(node: listener.peer)
        if exchange.storage.target.hasHost {
            output.append(";host=\"")
            output.append(exchange.storage.target.authority)
            output.append("\"")
        }
        output.append(";proto=")
        output.append(listener.scheme)
        output.append("\r\n")
    }

    /// Each line's value and a comma.
    private static func appendValues(
        of id: FieldName,
        _ head: RequestHead,
        _ bytes: Span<UInt8>,
        to output: inout Buffer
    ) {
        for line in head.fields where line.id == id && !line.isAlias && !line.value.isEmpty {
            output.append(bytes.bytes(line.value))
            output.append(", ")
        }
    }
}

extension Buffer {
    /// An address without its port: dotted decimal, or RFC 5952; a path's peer has none.
    mutating func append(address: SocketAddress) {
        switch address {
        case .v4(let octets, _):
            append(octets: octets)
        case .v6(0, let low, _, _) where low >> 32 == 0xFFFF:
            append(octets: UInt32(truncatingIfNeeded: low))
        case .v6(let high, let low, _, _):
            append(high: high, low: low)
        case .unix:
            append("unix")
        }
    }

    /// An RFC 7239 node: IPv6 in brackets and quotes; a path's peer is `unknown`.
    mutating func append(node address: SocketAddress) {
        switch address {
        case .unix:
            append("unknown")
        case .v6(let high, let low, _, _) where !(high == 0 && low >> 32 == 0xFFFF):
            append("\"[")
            append(high: high, low: low)
            append("]\"")
        case .v4, .v6:
            append(address: address)
        }
    }

    private mutating func append(octets: UInt32) {
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            append(decimal: UInt64(octets >> shift & 0xFF))
            if shift > 0 { append(".") }
        }
    }

    private mutating func append(high: UInt64, low: UInt64) {
        let (start, length) = Self.longestZeroRun(high, low)
        var index = 0
        while index < 8 {
            if length > 1, index == start {
                append(index == 0 ? "::" : ":")
                index += length
                continue
            }
            append(hexadecimal: UInt64(Self.group(high, low, index)))
            index += 1
            if index < 8 { append(":") }
        }
    }

    private static func group(_ high: UInt64, _ low: UInt64, _ index: Int) -> UInt16 {
        let half = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index & 3)))
    }

    private static func longestZeroRun(_ high: UInt64, _ low: UInt64) -> (start: Int, length: Int) {
        var best = (start: 0, length: 0)
        var length = 0
        for index in 0..<8 {
            length = group(high, low, index) == 0 ? length + 1 : 0
            if length > best.length { best = (index - length + 1, length) }
        }
        return best
    }
}

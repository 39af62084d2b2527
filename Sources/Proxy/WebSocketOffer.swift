import Bytes
import Cryptography
import HTTPCore
import JOSE

/// What a WebSocket handshake offers, kept until the upstream has answered it (RFC 6455 §4).
struct WebSocketOffer {
    /// What an upstream answers that means to switch, 28 bytes.
    let accept: [UInt8]
    /// The subprotocols and extensions, each list's lines joined by commas.
    let protocols: [UInt8]
    let extensions: [UInt8]

    private static let keyBytes = 16
    private static let identifier = Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)

    /// Reads a handshake that the head asks for (`RequestHead.asksForWebSocket`).
    ///
    /// - Throws: 426 for another version than 13, 400 for a key that is none, 500 without SHA-1.
    init(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) throws(Failure) {
        guard let version = Self.only(.secWebSocketVersion, head.fields) else {
            throw .webSocketVersionMissing
        }
        guard bytes.bytes(version).equals("13") else { throw .webSocketVersion }
        guard let key = Self.only(.secWebSocketKey, head.fields),
            Base64.decodeStandard(bytes.bytes(key))?.count == Self.keyBytes
        else { throw .webSocketKey }
        let accepted = bytes.bytes(key).copied() + Self.identifier
        guard let digest = SHA1.digest(accepted.span) else { throw .overloaded }
        accept = Base64.encodeStandard(digest.span)
        protocols = Self.joined(.secWebSocketProtocol, head.fields, bytes)
        extensions = Self.joined(.secWebSocketExtensions, head.fields, bytes)
    }

    /// The value of a field that has exactly one line.
    private static func only(_ id: FieldName, _ fields: [FieldLine]) -> ByteRange? {
        var value: ByteRange?
        for line in fields where line.id == id && !line.isAlias {
            guard value == nil else { return nil }
            value = line.value
        }
        return value
    }

    private static func joined(
        _ id: FieldName,
        _ fields: [FieldLine],
        _ bytes: Span<UInt8>
    ) -> [UInt8] {
        var list: [UInt8] = []
        for line in fields where line.id == id && !line.isAlias {
            if !list.isEmpty { list.append(UInt8(ascii: ",")) }
            list.append(bytes: bytes.bytes(line.value))
        }
        return list
    }
}

extension WebSocketOffer {
    /// What is wrong with a 101 whose framing and `Connection` the parser let pass (RFC 6455 §4.1);
    /// nil = it answers this offer.
    func fault(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>) -> StaticString? {
        guard head.version == .http11,
            let upgrade = Self.only(.upgrade, head.fields),
            bytes.bytes(upgrade).equalsIgnoringCase("websocket")
        else { return "switch_protocol" }
        guard let answered = Self.only(.secWebSocketAccept, head.fields),
            bytes.bytes(answered).equals(accept.span)
        else { return "websocket_accept" }
        guard hasOfferedProtocol(head, bytes) else { return "websocket_protocol" }
        let chosen = Self.joined(.secWebSocketExtensions, head.fields, bytes)
        let isOffered = Self.allElements(of: chosen.span) { name in
            Self.lists(extensions.span, name)
        }
        return isOffered ? nil : "websocket_extension"
    }

    /// At most one, and one of the client's.
    private func hasOfferedProtocol(
        _ head: borrowing ResponseHead,
        _ bytes: Span<UInt8>
    ) -> Bool {
        let isAnswered = head.fields.contains { $0.id == .secWebSocketProtocol && !$0.isAlias }
        guard isAnswered else { return true }
        guard let chosen = Self.only(.secWebSocketProtocol, head.fields) else { return false }
        return !chosen.isEmpty && Self.lists(protocols.span, bytes.bytes(chosen))
    }

    /// Whether a list has an element of this name, byte for byte.
    private static func lists(_ list: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        !allElements(of: list) { !$0.equals(name) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Whether all elements' names, which end before their parameters, are as wanted. A comma in a
    /// quoted parameter makes a name that nobody offered; an extension's parameters are tokens
    /// (RFC 6455 §9.1), which need none.
    private static func allElements(
        of list: Span<UInt8>,
        _ isWanted: (Span<UInt8>) -> Bool
    ) -> Bool {
        var start = 0
        while start < list.count {
            let comma = list.scan(for: UInt8(ascii: ","), from: start, to: list.count)
            let end = list.scan(for: UInt8(ascii: ";"), from: start, to: comma)
            var from = start
            var to = end
            while from < to, Self.isSpace(list[from]) { from += 1 }
            while to > from, Self.isSpace(list[to - 1]) { to -= 1 }
            // An empty element is none (RFC 9110 §5.6.1).
            if from < to || end < comma, !isWanted(list.extracting(from..<to)) { return false }
            start = comma + 1
        }
        return true
    }
}

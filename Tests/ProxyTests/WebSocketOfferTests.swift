import HTTP1
import HTTPCore
import Testing

@testable import Proxy

/// A handshake's offer, and which answers are one to it (RFC 6455 §4).
@Suite struct WebSocketOfferTests {
    private static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    private static let version = "Sec-WebSocket-Version: 13"
    private static let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    private func head(_ fields: [String]) throws -> ([UInt8], RequestHead) {
        let lines =
            ["GET / HTTP/1.1", "Host: a", "Upgrade: websocket", "Connection: Upgrade"] + fields
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        var parser = RequestParser()
        var head = RequestHead()
        _ = try parser.parse(bytes.span, limits: Limits(), into: &head)
        return (bytes, head)
    }

    private func offer(_ fields: String...) throws -> WebSocketOffer {
        let (bytes, head) = try head(fields)
        return try WebSocketOffer(head, bytes.span)
    }

    private func failure(_ fields: String...) throws -> Failure? {
        let (bytes, head) = try head(fields)
        do throws(Failure) {
            _ = try WebSocketOffer(head, bytes.span)
            return nil
        } catch {
            return error
        }
    }

    /// RFC 6455 §1.3, its example.
    @Test func whatIsToBeAnswered() throws {
        let offer = try offer(Self.key, Self.version, "Sec-WebSocket-Protocol: chat")
        #expect(String(decoding: offer.accept, as: UTF8.self) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(offer.protocols == Array("chat".utf8) && offer.extensions.isEmpty)
    }

    @Test func linesOfAListAreOneList() throws {
        let offer = try offer(
            Self.key,
            "Sec-WebSocket-Extensions: a",
            Self.version,
            "Sec-WebSocket-Extensions: b; c=1",
            "Sec_WebSocket_Extensions: d"
        )
        #expect(offer.extensions == Array("a,b; c=1".utf8))
    }

    @Test func whatIsNoHandshake() throws {
        #expect(try failure(Self.version) == .webSocketKey)
        #expect(try failure(Self.version, Self.key, Self.key) == .webSocketKey)
        #expect(try failure(Self.version, "Sec-WebSocket-Key: AAAA") == .webSocketKey)
        #expect(try failure(Self.key) == .webSocketVersionMissing)
        #expect(try failure(Self.key, Self.version, Self.version) == .webSocketVersionMissing)
        #expect(try failure(Self.key, "Sec-WebSocket-Version: 12") == .webSocketVersion)
        #expect(try failure(Self.key, Self.version) == nil)
    }

    private func fault(_ offer: WebSocketOffer, _ fields: String...) throws -> String? {
        let start = ["HTTP/1.1 101 X", "Upgrade: websocket", "Connection: Upgrade"]
        let bytes = Array(((start + fields).joined(separator: "\r\n") + "\r\n\r\n").utf8)
        var parser = ResponseParser()
        var head = ResponseHead()
        _ = try parser.parse(
            bytes.span,
            limits: Limits(),
            requestMethod: .get,
            maySwitch: true,
            into: &head
        )
        return offer.fault(head, bytes.span)?.description
    }

    @Test func whatAnswersIt() throws {
        let offer = try offer(
            Self.key,
            Self.version,
            "Sec-WebSocket-Protocol: chat, superchat",
            "Sec-WebSocket-Extensions: a, b; c=1"
        )
        #expect(try fault(offer, Self.accept) == nil)
        #expect(try fault(offer) == "websocket_accept")
        #expect(try fault(offer, Self.accept, Self.accept) == "websocket_accept")
        let protocols = [("chat", true), ("superchat", true), ("super", false), ("", false)]
        for (name, isOffered) in protocols {
            let found = try fault(offer, Self.accept, "Sec-WebSocket-Protocol: \(name)")
            #expect(found == (isOffered ? nil : "websocket_protocol"), "\(name)")
        }
        let extensions = [
            ("a", true), ("b; d=2", true), ("a,b", true), (", ,a", true), ("", true),
            ("c=1", false), ("a, d", false), ("A", false), (";a", false), ("\"a", false),
        ]
        for (list, isOffered) in extensions {
            let found = try fault(offer, Self.accept, "Sec-WebSocket-Extensions: \(list)")
            #expect(found == (isOffered ? nil : "websocket_extension"), "\(list)")
        }
    }

    @Test func nothingOfferedMeansNothingChosen() throws {
        let offer = try offer(Self.key, Self.version)
        #expect(try fault(offer, Self.accept) == nil)
        let chosen = "Sec-WebSocket-Protocol: chat"
        #expect(try fault(offer, Self.accept, chosen) == "websocket_protocol")
        let extended = "Sec-WebSocket-Extensions: a"
        #expect(try fault(offer, Self.accept, extended) == "websocket_extension")
    }
}

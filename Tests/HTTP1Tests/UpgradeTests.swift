import HTTP1
import HTTPCore
import TestSupport
import Testing

/// Which heads ask for a WebSocket, and which answers may switch (RFC 6455 §4, RFC 9110 §7.8).
@Suite struct UpgradeTests {
    /// Whether a head asks, however it arrives.
    private func asks(_ text: String) throws -> Bool {
        let bytes = Array(text.utf8)
        let outcomes = try everySplit(of: bytes) { cuts in
            var parser = RequestParser()
            var head = RequestHead()
            for end in cuts + [bytes.count] {
                let arrived = Array(bytes[..<end])
                if try parser.parse(arrived.span, limits: Limits(), into: &head) { break }
            }
            return head.asksForWebSocket
        }
        #expect(outcomes.differing.isEmpty)
        return outcomes.whole
    }

    private static let upgrade = "Upgrade: websocket"
    private static let listed = "Connection: Upgrade"
    private static let key = "Sec-WebSocket-Key: x"
    private static let version = "Sec-WebSocket-Version: 13"

    @Test(arguments: [
        get(upgrade, listed, key), get(upgrade, listed, version),
        get("upgrade: WebSocket", "connection: keep-alive, UPGRADE", "sec-websocket-KEY: "),
        get(key, listed, upgrade), get(upgrade, "Connection: close", listed, key),
        get(upgrade, listed, "Content-Length: 0", key), get(upgrade, listed, key, "Upgrade_: h2c"),
    ])
    func whoAsks(_ text: String) throws {
        #expect(try asks(text))
    }

    @Test(arguments: [
        get(), get(upgrade, key), get(listed, key), get(upgrade, "Connection: upgrades", key),
        get(upgrade, listed), get(upgrade, listed, "Sec_WebSocket_Key: x"),
        get(upgrade, listed, "Sec-WebSocket-Protocol: x"),
        get("Upgrade: h2c", listed, key), get("Upgrade: websocket, h2c", listed, key),
        get("Upgrade: h2c, websocket", listed, key), get(upgrade, "Upgrade: h2c", listed, key),
        get("Upgrade: h2c", upgrade, listed, key), get(upgrade, upgrade, listed, key),
        get("Upgrade:", listed, key), get("Upgrade: websocket/13", listed, key),
        get("Upgrade_: websocket", listed, key), get(upgrade, "Connection_: Upgrade", key),
        get(upgrade, listed, key, "Content-Length: 1"),
        get(upgrade, listed, key, "Transfer-Encoding: chunked"),
        "POST / HTTP/1.1\r\nHost: a\r\n\(upgrade)\r\n\(listed)\r\n\(key)\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\n\(upgrade)\r\n\(listed)\r\n\(key)\r\n\r\n",
        "get / HTTP/1.1\r\nHost: a\r\n\(upgrade)\r\n\(listed)\r\n\(key)\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\n\(upgrade)\r\n\(listed)\r\n\(key)\r\n\r\n",
    ])
    func whoDoesNot(_ text: String) throws {
        #expect(try !asks(text))
    }

    @Test func aHeadIsMadeEmptyWithWhatItAskedFor() {
        var head = RequestHead()
        head.asksForWebSocket = true
        head.reset()
        #expect(!head.asksForWebSocket)
    }

    private func parse(_ fields: String..., maySwitch: Bool) -> HTTP1Failure? {
        let lines = ["HTTP/1.1 101 Switching Protocols"] + fields
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        var parser = ResponseParser()
        var head = ResponseHead()
        do throws(HTTP1Failure) {
            let isComplete = try parser.parse(
                bytes.span,
                limits: Limits(),
                requestMethod: .get,
                maySwitch: maySwitch,
                into: &head
            )
            #expect(isComplete && head.status == 101 && head.framing == .none)
            #expect(head.byteCount == bytes.count)
            return nil
        } catch {
            return error
        }
    }

    @Test func whichAnswersSwitch() {
        let (upgrade, listed) = (Self.upgrade, Self.listed)
        #expect(parse(upgrade, listed, maySwitch: true) == nil)
        #expect(parse(upgrade, listed, "Content-Length: 0", maySwitch: true) == nil)
        #expect(parse(upgrade, listed, maySwitch: false) == .unaskedSwitch)
        #expect(parse(upgrade, maySwitch: true) == .unaskedSwitch)
        #expect(parse(upgrade, "Connection: close", maySwitch: true) == .unaskedSwitch)
        let length = "Content-Length: 1"
        #expect(parse(upgrade, listed, length, maySwitch: true) == .unaskedSwitch)
        let coding = "Transfer-Encoding: chunked"
        #expect(parse(upgrade, listed, coding, maySwitch: true) == .unaskedSwitch)
        #expect(parse(upgrade, listed, length, coding, maySwitch: true) == .conflictingFraming)
    }
}

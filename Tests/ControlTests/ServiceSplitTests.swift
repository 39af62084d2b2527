import HTTPCore
import TestSupport
import Testing

@testable import Control

/// A service's connections: what comes of them does not depend on how their bytes arrived.
@Suite struct ServiceSplitTests {
    private static let host = "Host: localhost\r\n"

    /// What a client receives for bytes cut at these places, and what was asked.
    private func answers(_ bytes: [UInt8], cutAt cuts: [Int]) throws -> [String] {
        let rig = try ServiceRig {
            .text(200, "\($0.path)?\($0.query) " + String(decoding: $0.content, as: UTF8.self))
        }
        let peer = try rig.connect()
        for part in parts(of: bytes, cutAt: cuts) {
            try peer.send(part)
            try rig.turn()
        }
        peer.shutdownWriting()
        let lines = try rig.rest(to: peer).split(
            separator: "\r\n",
            omittingEmptySubsequences: false
        )
        let asked = rig.asked.map { "\($0.method) \($0.path)" }
        return asked + lines.filter { !$0.hasPrefix("Date: ") }.map(String.init)
    }

    static let served: [(String, count: Int)] = [
        (get("/a?b=c", "X-A: b"), 1),
        (get("/1") + get("/2") + get("/3"), 3),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhello" + get("/2"), 2),
        (
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n2;x\r\nde\r\n0\r\nX: y\r\n\r\n" + get("/2"), 2
        ),
        ("HEAD / HTTP/1.1\r\n\(host)\r\n" + get("/2", "Connection: close") + get("/3"), 2),
    ]

    @Test(arguments: served.indices)
    func requestsAreServedHoweverTheyArrive(_ index: Int) throws {
        let (text, count) = Self.served[index]
        let bytes = Array(text.utf8)
        let outcomes = try everySplit(of: bytes) { try answers(bytes, cutAt: $0) }
        #expect(outcomes.differing.isEmpty)
        #expect(outcomes.whole.filter { $0.hasSuffix("HTTP/1.1 200 OK") }.count == count)
    }

    static let refused = [
        "GET / HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", "GET /%zz HTTP/1.1\r\n\(host)\r\n",
        "GET / HTTP/1.1\n\(host)\r\n", "GET / HTTP/1.1\r\n\(host)X : y\r\n\r\n",
        "POST / HTTP/1.1\r\n\(host)Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    ]

    @Test(arguments: refused)
    func requestsAreRefusedHoweverTheyArrive(_ text: String) throws {
        let bytes = Array((text + get("/smuggled")).utf8)
        let outcomes = try everySplit(of: bytes) { try answers(bytes, cutAt: $0) }
        #expect(outcomes.differing.isEmpty)
        #expect(outcomes.whole.first?.hasPrefix("HTTP/1.1 400 ") == true)
        #expect(outcomes.whole.contains("Connection: close"))
    }
}

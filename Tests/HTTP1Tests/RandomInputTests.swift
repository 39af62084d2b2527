import Bytes
import HTTP1
import HTTPCore
import TestSupport
import Testing

/// Twenty thousand broken messages for each reader: none traps, none has an outcome that depends on
/// how it was cut, and what is accepted is what a slow reader finds in it.
@Suite struct RandomInputTests {
    private static let rounds = 20_000

    private static let requests = [
        "GET /orders?a=b HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: x, close\r\n\r\nhello",
        "PUT /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        "GET http://a/b HTTP/1.0\r\nConnection: keep-alive\r\nX-Forwarded-For: 1, 2\r\nX:\r\n\r\n",
        "\r\nOPTIONS * HTTP/1.1\r\nX_Y: \tz \r\nhost:a\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    ]

    private static let responses = [
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nKeep-Alive: max=9\r\n\r\n",
        "HTTP/1.0 200\r\nConnection: keep-alive\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ]

    private static let contents = [
        "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\nnext",
        "1f;a=\"b;\\\"c\"\r\n0123456789012345678901234567890\r\n0\r\nX-A: b\r\nY: c\r\n\r\n",
        "0\r\n\r\n", "00a\r\n0123456789\r\n000;x\r\nTrailer-Name:\t1 \r\n\r\nGET / HTTP/1.1\r\n",
    ]

    /// Small, so that limits are met too.
    private static var limits: Limits {
        var limits = Limits()
        limits.requestHead = 140
        limits.requestFields = 5
        limits.requestTarget = 24
        return limits
    }

    private func mutations(
        of seeds: [String],
        seed: UInt64,
        _ check: (inout SeededGenerator, [UInt8], Int) -> Void
    ) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<Self.rounds {
            let text = seeds[round % seeds.count]
            let bytes = generator.mutated(Array(text.utf8))
            check(&generator, bytes, round)
        }
    }

    @Test func readsRequests() {
        var accepted = 0
        mutations(of: Self.requests, seed: 1) { generator, bytes, round in
            let limits = Self.limits
            let whole = parseRequest(bytes, limits: limits)
            let cut = parseRequest(bytes, cuts: generator.cuts(bytes), limits: limits)
            #expect(cut == whole, "round \(round)")
            if round % 16 == 0 {
                let slow = parseRequest(bytes, cuts: Array(bytes.indices), limits: limits)
                #expect(slow == whole, "round \(round)")
            }
            if case .head(let record) = whole {
                accepted += 1
                let lines = SlowReader.lines(bytes, count: record.byteCount)
                #expect(SlowReader.startLine(lines) == Self.line(record), "round \(round)")
                #expect(SlowReader.fields(lines) == Self.unmarked(record.fields), "round \(round)")
                #expect(record.byteCount <= limits.requestHead && record.fields.count <= 5)
            }
        }
        #expect(accepted > Self.rounds / 10)
    }

    @Test func readsResponses() {
        var accepted = 0
        mutations(of: Self.responses, seed: 2) { generator, bytes, round in
            let method: Method = round % 7 == 0 ? .head : .get
            let limits = Self.limits
            let whole = parseResponse(bytes, method: method, limits: limits)
            let cuts = round % 16 == 0 ? Array(bytes.indices) : generator.cuts(bytes)
            let cut = parseResponse(bytes, cuts: cuts, method: method, limits: limits)
            #expect(cut == whole, "round \(round)")
            if case .head(let record) = whole {
                accepted += 1
                let lines = SlowReader.lines(bytes, count: record.byteCount)
                #expect(SlowReader.fields(lines) == Self.unmarked(record.fields), "round \(round)")
            }
        }
        #expect(accepted > Self.rounds / 10)
    }

    @Test func readsContents() {
        var finished = 0
        mutations(of: Self.contents, seed: 3) { generator, bytes, round in
            let whole = decodeContent(bytes, .chunked, trailersMaximum: 3)
            let cuts = round % 16 == 0 ? Array(bytes.indices) : generator.cuts(bytes)
            let cut = decodeContent(bytes, .chunked, cuts: cuts, trailersMaximum: 3)
            #expect(cut == whole, "round \(round)")
            if whole.isFinished {
                finished += 1
                let expected = SlowReader.content(bytes)
                #expect(expected == Array(whole.content.utf8) || whole.content.contains("\u{FFFD}"))
            }
        }
        #expect(finished > Self.rounds / 10)
    }

    @Test func readsNoise() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<Self.rounds / 4 {
            let count = Int.random(in: 0...80, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let cuts = generator.cuts(bytes)
            #expect(parseRequest(bytes, cuts: cuts) == parseRequest(bytes))
            #expect(parseResponse(bytes, cuts: cuts) == parseResponse(bytes))
            #expect(decodeContent(bytes, .chunked, cuts: cuts) == decodeContent(bytes, .chunked))
        }
    }

    private static func line(_ record: RequestRecord) -> String {
        let version = record.version == .http11 ? "HTTP/1.1" : "HTTP/1.0"
        return "\(record.methodName) \(record.target) \(version)"
    }

    private static func unmarked(_ fields: [String]) -> [String] {
        fields.map { $0.hasPrefix("~") ? String($0.dropFirst()) : $0 }
    }
}

/// Reads accepted messages the simple way.
private enum SlowReader {
    /// The lines of a head, without empty ones.
    static func lines(_ bytes: [UInt8], count: Int) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        for byte in bytes[..<count] where byte != 0x0D {
            if byte == 0x0A { lines.append([]) } else { lines[lines.count - 1].append(byte) }
        }
        return lines.filter { !$0.isEmpty }
    }

    static func startLine(_ lines: [[UInt8]]) -> String {
        String(decoding: lines.first ?? [], as: UTF8.self)
    }

    static func fields(_ lines: [[UInt8]]) -> [String] {
        lines.dropFirst().map { line in
            let colon = line.firstIndex(of: 0x3A) ?? 0
            var value = line[(colon + 1)...]
            while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
            while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            return "\(name): \(String(decoding: value, as: UTF8.self))"
        }
    }

    static func content(_ bytes: [UInt8]) -> [UInt8] {
        var content: [UInt8] = []
        var index = 0
        while index < bytes.count {
            var size = 0
            while let digit = bytes[index].hexadecimalValue {
                size = size * 16 + Int(digit)
                index += 1
            }
            while bytes[index] != 0x0A { index += 1 }
            index += 1
            if size == 0 { return content }
            content += bytes[index..<index + size]
            index += size + 2
        }
        return content
    }
}

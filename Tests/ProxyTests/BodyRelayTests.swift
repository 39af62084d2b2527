import Bytes
import HTTP1
import HTTPCore
import Testing

@testable import Proxy

@Suite struct BodyRelayTests {
    static let chunked = "4\r\nWiki\r\n6;name=value\r\npedia \r\nB\r\nin \r\nchunks\r\n0\r\n\r\n"
    static let content = "Wikipedia in \r\nchunks"

    @Test func knownLengthPassesAsItIs() {
        let relayed = RelayRun(.length(5), .identity).relayEverySplit("helloGET /")
        #expect(relayed.output == "hello" && relayed.outcome == .finished)
        #expect(relayed.counted == 5 && relayed.rest == "GET /" && relayed.lent == 0)
    }

    @Test func noContentIsFinishedAtOnce() {
        for framing in [ContentFraming.none, .length(0)] {
            let relayed = RelayRun(framing, .identity).relayEverySplit("HTTP/1.1 200")
            #expect(relayed.output.isEmpty && relayed.outcome == .finished)
            #expect(relayed.rest == "HTTP/1.1 200" && relayed.counted == 0)
        }
    }

    @Test func chunksAreWrittenAnew() {
        let run = RelayRun(.chunked, .chunked)
        let text = String(Self.chunked.dropLast()) + "Etag: 1\r\nX-A: b\r\n\r\n"
        #expect(run.relayEverySplit(text + "next").rest == "next")
        let relayed = run.relayEverySplit(Self.chunked + "next")
        #expect(unchunked(relayed.output) == Self.content)
        // Extensions end here (RFC 9112 §7.1.1).
        #expect(!relayed.output.contains("name"))
        #expect(relayed.outcome == .finished && relayed.rest == "next")
        #expect(relayed.counted == UInt64(Self.content.utf8.count))
    }

    @Test func chunksBecomePlainBytesForAnOldClient() {
        let relayed = RelayRun(.chunked, .identity).relayEverySplit(Self.chunked)
        #expect(relayed.output == Self.content && relayed.outcome == .finished)
    }

    @Test func contentUpToTheEndBecomesChunks() {
        let relayed = RelayRun(.untilClose, .chunked).relayEverySplit("some text")
        #expect(relayed.output == "9\r\nsome text\r\n" && relayed.outcome == .needsMore)
        var output = Buffer(capacity: 64)
        BodyRelay.finish(&output, .chunked, hasTrailers: false)
        BodyRelay.finish(&output, .identity, hasTrailers: false)
        #expect(output.readable.text == "0\r\n\r\n")
    }

    @Test func contentUpToTheEndPassesAsItIs() {
        let relayed = RelayRun(.untilClose, .identity).relay(["a", "bc"].map { Array($0.utf8) })
        #expect(relayed.output == "abc" && relayed.outcome == .needsMore && relayed.counted == 3)
    }

    @Test func brokenChunksAreTold() {
        let broken: [(String, HTTP1Failure)] = [
            ("G\r\n", .invalidChunkSize), ("-1\r\n", .invalidChunkSize),
            ("4\r\nWikiX", .missingChunkEnd), ("4\r\nWiki\rX", .missingChunkEnd),
            ("4\nWiki", .bareLineFeed), ("0\r\nA b: c\r\n\r\n", .whitespaceBeforeColon),
            ("0\r\nA@: c\r\n\r\n", .invalidFieldName),
            ("0\r\nContent-Length: 3\r\n\r\n", .forbiddenTrailer),
        ]
        for (text, failure) in broken {
            let run = RelayRun(.chunked, .chunked, .request(usualFields))
            #expect(run.relayEverySplit(text).outcome == .broken(failure), "\(text)")
        }
    }

    @Test func whatCameBeforeABreakIsPassedOnWithoutAnEnd() {
        let relayed = RelayRun(.chunked, .chunked).relayEverySplit("4\r\nWiki\r\nno")
        #expect(relayed.output == "4\r\nWiki\r\n")
        #expect(relayed.outcome == .broken(.invalidChunkSize))
    }
}

/// Credit: what may wait in the output is bounded, whatever comes in.
@Suite struct RelayCreditTests {
    /// One step, its trailers, and the frame around a chunk.
    private static let overshoot = BodyRelay.step + Limits.trailerSection + 64

    private func content(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: 0x20 + $0 % 95) }
    }

    @Test(arguments: [ContentCoding.identity, .chunked], [1, 16 * 1024, 64 * 1024])
    func boundsWhatWaits(_ coding: ContentCoding, _ credit: Int) {
        var run = RelayRun(.length(200_000), coding)
        run.credit = credit
        run.drains = false
        let relayed = run.relay([content(200_000)])
        #expect(relayed.outcome == .blocked)
        #expect(relayed.highest >= credit && relayed.highest < credit + Self.overshoot)
        #expect(relayed.lent == 0)
    }

    @Test(arguments: [ContentCoding.identity, .chunked])
    func goesOnWhenThereIsRoomAgain(_ coding: ContentCoding) {
        var run = RelayRun(.length(200_000), coding)
        run.credit = 1
        let bytes = content(200_000)
        let relayed = run.relay([bytes])
        let expected = String(decoding: bytes, as: UTF8.self)
        #expect(relayed.outcome == .finished && relayed.counted == 200_000)
        #expect(relayed.highest < 1 + Self.overshoot)
        if coding == .identity { #expect(relayed.output == expected) }
        if coding == .chunked {
            // Twelve chunks of 16 KiB, one of 3,392 bytes, and the last.
            #expect(relayed.output.hasPrefix("4000\r\n"))
            #expect(relayed.output.utf8.count == 200_000 + 12 * 8 + 7 + 5)
            #expect(unchunked(relayed.output) == expected)
        }
    }

    @Test func nothingMovesWithoutCredit() {
        var run = RelayRun(.length(5), .identity)
        run.credit = 0
        run.drains = false
        let relayed = run.relay("hello")
        #expect(relayed.outcome == .blocked && relayed.rest == "hello" && relayed.counted == 0)
    }

    @Test func manySmallChunksAreBoundedToo() {
        var run = RelayRun(.chunked, .chunked)
        run.credit = 1000
        run.drains = false
        let text = String(repeating: "1\r\nx\r\n", count: 1000)
        let relayed = run.relay(text)
        #expect(relayed.outcome == .blocked && relayed.highest < 1000 + 6)
        // The end of the last chunk that was moved is still in the input.
        #expect(relayed.output + relayed.rest.dropFirst() == text)
    }
}

@Suite struct RelayTrailerTests {
    private let start = "1\r\nx\r\n0\r\n"

    @Test func trailersPassWithChunks() {
        let relayed = RelayRun(.chunked, .chunked, .request(usualFields))
            .relayEverySplit(start + "Checksum:  abc \r\nX-Other: d\r\n\r\n")
        #expect(relayed.output == "1\r\nx\r\n0\r\nChecksum: abc\r\nX-Other: d\r\n\r\n")
    }

    @Test func trailersAreDroppedWithoutChunks() {
        let relayed = RelayRun(.chunked, .identity).relayEverySplit(start + "Checksum: abc\r\n\r\n")
        #expect(relayed.output == "x" && relayed.outcome == .finished)
    }

    @Test(arguments: [
        "X-Forwarded-For: 203.0.113.9", "Forwarded: for=x", "Connection: close", "TE: trailers",
        "anti-csrf: x", "rid: x", "X-HTTP-Method-Override: PUT", "X-Request-Id: 1",
        "Expect: 100-continue", "Content-Type: text/html", "Upgrade: h2c", "Proxy-Foo: x",
        "X_Forwarded_For: 203.0.113.9", "st-auth-mode: header", "Range: bytes=0-1",
    ])
    func aRequestWithSuchATrailerIsRefused(_ line: String) {
        for coding in [ContentCoding.chunked, .identity] {
            let relayed = RelayRun(.chunked, coding, .request(usualFields)).relayEverySplit(
                start + "\(line)\r\n\r\n"
            )
            #expect(relayed.outcome == .refusedTrailers)
            #expect(!relayed.output.hasSuffix("0\r\n\r\n"))
        }
    }

    /// What the gateway sets in the head cannot come again behind the content.
    @Test(arguments: ["X-Session-JWT", "x_session_jwt", "X.Trace"])
    func aRequestWithTheGatewaysOwnFieldIsRefused(_ name: String) {
        let own = OwnFields(jwt: Array("x-session-jwt".utf8), requestID: Array("x-trace".utf8))
        let text = start + "\(name): x\r\n\r\n"
        let refused = RelayRun(.chunked, .chunked, .request(own)).relayEverySplit(text)
        #expect(refused.outcome == .refusedTrailers && !refused.output.contains(name))
        let passed = RelayRun(.chunked, .chunked, .request(usualFields)).relayEverySplit(text)
        #expect(passed.outcome == .finished && passed.output.contains(name))
    }

    @Test func anAnswersTrailerIsDroppedAlone() {
        let relayed = RelayRun(.chunked, .chunked).relayEverySplit(
            start + "X-Forwarded-For: x\r\nDate: now\r\nsallyport-reason: x\r\nEtag: 1\r\n\r\n"
        )
        #expect(relayed.output == "1\r\nx\r\n0\r\nDate: now\r\nEtag: 1\r\n\r\n")
        #expect(relayed.outcome == .finished)
    }

    @Test func theLargestTrailersFitBehindTheLargestChunk() {
        let lines = (0..<8).map { "X-\($0): " + String(repeating: "v", count: 1000) + "\r\n" }
        let content = String(repeating: "c", count: 16 * 1024)
        let text = "4000\r\n\(content)\r\n0\r\n" + lines.joined() + "\r\n"
        for run in [RelayRun(.chunked, .chunked).relay(text)] {
            #expect(run.outcome == .finished && run.output.hasSuffix(lines.joined() + "\r\n"))
            #expect(unchunked(run.output) == content)
        }
    }

    @Test func theTableIsStrictForNamesThatWereJudged() {
        func allows(_ rules: TrailerRules, _ id: FieldName) -> Bool {
            let line = FieldLine(name: .empty, value: .empty, id: id, isAlias: false)
            let none: [UInt8] = []
            return rules.allow(line, none.span)
        }
        let both: Set<FieldName> = [.other]
        let answers: Set<FieldName> = [
            .contentType, .date, .server, .range, .expect, .retryAfter, .traceparent,
            .cacheControl,
        ]
        for id in FieldName.allCases {
            let request = allows(.request(usualFields), id)
            let response = allows(.response, id)
            #expect(request == both.contains(id), "\(id)")
            #expect(response == (both.contains(id) || answers.contains(id)), "\(id)")
        }
    }
}

import Bytes
import HTTP1
import HTTPCore
import Testing

@Suite struct TrailerTests {
    @Test func trailersAreFields() {
        let text = "5\r\nhello\r\n0;e\r\nX-A: b\r\nGrpc-Status:0\r\n\r\n"
        let outcome = expectContent(text + "GET /", .chunked)
        #expect(outcome.trailers == ["X-A: b", "Grpc-Status: 0"] && outcome.isFinished)
        #expect(outcome.consumed == text.utf8.count && outcome.content == "hello")
    }

    @Test func trailersOfAnEarlierMessageAreForgotten() throws {
        var trailers = [FieldLine(name: .empty, value: .empty, id: .other, isAlias: false)]
        var decoder = ContentDecoder(.chunked)
        let bytes = Array("0\r\nA: b\r\n\r\n".utf8)
        let step = try decoder.next(bytes.span, trailers: &trailers)
        #expect(step == .trailers(consumed: bytes.count) && trailers.count == 1)
        #expect(trailers[0].name == ByteRange(3..<4) && trailers[0].value == ByteRange(6..<7))
        #expect(decoder.isFinished)
        let rest: [UInt8] = [0x47]
        let end = try decoder.next(rest.span, trailers: &trailers)
        #expect(end == .end(consumed: 0) && trailers.count == 1)
    }

    /// A worker has one array of trailers for all its connections: a section that comes in pieces
    /// must not take over what another connection's left there.
    @Test func trailersOfOtherConnectionsStayApart() throws {
        let mine = Array("0\r\nX-A: b\r\nEtag: c\r\n\r\n".utf8)
        let other = Array("0\r\nX-Z: a longer value\r\nX-Y: x\r\nX-X: w\r\n\r\n".utf8)
        for cut in 0...mine.count {
            for otherCut in 0...other.count {
                var trailers: [FieldLine] = []
                var decoder = ContentDecoder(.chunked)
                var input = mine
                let begun = try decoder.next(input.span.extracting(first: cut), trailers: &trailers)
                if case .needsMore(let consumed) = begun { input.removeFirst(consumed) }
                var another = ContentDecoder(.chunked)
                _ = try another.next(other.span.extracting(first: otherCut), trailers: &trailers)
                if case .trailers = begun { continue }
                let step = try decoder.next(input.span, trailers: &trailers)
                #expect(step == .trailers(consumed: input.count))
                #expect(trailers.map { record(of: $0, input) } == ["X-A: b", "Etag: c"])
            }
        }
    }

    static let refused: [(String, HTTP1Failure)] = [
        ("X-A: b\r\n c", .obsoleteLineFolding),
        (" X-A: b", .obsoleteLineFolding),
        ("X-A", .missingColon),
        ("X-A : b", .whitespaceBeforeColon),
        (": b", .emptyFieldName),
        ("X-A: b\n", .bareLineFeed),
        ("X-A: b\r", .bareCarriageReturn),
        ("X-A: \0", .invalidFieldValue),
        ("X\u{7F}: b", .invalidFieldName),
        ("Content-Length: 5", .forbiddenTrailer),
        ("content_length: 5", .forbiddenTrailer),
        ("Transfer-Encoding: chunked", .forbiddenTrailer),
        ("transfer.encoding: chunked", .forbiddenTrailer),
        ("Host: a", .forbiddenTrailer),
        ("AUTHORIZATION: Bearer a", .forbiddenTrailer),
        ("X-A: b\r\nCookie: a=b", .forbiddenTrailer),
    ]

    @Test(arguments: refused)
    func refuses(lines: String, failure: HTTP1Failure) {
        let outcome = expectContent("1\r\na\r\n0\r\n\(lines)\r\n\r\n", .chunked)
        #expect(outcome.failure == failure)
    }

    @Test func refusesOtherEnds() {
        #expect(expectContent("0\r\n\n", .chunked).failure == .bareLineFeed)
        #expect(expectContent("0\r\n\r\r\n", .chunked).failure == .bareCarriageReturn)
        #expect(expectContent("0\r\nX: b\r\n\n", .chunked).failure == .bareLineFeed)
    }

    @Test func theSectionIsBounded() {
        let most = String(repeating: "b", count: Limits.trailerSection - 7)
        let fits = decodeContent(Array("0\r\nA: \(most)\r\n\r\n".utf8), .chunked)
        #expect(fits.isFinished && fits.trailers.count == 1)
        let longer = Array("0\r\nA: \(most)b\r\n\r\n".utf8)
        #expect(decodeContent(longer, .chunked).failure == .trailersTooLarge)
        #expect(decodeContent(longer, .chunked, cuts: [2, 4000]).failure == .trailersTooLarge)
        let endless = Array("0\r\nA: \(most)bbbbbbbbbb".utf8)
        #expect(decodeContent(endless, .chunked).failure == .trailersTooLarge)
    }

    @Test func theFieldsAreCounted() {
        let two = "0\r\nA: b\r\nC: d\r\n\r\n"
        #expect(expectContent(two, .chunked, trailersMaximum: 2).isFinished)
        #expect(expectContent(two, .chunked, trailersMaximum: 1).failure == .tooManyFields)
    }
}

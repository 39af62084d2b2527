import Bytes
import HTTP1
import HTTPCore
import Testing

@Suite struct ContentDecoderTests {
    @Test func noContentIsFinishedAtOnce() {
        for framing in [ContentFraming.none, .length(0)] {
            let outcome = expectContent("GET / HTTP/1.1\r\n", framing)
            #expect(outcome.isFinished && outcome.content.isEmpty && outcome.consumed == 0)
        }
    }

    @Test func aLengthIsCounted() {
        let outcome = expectContent("hello, and more", .length(5))
        #expect(outcome.content == "hello" && outcome.isFinished && outcome.consumed == 5)
        let short = expectContent("hell", .length(5))
        #expect(short.content == "hell" && !short.isFinished && short.failure == nil)
        let cut = expectContent("hell", .length(5), closes: true)
        #expect(cut.failure == .incompleteContent)
    }

    @Test func saysWhatALengthLacks() throws {
        var decoder = ContentDecoder(.length(.max))
        var trailers: [FieldLine] = []
        let bytes: [UInt8] = [1, 2, 3]
        #expect(decoder.remaining == .max)
        let step = try decoder.next(bytes.span, trailers: &trailers)
        #expect(step == .content(ByteRange(0..<3), consumed: 3))
        #expect(decoder.remaining == UInt64.max - 3)
        #expect(ContentDecoder(.chunked).remaining == nil)
        #expect(ContentDecoder(.length(0)).remaining == nil)
    }

    @Test func contentUntilTheConnectionsEnd() {
        let open = expectContent("hello", .untilClose)
        #expect(open.content == "hello" && !open.isFinished)
        let closed = expectContent("hello", .untilClose, closes: true)
        #expect(closed.content == "hello" && closed.isFinished && closed.failure == nil)
        let empty = expectContent("", .untilClose, closes: true)
        #expect(empty.isFinished)
    }

    static let chunks: [(String, String)] = [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
        ("005\r\nhello\r\n000\r\n\r\n", "hello"),
        ("0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello"),
        ("A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n", "0123456789abcdefghij"),
        ("1\r\n\r\r\n1\r\n\n\r\n2\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"),
        ("5;a\r\nhello\r\n0;b\r\n\r\n", "hello"),
        ("5;a=b;c=\"d;\\\"e\\\\\"\r\nhello\r\n0;f=\"\"\r\n\r\n", "hello"),
        ("5;a=\"\t é\"\r\nhello\r\n0\r\n\r\n", "hello"),
    ]

    @Test(arguments: chunks)
    func readsChunks(text: String, content: String) {
        let outcome = expectContent(text + "next", .chunked)
        #expect(outcome.content == content && outcome.isFinished && outcome.failure == nil)
        #expect(outcome.consumed == text.utf8.count && outcome.trailers.isEmpty)
    }

    static let refused: [(String, HTTP1Failure)] = [
        ("\r\nhello\r\n", .invalidChunkSize),
        ("0x5\r\nhello\r\n", .invalidChunkSize),
        ("5_\r\nhello\r\n", .invalidChunkSize),
        ("5 \r\nhello\r\n", .invalidChunkSize),
        (" 5\r\nhello\r\n", .invalidChunkSize),
        ("\t5\r\nhello\r\n", .invalidChunkSize),
        ("5\t\r\nhello\r\n", .invalidChunkSize),
        ("5 ;a\r\nhello\r\n", .invalidChunkSize),
        ("+5\r\nhello\r\n", .invalidChunkSize),
        ("-5\r\nhello\r\n", .invalidChunkSize),
        ("5g\r\nhello\r\n", .invalidChunkSize),
        ("5 5\r\nhello\r\n", .invalidChunkSize),
        ("5,5\r\nhello\r\n", .invalidChunkSize),
        (";a\r\nhello\r\n", .invalidChunkSize),
        ("\0\r\n", .invalidChunkSize),
        ("00000000000000005\r\nhello\r\n", .invalidChunkSize),
        ("10000000000000000\r\nhello\r\n", .invalidChunkSize),
        ("8000000000000000\r\nhello\r\n", .invalidChunkSize),
        ("ffffffffffffffff\r\nhello\r\n", .invalidChunkSize),
        ("5\nhello\r\n", .bareLineFeed),
        ("\nhello\r\n", .bareLineFeed),
        ("0\n\r\n", .bareLineFeed),
        ("5;a\nhello\r\n", .bareLineFeed),
        ("5;a=\"\nb\"\r\n", .bareLineFeed),
        ("5\rhello\r\n", .bareCarriageReturn),
        ("5\r\rhello\r\n", .bareCarriageReturn),
        ("5;a\rb\r\n", .bareCarriageReturn),
        ("5;a=\"\r\n\"\r\nhello\r\n", .bareCarriageReturn),
        ("5;a=\"\\\r\n\"\r\nhello\r\n", .bareCarriageReturn),
        ("5;\r\nhello\r\n", .invalidChunkExtension),
        ("5;;a\r\nhello\r\n", .invalidChunkExtension),
        ("5;a;\r\nhello\r\n", .invalidChunkExtension),
        ("5;=b\r\nhello\r\n", .invalidChunkExtension),
        ("5;a=\r\nhello\r\n", .invalidChunkExtension),
        ("5;a=;b\r\nhello\r\n", .invalidChunkExtension),
        ("5;a=b=c\r\nhello\r\n", .invalidChunkExtension),
        ("5; a\r\nhello\r\n", .invalidChunkExtension),
        ("5;a =b\r\nhello\r\n", .invalidChunkExtension),
        ("5;a= b\r\nhello\r\n", .invalidChunkExtension),
        ("5;a\0\r\nhello\r\n", .invalidChunkExtension),
        ("5;a=\0\r\nhello\r\n", .invalidChunkExtension),
        ("5;a=\"\0\"\r\nhello\r\n", .invalidChunkExtension),
        ("5;a=\"b\"c\r\nhello\r\n", .invalidChunkExtension),
        ("5;a=b\"c\"\r\nhello\r\n", .invalidChunkExtension),
        ("5;\"a\"\r\nhello\r\n", .invalidChunkExtension),
        ("5;é\r\nhello\r\n", .invalidChunkExtension),
    ]

    @Test(arguments: refused)
    func refusesChunkLines(text: String, failure: HTTP1Failure) {
        #expect(expectContent(text, .chunked).failure == failure)
        let second = expectContent("3\r\nabc\r\n" + text, .chunked)
        #expect(second.failure == failure && second.content == "abc")
    }

    @Test(arguments: [
        "hello\n", "helloXX", "hello!\r\n", "hello0\r\n\r\n", "hello\rX", "hello\n\r",
    ])
    func refusesWhatDoesNotEndWithItsChunk(text: String) {
        let outcome = expectContent("5\r\n" + text, .chunked)
        #expect(outcome.failure == .missingChunkEnd && outcome.content == "hello")
    }

    @Test func cutContentIsNoContent() {
        for text in ["", "5", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "0\r\n", "0\r\nX: b\r\n"]
        {
            #expect(!expectContent(text, .chunked).isFinished)
            let closed = expectContent(text, .chunked, closes: true)
            #expect(closed.failure == .incompleteContent && !closed.isFinished)
        }
    }

    @Test func aChunkLineIsBounded() {
        let most = String(repeating: "a", count: Limits.chunkLine - 4)
        let fits = expectContent("5;\(most)\r\nhello\r\n0\r\n\r\n", .chunked)
        #expect(fits.isFinished && fits.content == "hello")
        let longer = expectContent("5;\(most)a\r\nhello\r\n0\r\n\r\n", .chunked)
        #expect(longer.failure == .chunkLineTooLong)
        let endless = expectContent("5;a=\"" + String(repeating: ";", count: 300), .chunked)
        #expect(endless.failure == .chunkLineTooLong)
    }
}

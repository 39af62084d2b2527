import Bytes
import HTTP1
import HTTPCore
import Testing

@Suite struct ResponseParserTests {
    private static let ok = "HTTP/1.1 200 OK\r\n"

    static let statusLines: [(String, UInt16, String, HTTPVersion)] = [
        ("HTTP/1.1 200 OK", 200, "OK", .http11),
        ("HTTP/1.1 200 ", 200, "", .http11),
        ("HTTP/1.1 200", 200, "", .http11),
        ("HTTP/1.0 404 Not Found", 404, "Not Found", .http10),
        ("HTTP/1.1 100 Continue", 100, "Continue", .http11),
        ("HTTP/1.1 999 ?", 999, "?", .http11),
        ("HTTP/1.1 299 a  b\tc é", 299, "a  b\tc é", .http11),
        ("HTTP/1.1 200  OK ", 200, " OK ", .http11),
    ]

    @Test(arguments: statusLines)
    func readsStatusLines(line: String, status: UInt16, reason: String, version: HTTPVersion) throws
    {
        let record = try expectResponse("\(line)\r\nContent-Length: 0\r\n\r\n")
        #expect(record.status == status && record.reason == reason && record.version == version)
    }

    static let brokenLines: [(String, HTTP1Failure)] = [
        ("", .malformedStatusLine),
        ("HELLO", .malformedStatusLine),
        ("HELLO WORLD AND ALL", .malformedStatusLine),
        ("HTTP/1.1", .malformedStatusLine),
        ("HTTP/1.1 20", .malformedStatusLine),
        ("HTTP/1.1  200 OK", .invalidStatus),
        ("HTTP/1.1\t200 OK", .malformedStatusLine),
        (" HTTP/1.1 200 OK", .malformedStatusLine),
        ("http/1.1 200 OK", .malformedStatusLine),
        ("ICY/1.0 200 OK", .malformedStatusLine),
        ("HTTP/2.0 200 OK", .unsupportedVersion),
        ("HTTP/1.2 200 OK", .unsupportedVersion),
        ("HTTP/0.9 200 OK", .unsupportedVersion),
        ("HTTP/1.1 20 OK", .invalidStatus),
        ("HTTP/1.1 2000 OK", .invalidStatus),
        ("HTTP/1.1 200OK", .invalidStatus),
        ("HTTP/1.1 200\tOK", .invalidStatus),
        ("HTTP/1.1 099 OK", .invalidStatus),
        ("HTTP/1.1 000 OK", .invalidStatus),
        ("HTTP/1.1 +20 OK", .invalidStatus),
        ("HTTP/1.1 2x0 OK", .invalidStatus),
        ("HTTP/1.1 200 O\0K", .invalidReasonPhrase),
        ("HTTP/1.1 200 OK\u{7F}", .invalidReasonPhrase),
        ("HTTP/1.1 200 OK\rX: b", .bareCarriageReturn),
        ("HTTP/1.1 200 OK\nX: b", .bareLineFeed),
        ("HTTP/1.1 101 Switching Protocols", .unaskedSwitch),
    ]

    @Test(arguments: brokenLines)
    func refusesStatusLines(line: String, failure: HTTP1Failure) {
        expectRefusedResponse("\(line)\r\nContent-Length: 0\r\n\r\n", failure)
    }

    static let framings: [(Method, UInt16, String, ContentFraming)] = [
        (.get, 200, "Content-Length: 5\r\n", .length(5)),
        (.get, 200, "Content-Length: 0\r\n", .length(0)),
        (.get, 200, "Content-Length: 5\r\nContent-Length: 05\r\n", .length(5)),
        (.get, 200, "Transfer-Encoding: Chunked\r\n", .chunked),
        (.get, 200, "", .untilClose),
        (.post, 500, "", .untilClose),
        (.other, 200, "", .untilClose),
        (.get, 200, "Content_Length: 5\r\n", .untilClose),
        (.head, 200, "Content-Length: 5\r\n", .none),
        (.head, 200, "Transfer-Encoding: chunked\r\n", .none),
        (.head, 200, "", .none),
        (.get, 204, "Content-Length: 5\r\n", .none),
        (.get, 304, "Content-Length: 5\r\n", .none),
        (.get, 304, "Transfer-Encoding: chunked\r\n", .none),
        (.get, 100, "", .none),
        (.post, 103, "Link: </a>; rel=preload\r\n", .none),
        (.get, 205, "Content-Length: 0\r\n", .length(0)),
    ]

    @Test(arguments: framings)
    func decidesFraming(
        method: Method,
        status: UInt16,
        fields: String,
        framing: ContentFraming
    ) throws {
        let text = "HTTP/1.1 \(status) X\r\n\(fields)\r\n"
        let record = try expectResponse(text, method: method)
        #expect(record.framing == framing && record.byteCount == text.utf8.count)
    }

    static let brokenFields: [(String, HTTP1Failure)] = [
        ("Content-Length: 5\r\nContent-Length: 6", .repeatedContentLength),
        ("Content-Length: 5, 5", .invalidContentLength),
        ("Content-Length: x", .invalidContentLength),
        ("Content-Length: -1", .invalidContentLength),
        ("Content-Length:", .invalidContentLength),
        ("Content-Length: 18446744073709551616", .contentLengthOverflow),
        ("Transfer-Encoding: gzip", .invalidTransferCoding),
        ("Transfer-Encoding: gzip, chunked", .invalidTransferCoding),
        ("Transfer-Encoding: chunked, identity", .invalidTransferCoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .repeatedTransferEncoding),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", .conflictingFraming),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", .conflictingFraming),
        ("X: b\r\n c", .obsoleteLineFolding),
        ("X : b", .whitespaceBeforeColon),
        ("X: b\rY: c", .bareCarriageReturn),
        ("X: \0", .invalidFieldValue),
        ("X", .missingColon),
        (": b", .emptyFieldName),
        ("X Y: b", .whitespaceBeforeColon),
        ("X: b\nY: c", .bareLineFeed),
    ]

    @Test(arguments: brokenFields)
    func refusesFields(fields: String, failure: HTTP1Failure) {
        expectRefusedResponse("\(Self.ok)\(fields)\r\n\r\n", failure)
        expectRefusedResponse("\(Self.ok)\(fields)\r\n\r\n", failure, method: .head)
    }

    @Test func anOlderVersionIsNotChunked() throws {
        let coded = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        expectRefusedResponse(coded, .transferEncodingInHTTP10)
    }

    static let connections: [(String, String, Bool)] = [
        ("HTTP/1.1", "Content-Length: 5", true),
        ("HTTP/1.1", "Transfer-Encoding: chunked", true),
        ("HTTP/1.1", "X: until-close", false),
        ("HTTP/1.1", "Connection: keep-alive", false),
        ("HTTP/1.1", "Content-Length: 5\r\nConnection: close", false),
        ("HTTP/1.1", "Content-Length: 5\r\nConnection: x, CLOSE", false),
        ("HTTP/1.1", "Content-Length: 5\r\nConnection: keep-alive", true),
        ("HTTP/1.1", "Content-Length: 5\r\nConnection: \"close\"", false),
        ("HTTP/1.0", "Content-Length: 5", false),
        ("HTTP/1.0", "Content-Length: 5\r\nConnection: Keep-Alive", true),
        ("HTTP/1.0", "Connection: Keep-Alive", false),
    ]

    @Test(arguments: connections)
    func persistence(version: String, fields: String, keepsAlive: Bool) throws {
        let record = try expectResponse("\(version) 200 OK\r\n\(fields)\r\n\r\n")
        #expect(record.keepsAlive == keepsAlive)
    }

    static let timeouts: [(String, UInt32?)] = [
        ("X: b", nil),
        ("Keep-Alive: timeout=5", 5),
        ("Keep-Alive: Timeout = 5", 5),
        ("Keep-Alive: timeout=5, max=1000", 5),
        ("Keep-Alive: max=1000,timeout=5", 5),
        ("Keep-Alive: timeout=0", 0),
        ("Keep-Alive: timeout=9\r\nKeep-Alive: timeout=4", 4),
        ("Keep-Alive: timeout=99999999999999999999999", .max),
        ("Keep-Alive: timeout=", nil),
        ("Keep-Alive: timeout", nil),
        ("Keep-Alive: timeout=-5", nil),
        ("Keep-Alive: timeout=5s", nil),
        ("Keep-Alive: xtimeout=5", nil),
        ("Keep-Alive: ,,=,", nil),
        ("Keep-Alive:", nil),
        ("Keep_Alive: timeout=5", nil),
    ]

    @Test(arguments: timeouts)
    func keepAliveTimeouts(fields: String, timeout: UInt32?) throws {
        let record = try expectResponse("\(Self.ok)Content-Length: 0\r\n\(fields)\r\n\r\n")
        #expect(record.keepAliveTimeout == timeout)
    }

    @Test func limitsHold() throws {
        var limits = Limits()
        limits.requestHead = 60
        limits.requestFields = 2
        let head = Self.ok + "X: " + String(repeating: "b", count: 36) + "\r\n\r\n"
        #expect(head.utf8.count == 60)
        #expect(try expectResponse(head, limits: limits).byteCount == 60)
        expectRefusedResponse(
            Self.ok + "X: " + String(repeating: "b", count: 37) + "\r\n\r\n",
            .headTooLarge,
            limits: limits
        )
        expectRefusedResponse(
            "H" + String(repeating: "b", count: 60),
            .headTooLarge,
            limits: limits
        )
        #expect(try expectResponse(Self.ok + "A: b\r\nC: d\r\n\r\n", limits: limits).status == 200)
        let three = Self.ok + "A: b\r\nC: d\r\nE: f\r\n\r\n"
        expectRefusedResponse(three, .tooManyFields, limits: limits)
    }

    @Test func readsInterimAnswersOneAfterTheOther() throws {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        let bytes = Array((interim + Self.ok + "Content-Length: 2\r\n\r\nok").utf8)
        var parser = ResponseParser()
        var head = ResponseHead()
        let first = try parser.parse(
            bytes.span,
            limits: Limits(),
            requestMethod: .get,
            into: &head
        )
        #expect(first && head.status == 103 && head.byteCount == interim.utf8.count)
        let rest = Array(bytes[head.byteCount...])
        parser.reset()
        let second = try parser.parse(
            rest.span,
            limits: Limits(),
            requestMethod: .get,
            into: &head
        )
        #expect(second && head.status == 200 && head.framing == .length(2))
        #expect(head.fields.count == 1)
    }
}

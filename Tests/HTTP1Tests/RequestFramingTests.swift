import HTTP1
import HTTPCore
import Testing

@Suite struct RequestFramingTests {
    static let accepted: [(String, ContentFraming)] = [
        ("X: b", .none),
        ("Content-Length: 0", .length(0)),
        ("Content-Length: 5", .length(5)),
        ("content-LENGTH:5", .length(5)),
        ("Content-Length: \t5 ", .length(5)),
        ("Content-Length: 0005", .length(5)),
        ("Content-Length: 000000000000000000000000000000000000000005", .length(5)),
        ("Content-Length: 9223372036854775807", .length(9_223_372_036_854_775_807)),
        ("Transfer-Encoding: chunked", .chunked),
        ("transfer-encoding:CHUNKED", .chunked),
        ("Transfer-Encoding: \tchunked\t", .chunked),
    ]

    @Test(arguments: accepted)
    func framings(field: String, framing: ContentFraming) throws {
        #expect(try expectHead(get(field)).framing == framing)
    }

    static let refused: [(String, HTTP1Failure)] = [
        ("Content-Length:", .invalidContentLength),
        ("Content-Length: ,", .invalidContentLength),
        ("Content-Length: +5", .invalidContentLength),
        ("Content-Length: -5", .invalidContentLength),
        ("Content-Length: -0", .invalidContentLength),
        ("Content-Length: 0x5", .invalidContentLength),
        ("Content-Length: 5 5", .invalidContentLength),
        ("Content-Length: 5,5", .invalidContentLength),
        ("Content-Length: 5, 6", .invalidContentLength),
        ("Content-Length: 5_0", .invalidContentLength),
        ("Content-Length: 5.0", .invalidContentLength),
        ("Content-Length: 5a", .invalidContentLength),
        ("Content-Length: \"5\"", .invalidContentLength),
        ("Content-Length: ٥", .invalidContentLength),
        ("Content-Length: \u{B}5", .invalidFieldValue),
        ("Content-Length: 9223372036854775808", .contentLengthOverflow),
        ("Content-Length: 18446744073709551615", .contentLengthOverflow),
        ("Content-Length: 18446744073709551616", .contentLengthOverflow),
        ("Content-Length: 18446744073709551621", .contentLengthOverflow),
        ("Content-Length: 36893488147419103237", .contentLengthOverflow),
        ("Content-Length: 184467440737095516160000000000005", .contentLengthOverflow),
        ("Content-Length: 5\r\nContent-Length: 5", .repeatedContentLength),
        ("Content-Length: 5\r\nContent-Length: 6", .repeatedContentLength),
        ("Content-Length: 5\r\ncontent-length:", .invalidContentLength),
        ("Content-Length:\r\n 5", .invalidContentLength),
        ("Content_Length: 5", .aliasedFraming),
        ("content.length: 5", .aliasedFraming),
        ("Transfer-Encoding:", .invalidTransferCoding),
        ("Transfer-Encoding: identity", .invalidTransferCoding),
        ("Transfer-Encoding: xchunked", .invalidTransferCoding),
        ("Transfer-Encoding: chunkedx", .invalidTransferCoding),
        ("Transfer-Encoding: chunked, identity", .invalidTransferCoding),
        ("Transfer-Encoding: identity, chunked", .invalidTransferCoding),
        ("Transfer-Encoding: gzip, chunked", .invalidTransferCoding),
        ("Transfer-Encoding: chunked, chunked", .invalidTransferCoding),
        ("Transfer-Encoding: ,chunked", .invalidTransferCoding),
        ("Transfer-Encoding: chunked,", .invalidTransferCoding),
        ("Transfer-Encoding: chunked;a=b", .invalidTransferCoding),
        ("Transfer-Encoding: \"chunked\"", .invalidTransferCoding),
        ("Transfer-Encoding: chun\u{212A}ed", .invalidTransferCoding),
        ("Transfer-Encoding: chunked\u{B}", .invalidFieldValue),
        ("Transfer-Encoding: \u{B}chunked", .invalidFieldValue),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .repeatedTransferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", .repeatedTransferEncoding),
        ("Transfer-Encoding:\r\n chunked", .invalidTransferCoding),
        ("Transfer-Encoding: chunked\r\n , identity", .obsoleteLineFolding),
        ("Transfer_Encoding: chunked", .aliasedFraming),
        ("Transfer.Encoding: chunked", .aliasedFraming),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", .conflictingFraming),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", .conflictingFraming),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked", .conflictingFraming),
    ]

    @Test(arguments: refused)
    func refuses(fields: String, failure: HTTP1Failure) {
        expectRefused(get(fields), failure)
    }

    @Test func anOlderVersionHasLengthsOnly() throws {
        let coded = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
        expectRefused(coded, .transferEncodingInHTTP10)
        let counted = try expectHead("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n")
        #expect(counted.framing == .length(5))
        #expect(try expectHead("POST / HTTP/1.0\r\n\r\n").framing == .none)
    }

    @Test func hosts() throws {
        expectRefused("GET / HTTP/1.1\r\n\r\n", .missingHost)
        expectRefused("GET http://a/ HTTP/1.1\r\nX: b\r\n\r\n", .missingHost)
        expectRefused(get("Host: a"), .repeatedHost)
        expectRefused(get("HOST: b"), .repeatedHost)
        expectRefused("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost)
        #expect(try expectHead("GET / HTTP/1.0\r\n\r\n").fields.isEmpty)
        #expect(try expectHead("GET / HTTP/1.1\r\nHost:\r\n\r\n").fields == ["Host: "])
    }

    static let connections: [(String, String, Bool)] = [
        ("1.1", "X: b", true),
        ("1.1", "Connection: keep-alive", true),
        ("1.1", "Connection: close", false),
        ("1.1", "Connection: Close", false),
        ("1.1", "Connection: CLOSE, x", false),
        ("1.1", "Connection: keep-alive, close", false),
        ("1.1", "Connection: close, keep-alive", false),
        ("1.1", "Connection: keep-alive\r\nConnection: close", false),
        ("1.1", "Connection: , ,\tclose ,", false),
        ("1.1", "Connection:", true),
        ("1.1", "Connection: ,", true),
        ("1.1", "Connection: closed, xclose, clos, close-x", true),
        ("1.1", "Connection: X-Auth, upgrade", true),
        ("1.1", "Proxy-Connection: close", true),
        ("1.1", "Keep-Alive: timeout=5", true),
        ("1.0", "X: b", false),
        ("1.0", "Connection: keep-alive", true),
        ("1.0", "Connection: Keep-Alive", true),
        ("1.0", "Connection: x, keep-alive", true),
        ("1.0", "Connection: keep-alive, close", false),
        ("1.0", "Connection: keep-alive-x", false),
        ("1.0", "Proxy-Connection: keep-alive", false),
    ]

    @Test(arguments: connections)
    func persistence(version: String, field: String, keepsAlive: Bool) throws {
        let text = "GET / HTTP/\(version)\r\nHost: a\r\n\(field)\r\n\r\n"
        #expect(try expectHead(text).keepsAlive == keepsAlive)
    }

    @Test(arguments: [
        "close keep-alive", "close; x", "\"close\"", "a b", "close,a=b", "(close)", "é", "a/b",
    ])
    func refusesConnectionsThatAreNoList(value: String) {
        expectRefused(get("Connection: \(value)"), .invalidConnection)
    }

    /// Each field of the head is looked for in them, so long lists would cost their square.
    @Test func boundsTheBytesOfConnections() {
        let list = "Connection: " + String(repeating: "ab,", count: 1364)
        let refused = RequestOutcome.refused(.invalidConnection)
        #expect(parseRequest(Array(get(list + "abcd").utf8)) != refused)
        #expect(parseRequest(Array(get(list + "abcde").utf8)) == refused)
        #expect(parseRequest(Array(get(list, "Connection: abcde").utf8)) == refused)
    }

    static let expected: [(String, Bool)] = [
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5", true),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked", true),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue", true),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue", false),
        ("OPTIONS / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue", false),
        ("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5", false),
    ]

    @Test(arguments: expected)
    func expectations(head: String, expectsContinue: Bool) throws {
        #expect(try expectHead(head + "\r\n\r\n").expectsContinue == expectsContinue)
    }

    @Test(arguments: [
        "Expect:", "Expect: 100", "Expect: y 100-continue", "Expect: 100-continue, x",
        "Expect: 100-continue;a=b", "Expect: 200-ok",
        "Expect: 100-continue\r\nExpect: 100-continue",
    ])
    func refusesOtherExpectations(fields: String) {
        expectRefused(get(fields), .unknownExpectation)
    }
}

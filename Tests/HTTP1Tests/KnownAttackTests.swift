import HTTP1
import HTTPCore
import Testing

/// One test for each published attack on HTTP/1.1 framing that a parser can stop, named after it.
@Suite struct KnownAttackTests {
    static let requests: [(String, String, HTTP1Failure)] = [
        ("CVE-2026-2835", "Transfer-Encoding: chunked\r\n", .transferEncodingInHTTP10),
        ("CVE-2026-2836", "Content-Length: 5\r\nTransfer-Encoding: chunked", .conflictingFraming),
        ("CVE-2023-25725", ": b\r\nX: c", .emptyFieldName),
        ("CVE-2023-40225", "Content-Length:", .invalidContentLength),
        ("CVE-2019-18277", "Transfer-Encoding: \u{B}chunked", .invalidFieldValue),
        (
            "HTTP Garden: two lengths", "Content-Length: 5\r\nContent-Length: 0",
            .repeatedContentLength
        ),
        (
            "CVE-2020-11724", "Transfer-Encoding: chunked\r\nContent-Length: 5",
            .conflictingFraming
        ),
        ("CVE-2022-1705", "Transfer-Encoding: chunked\u{B}", .invalidFieldValue),
        ("chunked, identity", "Transfer-Encoding: chunked, identity", .invalidTransferCoding),
        ("CVE-2022-35256", "X: b\rContent-Length: 5", .bareCarriageReturn),
        ("CVE-2023-30589", "X: \rxTransfer-Encoding: chunked", .bareCarriageReturn),
        ("CVE-2019-16276", "Transfer-Encoding : chunked", .whitespaceBeforeColon),
        ("CVE-2024-27982", " Content-Length: 5", .obsoleteLineFolding),
        ("CVE-2023-47627", "Content-Length: 1_0", .invalidContentLength),
        ("CVE-2023-40518", "Transfer_Encoding: chunked", .aliasedFraming),
        ("HTTP Garden: plus", "Content-Length: +5", .invalidContentLength),
        ("HTTP Garden: minus zero", "Content-Length: -0", .invalidContentLength),
        ("HTTP Garden: hexadecimal", "Content-Length: 0x5", .invalidContentLength),
        ("HTTP Garden: list", "Content-Length: 5,5", .invalidContentLength),
        ("HTTP Garden: 2^64", "Content-Length: 18446744073709551616", .contentLengthOverflow),
        ("HTTP Garden: NUL", "X: b\0Content-Length: 5", .invalidFieldValue),
        ("HTTP Garden: leading comma", "Transfer-Encoding: ,chunked", .invalidTransferCoding),
        (
            "HTTP Garden: two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
            .repeatedTransferEncoding
        ),
        ("Kettle 2025: Expect", "Expect: y 100-continue", .unknownExpectation),
        ("CVE-2025-32094", "Expect:\r\n 100-continue", .unknownExpectation),
        ("Kettle 2019: space before colon", "Content-Length : 5", .whitespaceBeforeColon),
        ("Kettle 2019: folded", "X: b\r\n Transfer-Encoding: chunked", .obsoleteLineFolding),
        ("two Hosts", "Host: b", .repeatedHost),
    ]

    @Test(arguments: requests)
    func refusesRequest(id: String, fields: String, failure: HTTP1Failure) {
        let version = failure == .transferEncodingInHTTP10 ? "1.0" : "1.1"
        expectRefused("POST / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n\r\n", failure)
    }

    static let chunks: [(String, String, HTTP1Failure)] = [
        ("CVE-2025-22871", "5\nhello\r\n0\r\n\r\n", .bareLineFeed),
        ("HTTP Garden: bare LF", "5\r\nhello\n0\r\n\r\n", .missingChunkEnd),
        ("HTTP Garden: bare CR", "5\rXhello\r\n0\r\n\r\n", .bareCarriageReturn),
        ("Funky chunks: extension", "5;a\nb\r\nhello\r\n0\r\n\r\n", .bareLineFeed),
        ("Funky chunks: quote", "5;a=\"\r\nhello\r\n0\r\n\r\n\"", .bareCarriageReturn),
        ("Funky chunks: end", "5\r\nhelloXX0\r\n\r\n", .missingChunkEnd),
        ("HTTP Garden: prefix", "0x5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
        ("HTTP Garden: underscore", "5_\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
        ("HTTP Garden: space", " 5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
        ("HTTP Garden: 17 digits", "00000000000000005\r\nhello\r\n", .invalidChunkSize),
        ("HTTP Garden: overflow", "10000000000000005\r\nhello\r\n", .invalidChunkSize),
        ("CVE-2026-88004", "0\r\nTransfer-Encoding: chunked\r\n\r\n", .forbiddenTrailer),
        ("CVE-2026-88004 alias", "0\r\nContent_Length: 5\r\n\r\n", .forbiddenTrailer),
    ]

    @Test(arguments: chunks)
    func refusesChunks(id: String, text: String, failure: HTTP1Failure) {
        #expect(expectContent(text, .chunked).failure == failure)
    }

    /// CVE-2021-40346: a length kept in eight bits made a long name a short one.
    @Test func longNames() throws {
        for count in [255, 256, 257, 270, 511, 512, 65_000] {
            let name = "Content-Length" + String(repeating: "a", count: count - 14)
            let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\n\(name): 5\r\n\r\n".utf8)
            guard case .head(let record) = parseRequest(bytes) else {
                Issue.record("\(count)")
                continue
            }
            #expect(record.framing == .none && record.fields.last == "\(name): 5")
        }
    }

    /// CVE-2026-58055, CVE-2026-2833: a request that asks for another protocol is a request like
    /// others, its content counted.
    @Test func upgrades() throws {
        let record = try expectHead(get("Upgrade: h2c", "Connection: Upgrade", "Content-Length: 5"))
        #expect(record.framing == .length(5) && record.keepsAlive)
        expectRefusedResponse("HTTP/1.1 101 Switching Protocols\r\n\r\n", .unaskedSwitch)
    }

    /// Response splitting: what an upstream takes from a request stays in its line.
    @Test func answers() {
        let both = "Content-Length: 2\r\nTransfer-Encoding: chunked"
        expectRefusedResponse("HTTP/1.1 200 OK\r\n\(both)\r\n\r\n", .conflictingFraming)
        expectRefusedResponse("HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n", .bareLineFeed)
        expectRefusedResponse("HTTP/1.1 200 OK\r\nX: a\rY: b\r\n\r\n", .bareCarriageReturn)
        expectRefusedResponse("HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\n\r\n", .invalidFieldName)
    }
}

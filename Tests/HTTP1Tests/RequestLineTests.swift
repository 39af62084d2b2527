import HTTP1
import HTTPCore
import Testing

@Suite struct RequestLineTests {
    @Test func readsMethodTargetAndVersion() throws {
        let record = try expectHead("GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(record.method == .get && record.methodName == "GET")
        #expect(record.target == "/a?b=c" && record.version == .http11)
        #expect(record.framing == .none && record.keepsAlive && !record.expectsContinue)
    }

    @Test(arguments: [
        ("GET", Method.get), ("HEAD", .head), ("POST", .post), ("PUT", .put),
        ("DELETE", .delete), ("PATCH", .patch), ("OPTIONS", .options), ("CONNECT", .connect),
        ("TRACE", .trace), ("get", .other), ("Get", .other), ("GETS", .other), ("G", .other),
        ("PROPFIND", .other), ("!#$%&'*+-.^_`|~09", .other),
    ])
    func methods(name: String, method: Method) throws {
        let record = try expectHead("\(name) / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(record.method == method && record.methodName == name)
    }

    @Test(arguments: [
        "/", "*", "http://a/b", "a:443", "//", "/%00", "/a;b?c#d", "/\"<>\\^`{|}~", "admin",
    ])
    func targetsAreNotJudgedHere(target: String) throws {
        let record = try expectHead("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(record.target == target)
    }

    @Test func skipsTwoEmptyLinesAndNoMore() throws {
        let record = try expectHead("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(record.byteCount == 31 && record.target == "/" && record.fields == ["Host: a"])
        expectRefused("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .emptyRequestLine)
    }

    @Test func countsOnlyTheHead() throws {
        let record = try expectHead("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        #expect(record.byteCount == 27)
    }

    static let refused: [(String, HTTP1Failure)] = [
        ("GET  / HTTP/1.1", .requestLineWhitespace),
        ("GET /  HTTP/1.1", .requestLineWhitespace),
        ("GET / HTTP/1.1 ", .requestLineWhitespace),
        ("GET / HTTP/1.1\t", .requestLineWhitespace),
        ("GET /a b HTTP/1.1", .requestLineWhitespace),
        (" GET / HTTP/1.1", .requestLineWhitespace),
        ("\tGET / HTTP/1.1", .requestLineWhitespace),
        ("GET\t/ HTTP/1.1", .requestLineWhitespace),
        ("GET /\tHTTP/1.1", .requestLineWhitespace),
        ("GET /\u{B}HTTP/1.1", .invalidTarget),
        ("GET /\0 HTTP/1.1", .invalidTarget),
        ("GET /\u{7F} HTTP/1.1", .invalidTarget),
        ("GET /é HTTP/1.1", .invalidTarget),
        ("GET\0/ HTTP/1.1", .invalidMethod),
        ("G(T / HTTP/1.1", .invalidMethod),
        ("GE:T / HTTP/1.1", .invalidMethod),
        ("GÉT / HTTP/1.1", .invalidMethod),
        ("\u{16}\u{3}\u{1} / HTTP/1.1", .invalidMethod),
        ("GET", .missingVersion),
        ("GET /", .missingVersion),
        ("GET / ", .missingVersion),
        ("GET ", .missingVersion),
        ("GET / http/1.1", .malformedVersion),
        ("GET / Http/1.1", .malformedVersion),
        ("GET / HTTP/1.10", .malformedVersion),
        ("GET / HTTP/01.1", .malformedVersion),
        ("GET / HTTP/1", .malformedVersion),
        ("GET / HTTP/11.", .malformedVersion),
        ("GET / HTTP/1,1", .malformedVersion),
        ("GET / HTTP1.1", .malformedVersion),
        ("GET / HTTP/1.1;", .malformedVersion),
        ("GET / HTTP/1.\0", .malformedVersion),
        ("GET / HTTP/1.2", .unsupportedVersion),
        ("GET / HTTP/1.9", .unsupportedVersion),
        ("GET / HTTP/0.9", .unsupportedVersion),
        ("GET / HTTP/2.0", .unsupportedMajorVersion),
        ("GET / HTTP/9.9", .unsupportedMajorVersion),
        ("PRI * HTTP/2.0", .unsupportedMajorVersion),
        ("GET / HTTP/1.1\r", .bareCarriageReturn),
        ("GET /\rX HTTP/1.1", .bareCarriageReturn),
        ("GET\r / HTTP/1.1", .bareCarriageReturn),
        ("\rGET / HTTP/1.1", .bareCarriageReturn),
        ("GET / HTTP/1.1\nHost: a", .bareLineFeed),
        ("\nGET / HTTP/1.1", .bareLineFeed),
    ]

    @Test(arguments: refused)
    func refuses(line: String, failure: HTTP1Failure) {
        expectRefused("\(line)\r\nHost: a\r\n\r\n", failure)
    }

    @Test func everyByteOfATarget() {
        for byte in UInt8.min...UInt8.max where byte != 0x20 && byte != 0x0A && byte != 0x0D {
            let isVisible = byte > 0x20 && byte < 0x7F
            // Near the end and far from it: both ways of scanning.
            for tail in ["", " HTTP/1.1\r\nHost: a\r\n\r\n"] {
                let bytes = Array("GET /".utf8) + [byte] + Array((tail + "\r\n").utf8)
                let outcome = parseRequest(bytes)
                let refused: HTTP1Failure =
                    isVisible
                    ? .missingVersion : byte == 9 ? .requestLineWhitespace : .invalidTarget
                if tail.isEmpty || !isVisible {
                    #expect(outcome == .refused(refused), "\(byte)")
                } else if case .head(let record) = outcome {
                    #expect(record.target.utf8.count == 2)
                } else {
                    Issue.record("\(byte): \(outcome)")
                }
            }
        }
    }
}

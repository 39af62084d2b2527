import Bytes
import HTTP1
import HTTPCore
import Testing

/// What became of a head.
private enum Outcome: Equatable {
    case head([UInt8])
    case incomplete
    case failed(HTTP1Failure)
}

private let dictionary = [
    "\r\n", "\n", "\r", "\r\n\r\n", ":", ": ", " ", "\t", "\0", "HTTP/1.1", "HTTP/1.0", "GET ",
    "Host: a\r\n", "Content-Length: 5\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: ", "chunked", ", ", "Connection: close\r\n", "Expect: 100-continue\r\n",
    "18446744073709551616", "0x5", "-1", "+5", "_", ".", "%2e", "\u{00e9}", "Cookie: a=b\r\n",
    "Content_Length: 5\r\n", "X: \r\n y\r\n",
]

@Suite struct RandomMessages {
    private static let requests = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /a/b?c HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
        "PUT http://a/b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\r\nHEAD / HTTP/1.0\r\nConnection: keep-alive, x\r\nCookie: a=b; c=d\r\n\r\n",
        "OPTIONS /x HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nTE: trailers\r\n\r\n",
    ]
    private static let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 204 \r\n\r\n",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=3\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n0\r\n\r\n",
    ]

    @Test func `a request is read alike in any pieces`() {
        var mutator = Mutator(corpus: Self.requests, dictionary: dictionary)
        for _ in 0..<Fuzzing.rounds {
            let bytes = mutator.next()
            let whole = Self.request(bytes, ends: [bytes.count])
            let pieces = Self.request(bytes, ends: mutator.ends(of: bytes.count))
            #expect(whole == pieces, "\(bytes)")
        }
    }

    @Test func `an answer is read alike in any pieces`() {
        var mutator = Mutator(corpus: Self.answers, dictionary: dictionary)
        for _ in 0..<Fuzzing.rounds {
            let bytes = mutator.next()
            let whole = Self.answer(bytes, ends: [bytes.count])
            let pieces = Self.answer(bytes, ends: mutator.ends(of: bytes.count))
            #expect(whole == pieces, "\(bytes)")
        }
    }

    private static func request(_ bytes: [UInt8], ends: [Int]) -> Outcome {
        var parser = RequestParser()
        var head = RequestHead()
        do throws(HTTP1Failure) {
            for end in ends
            where try parser.parse(
                bytes.span.extracting(first: end),
                limits: Limits(),
                into: &head
            ) {
                checkLines(head.fields, bytes, byteCount: head.byteCount)
                return .head(
                    summary(bytes, [head.methodName, head.target], head.fields, head.byteCount)
                )
            }
            return .incomplete
        } catch {
            return .failed(error)
        }
    }

    private static func answer(_ bytes: [UInt8], ends: [Int]) -> Outcome {
        var parser = ResponseParser()
        var head = ResponseHead()
        do throws(HTTP1Failure) {
            for end in ends
            where try parser.parse(
                bytes.span.extracting(first: end),
                limits: Limits(),
                requestMethod: .get,
                into: &head
            ) {
                checkLines(head.fields, bytes, byteCount: head.byteCount)
                return .head(summary(bytes, [head.reason], head.fields, head.byteCount))
            }
            return .incomplete
        } catch {
            return .failed(error)
        }
    }

    /// Whatever was accepted, a line can neither end early nor begin another.
    private static func checkLines(_ fields: [FieldLine], _ bytes: [UInt8], byteCount: Int) {
        #expect(byteCount <= bytes.count)
        for field in fields {
            let name = bytes[field.name.indices]
            #expect(!name.isEmpty)
            #expect(name.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }, "\(bytes)")
            let value = bytes[field.value.indices]
            #expect(value.allSatisfy { $0 != 0x0D && $0 != 0x0A && $0 != 0 }, "\(bytes)")
        }
    }

    private static func summary(
        _ bytes: [UInt8],
        _ parts: [ByteRange],
        _ fields: [FieldLine],
        _ byteCount: Int
    ) -> [UInt8] {
        var all = Array("\(byteCount)".utf8)
        for part in parts + fields.flatMap({ [$0.name, $0.value] }) {
            all += bytes[part.indices] + [0]
        }
        return all
    }
}

import Bytes
import HTTP1
import HTTPCore
import Testing

@Suite struct RequestLimitTests {
    private func head(bytes: Int) -> String {
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        return start + String(repeating: "b", count: bytes - start.utf8.count - 4) + "\r\n\r\n"
    }

    @Test func bytesOfAHead() throws {
        var limits = Limits()
        limits.requestHead = 100
        #expect(try expectHead(head(bytes: 100), limits: limits).byteCount == 100)
        expectRefused(head(bytes: 101), .headTooLarge, limits: limits)
        expectRefused(head(bytes: 102), .headTooLarge, limits: limits)
        expectRefused(head(bytes: 300), .headTooLarge, limits: limits)
        // Content behind a head that fits is none of its bytes.
        let withContent = head(bytes: 100) + String(repeating: "c", count: 500)
        #expect(try expectHead(withContent, limits: limits).byteCount == 100)
    }

    @Test func aHeadWithoutAnEnd() {
        var limits = Limits()
        limits.requestHead = 100
        let text = "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "b", count: 71)
        #expect(text.utf8.count == 99)
        expectRequest(Array(text.utf8), limits: limits, .incomplete)
        expectRefused(text + "b", .headTooLarge, limits: limits)
        expectRefused(String(repeating: "G", count: 100), .targetTooLong, limits: limits)
        let brokenPastTheLimit = text + "\0\r\n\r\n"
        expectRefused(brokenPastTheLimit, .headTooLarge, limits: limits)
    }

    @Test func bytesOfATarget() throws {
        var limits = Limits()
        limits.requestTarget = 20
        let target = "/" + String(repeating: "a", count: 19)
        #expect(
            try expectHead("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits).target
                == target
        )
        let longer = "GET \(target)a HTTP/1.1\r\nHost: a\r\n\r\n"
        expectRefused(longer, .targetTooLong, limits: limits)
        expectRefused("GET \(target)a\r\nHost: a\r\n\r\n", .targetTooLong, limits: limits)
    }

    @Test func fieldsOfAHead() throws {
        var limits = Limits()
        limits.requestFields = 3
        #expect(try expectHead(get("A: b", "C: d"), limits: limits).fields.count == 3)
        expectRefused(get("A: b", "C: d", "E: f"), .tooManyFields, limits: limits)
    }

    @Test func statusesOfFailures() {
        #expect(HTTP1Failure.headTooLarge.status == 431)
        #expect(HTTP1Failure.tooManyFields.status == 431)
        #expect(HTTP1Failure.targetTooLong.status == 414)
        #expect(HTTP1Failure.contentTooLarge.status == 413)
        #expect(HTTP1Failure.unknownExpectation.status == 417)
        #expect(HTTP1Failure.unsupportedMajorVersion.status == 505)
        #expect(HTTP1Failure.unsupportedVersion.status == 400)
        #expect(HTTP1Failure.conflictingFraming.status == 400)
    }

    @Test func everyFailureHasADetailOfItsOwn() {
        var seen = Set<String>()
        for failure in HTTP1Failure.allCases {
            let detail = failure.detail.description
            #expect(!detail.isEmpty && seen.insert(detail).inserted, "\(failure)")
        }
    }

    @Test func parserAndHeadAreUsedAgain() throws {
        var parser = RequestParser()
        var head = RequestHead()
        let first = Array("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n".utf8)
        let second = Array("GET /b HTTP/1.0\r\nX: y\r\n\r\n".utf8)
        #expect(try parser.parse(first.span, limits: Limits(), into: &head))
        let again = try parser.parse(first.span, limits: Limits(), into: &head)
        #expect(again && RequestRecord(head, first).target == "/first")
        parser.reset()
        #expect(try parser.parse(second.span, limits: Limits(), into: &head))
        let record = RequestRecord(head, second)
        #expect(record.target == "/b" && record.fields == ["X: y"] && record.framing == .none)
        #expect(!record.keepsAlive && record.method == .get && record.byteCount == second.count)
    }
}

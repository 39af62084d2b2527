import Bytes
import EventLoop
import Glibc
import HTTPCore
import Testing

@testable import Observability

/// The texts of one line, for the tests.
struct Texts {
    var requestID = "0123"
    var host = "app.example.com"
    var path = "/orders"
    var methodName = "GET"
    var user = "u-1"
    var session = "handle-1"
    var route = "orders"
    var upstream = "orders"

    static let none = Texts(
        requestID: "",
        host: "",
        path: "",
        methodName: "",
        user: "",
        session: "",
        route: "",
        upstream: ""
    )

    func append(_ record: ExchangeRecord, to ring: inout LogRing) {
        // Each in a variable: a span must not outlive what it looks into.
        let requestID = Array(self.requestID.utf8)
        let host = Array(self.host.utf8)
        let path = Array(self.path.utf8)
        let methodName = Array(self.methodName.utf8)
        let user = Array(self.user.utf8)
        let session = Array(self.session.utf8)
        let route = Array(self.route.utf8)
        let upstream = Array(self.upstream.utf8)
        ring.append(
            record,
            requestID: requestID.span,
            host: host.span,
            path: path.span,
            methodName: methodName.span,
            user: user.span,
            session: session.span,
            routeName: route.span,
            upstreamName: upstream.span
        )
    }
}

/// A file in /tmp, removed when the test ends.
final class TemporaryFile {
    let path: String

    init(_ name: String) {
        path = "/tmp/sallyport-\(getpid())-\(name).log"
        _ = unsafe unlink(path)
    }

    deinit { _ = unsafe unlink(path) }

    var lines: [String] {
        let bytes = (try? FileContents.read(path, maximum: 1 << 26)) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

@Suite struct AccessLogTests {
    private var forwarded: ExchangeRecord {
        var record = ExchangeRecord()
        record.method = .get
        record.status = 200
        record.duration = .microseconds(1_234_567)
        record.upstreamDuration = .microseconds(1_002)
        record.bytesIn = 5
        record.bytesOut = 678
        record.clientAddress = .v4(0xC000_0201, port: 5000)
        record.tls = "TLSv1.3"
        record.startedAt = 1_700_000_000_050
        return record
    }

    private func lines(of name: String, _ body: (inout LogRing) -> Void) throws -> [String] {
        let file = TemporaryFile(name)
        let log = try AccessLog.open(.file(path: file.path), workers: 1)
        var ring = log.ring(0)
        body(&ring)
        log.close()
        #expect(log.dropped == 0)
        return file.lines
    }

    @Test func writesTheFieldsInTheirOrder() throws {
        let lines = try lines(of: "fields") { Texts().append(forwarded, to: &$0) }
        #expect(
            lines == [
                #"{"time":"2023-11-14T22:13:20.050Z","request_id":"0123","client":"192.0.2.1","#
                    + #""method":"GET","host":"app.example.com","path":"/orders","#
                    + #""route":"orders","status":200,"reason":null,"user":"u-1","#
                    + #""session":"handle-1","upstream":"orders","duration_ms":1234.567,"#
                    + #""upstream_ms":1.002,"bytes_in":5,"bytes_out":678,"#
                    + #""protocol":"HTTP/1.1","tls":"TLSv1.3"}"#
            ]
        )
    }

    @Test func emptyIsNull() throws {
        var record = ExchangeRecord()
        record.reason = .badRequest
        record.detail = "ambiguous_path"
        record.version = .http10
        record.clientAddress = .v6(high: 0, low: 1, port: 1, scope: 0)
        let lines = try lines(of: "null") { Texts.none.append(record, to: &$0) }
        #expect(
            lines == [
                #"{"time":"1970-01-01T00:00:00.000Z","request_id":null,"client":"::1","#
                    + #""method":null,"host":null,"path":null,"route":null,"status":null,"#
                    + #""reason":"bad_request","user":null,"session":null,"upstream":null,"#
                    + #""duration_ms":0.000,"upstream_ms":null,"bytes_in":0,"bytes_out":0,"#
                    + #""protocol":"HTTP/1.0","tls":null,"detail":"ambiguous_path"}"#
            ]
        )
    }

    @Test func logsNoQueryAndNoRawControlBytes() throws {
        var texts = Texts()
        texts.path = "/a\n\"b?token=secret"
        texts.user = "\u{0}\u{1B}[2J"
        let lines = try lines(of: "escape") { texts.append(forwarded, to: &$0) }
        #expect(lines.count == 1)
        #expect(lines[0].contains(#""path":"/a\u000a\"b","#) && !lines[0].contains("secret"))
        #expect(lines[0].contains(#""user":"\u0000\u001b[2J","#))
    }

    @Test func theLongestLineFits() throws {
        let long = String(repeating: "\u{1}", count: 10_000)
        var texts = Texts()
        texts.requestID = long
        texts.host = long
        texts.path = long
        texts.methodName = long
        texts.user = long
        texts.session = long
        texts.route = long
        texts.upstream = long
        var record = forwarded
        record.bytesIn = .max
        record.bytesOut = .max
        record.duration = .seconds(Int64.max)
        record.detail = "ambiguous_path"
        record.clientAddress = .v6(high: .max, low: .max, port: .max, scope: .max)
        let lines = try lines(of: "long") { texts.append(record, to: &$0) }
        #expect(lines.count == 1 && lines[0].hasSuffix(#""detail":"ambiguous_path"}"#))
    }

    @Test func carriesEveryLineOfTwoWorkers() throws {
        let file = TemporaryFile("two")
        let log = try AccessLog.open(.file(path: file.path), workers: 2)
        let count = 3_000
        let record = forwarded
        let threads = try (0..<2).map { worker in
            try Thread.start(name: "worker \(worker)") {
                var ring = log.ring(worker)
                var texts = Texts()
                for number in 0..<count {
                    texts.requestID = "\(worker)-\(number)"
                    texts.append(record, to: &ring)
                    // The pace of a busy worker: a megabyte takes the writer a few milliseconds.
                    if number % 1_000 == 999 { usleep(60_000) }
                }
            }
        }
        for thread in threads { thread.join() }
        log.close()
        let lines = file.lines
        #expect(UInt64(lines.count) + log.dropped == UInt64(2 * count))
        #expect(lines.allSatisfy { $0.hasPrefix("{\"time\"") && $0.hasSuffix("}") })
        for worker in 0..<2 {
            let numbers = lines.compactMap { line -> Int? in
                let text = line.split(separator: "\"request_id\":\"\(worker)-").dropFirst().first
                return text.flatMap { Int($0.prefix { $0 != "\"" }) }
            }
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        }
    }
}

import Bytes
import HTTP1
import HTTPCore
import TestSupport
import Testing

/// What a request's bytes came to.
enum RequestOutcome: Equatable {
    case head(RequestRecord)
    case incomplete
    case refused(HTTP1Failure)
}

/// A request head with its ranges resolved.
struct RequestRecord: Equatable {
    var method: Method
    var methodName: String
    var target: String
    var version: HTTPVersion
    /// `name: value` of each line; an alias has a `~` before it.
    var fields: [String]
    var framing: ContentFraming
    var keepsAlive: Bool
    var expectsContinue: Bool
    var byteCount: Int

    init(_ head: RequestHead, _ bytes: [UInt8]) {
        method = head.method
        methodName = text(of: head.methodName, bytes)
        target = text(of: head.target, bytes)
        version = head.version
        fields = head.fields.map { record(of: $0, bytes) }
        framing = head.framing
        keepsAlive = head.keepsAlive
        expectsContinue = head.expectsContinue
        byteCount = head.byteCount
    }
}

func record(of line: FieldLine, _ bytes: [UInt8]) -> String {
    let name = text(of: line.name, bytes)
    return "\(line.isAlias ? "~" : "")\(name): \(text(of: line.value, bytes))"
}

func text(of range: ByteRange, _ bytes: [UInt8]) -> String {
    String(decoding: bytes[range.indices], as: UTF8.self)
}

/// Parses `bytes` as they would arrive when cut at `cuts`; each call sees memory of its own that
/// ends where the bytes do.
func parseRequest(
    _ bytes: [UInt8],
    cuts: [Int] = [],
    limits: Limits = Limits()
) -> RequestOutcome {
    var parser = RequestParser()
    var head = RequestHead()
    for end in cuts + [bytes.count] {
        let arrived = Array(bytes[..<end])
        do throws(HTTP1Failure) {
            if try parser.parse(arrived.span, limits: limits, into: &head) {
                return .head(RequestRecord(head, arrived))
            }
        } catch {
            return .refused(error)
        }
    }
    return .incomplete
}

/// Expects one outcome of `bytes` at once, cut in two everywhere, and byte by byte.
func expectRequest(
    _ bytes: [UInt8],
    limits: Limits = Limits(),
    _ outcome: RequestOutcome,
    _ name: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let outcomes = everySplit(of: bytes) { parseRequest(bytes, cuts: $0, limits: limits) }
    #expect(outcomes.whole == outcome, "\(name)", sourceLocation: sourceLocation)
    #expect(outcomes.differing.isEmpty, "\(name)", sourceLocation: sourceLocation)
}

func expectRefused(
    _ text: String,
    _ failure: HTTP1Failure,
    limits: Limits = Limits(),
    sourceLocation: SourceLocation = #_sourceLocation
) {
    expectRequest(
        Array(text.utf8),
        limits: limits,
        .refused(failure),
        text,
        sourceLocation: sourceLocation
    )
}

/// The head that `text` must give, however it is cut.
func expectHead(
    _ text: String,
    limits: Limits = Limits(),
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> RequestRecord {
    let outcome = parseRequest(Array(text.utf8), limits: limits)
    expectRequest(Array(text.utf8), limits: limits, outcome, text, sourceLocation: sourceLocation)
    guard case .head(let record) = outcome else {
        Issue.record("\(text): \(outcome)", sourceLocation: sourceLocation)
        throw NoHead()
    }
    return record
}

struct NoHead: Error {}

/// A request with these field lines after `Host: a`.
func get(_ fields: String...) -> String {
    "GET / HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
}

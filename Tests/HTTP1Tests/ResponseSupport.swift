import HTTP1
import HTTPCore
import TestSupport
import Testing

/// What an answer's bytes came to.
enum ResponseOutcome: Equatable {
    case head(ResponseRecord)
    case incomplete
    case refused(HTTP1Failure)
}

/// An answer's head with its ranges resolved.
struct ResponseRecord: Equatable {
    var status: UInt16
    var reason: String
    var version: HTTPVersion
    var fields: [String]
    var framing: ContentFraming
    var keepsAlive: Bool
    var keepAliveTimeout: UInt32?
    var byteCount: Int

    init(_ head: ResponseHead, _ bytes: [UInt8]) {
        status = head.status
        reason = text(of: head.reason, bytes)
        version = head.version
        fields = head.fields.map { record(of: $0, bytes) }
        framing = head.framing
        keepsAlive = head.keepsAlive
        keepAliveTimeout = head.keepAliveTimeout
        byteCount = head.byteCount
    }
}

/// Parses `bytes` as they would arrive when cut at `cuts`.
func parseResponse(
    _ bytes: [UInt8],
    cuts: [Int] = [],
    method: Method = .get,
    limits: Limits = Limits()
) -> ResponseOutcome {
    var parser = ResponseParser()
    var head = ResponseHead()
    for end in cuts + [bytes.count] {
        let arrived = Array(bytes[..<end])
        do throws(HTTP1Failure) {
            let isComplete = try parser.parse(
                arrived.span,
                limits: limits,
                requestMethod: method,
                into: &head
            )
            if isComplete { return .head(ResponseRecord(head, arrived)) }
        } catch {
            return .refused(error)
        }
    }
    return .incomplete
}

/// Expects one outcome of `text` at once, cut in two everywhere, and byte by byte.
func expectOneOutcome(
    _ text: String,
    method: Method,
    limits: Limits,
    sourceLocation: SourceLocation
) -> ResponseOutcome {
    let bytes = Array(text.utf8)
    let outcomes = everySplit(of: bytes) {
        parseResponse(bytes, cuts: $0, method: method, limits: limits)
    }
    #expect(outcomes.differing.isEmpty, "\(text)", sourceLocation: sourceLocation)
    return outcomes.whole
}

func expectRefusedResponse(
    _ text: String,
    _ failure: HTTP1Failure,
    method: Method = .get,
    limits: Limits = Limits(),
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let outcome = expectOneOutcome(
        text,
        method: method,
        limits: limits,
        sourceLocation: sourceLocation
    )
    #expect(outcome == .refused(failure), "\(text)", sourceLocation: sourceLocation)
}

/// The head that `text` must give, however it is cut.
func expectResponse(
    _ text: String,
    method: Method = .get,
    limits: Limits = Limits(),
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> ResponseRecord {
    let outcome = expectOneOutcome(
        text,
        method: method,
        limits: limits,
        sourceLocation: sourceLocation
    )
    guard case .head(let record) = outcome else {
        Issue.record("\(text): \(outcome)", sourceLocation: sourceLocation)
        throw NoHead()
    }
    return record
}

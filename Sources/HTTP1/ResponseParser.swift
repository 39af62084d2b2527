import Bytes
public import HTTPCore

/// Reads an answer's head line by line as its bytes arrive (RFC 9112 §2, §4–§6, §9).
///
/// Interim answers (1xx) are heads like others: `reset`, and read the next one.
public struct ResponseParser: Sendable {
    private enum Phase {
        case statusLine, fields, finished
    }

    private var phase = Phase.statusLine
    private var lines = LineReader()
    private var framing = FramingFields(repeatsLength: true)
    /// A `Connection` that is no list of tokens: the answer stands, the connection does not.
    private var hasOddConnection = false

    /// A parser at the first byte of a head.
    public init() {}

    /// Makes the parser ready for another head.
    public mutating func reset() {
        self = ResponseParser()
    }

    /// Reads on. The first call of a head makes `head` empty.
    ///
    /// - Parameters:
    ///   - bytes: everything from the head's first byte, with each call as much or more.
    ///   - limits: bytes of the head, and how many fields it may have.
    ///   - requestMethod: the method of the request it answers; HEAD's answer has no content.
    ///   - maySwitch: whether the request asked for another protocol; else a 101 is refused.
    ///   - head: what was read so far; whole only after true.
    /// - Returns: whether the head is complete; `head.byteCount` then says how long it is.
    /// - Throws: the rule that the head breaks, of several the first.
    public mutating func parse(
        _ bytes: Span<UInt8>,
        limits: borrowing Limits,
        requestMethod: Method,
        maySwitch: Bool = false,
        into head: inout ResponseHead
    ) throws(HTTP1Failure) -> Bool {
        if phase == .finished { return true }
        if lines.start == 0 { head.reset() }
        let window = bytes.extracting(first: limits.requestHead)
        while let line = try lines.next(window) {
            if phase == .statusLine {
                try readStatusLine(window, line, &head)
            } else if line.isEmpty {
                try finish(&head, requestMethod: requestMethod, maySwitch: maySwitch)
                return true
            } else {
                guard head.fields.count < limits.requestFields else { throw .tooManyFields }
                let field = try FieldLine(window, line: line)
                head.fields.append(field)
                if field.id != .other, !field.isAlias { try read(field, window, &head) }
            }
        }
        guard bytes.count < limits.requestHead else { throw .headTooLarge }
        return false
    }

    /// `HTTP-version SP status-code [SP reason-phrase]`; the last space is missing from many
    /// servers' answers without a reason phrase.
    private mutating func readStatusLine(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        _ head: inout ResponseHead
    ) throws(HTTP1Failure) {
        let start = line.lowerBound
        guard line.count >= 12, bytes[start &+ 8] == 0x20 else { throw .malformedStatusLine }
        guard let version = HTTPVersion(bytes, from: start, to: start &+ 8) else {
            let isHTTP = bytes.extracting(start..<start &+ 5).equals("HTTP/")
            throw isHTTP ? .unsupportedVersion : .malformedStatusLine
        }
        var status: UInt16 = 0
        for index in start &+ 9..<start &+ 12 {
            guard bytes[index].isDigit else { throw .invalidStatus }
            status = status &* 10 &+ UInt16(bytes[index] &- 0x30)
        }
        guard status >= 100 else { throw .invalidStatus }
        var reason = start &+ 12
        if reason < line.upperBound {
            guard bytes[reason] == 0x20 else { throw .invalidStatus }
            reason &+= 1
        }
        let odd = bytes.scanFieldValue(from: reason, to: line.upperBound)
        guard odd == line.upperBound else {
            throw bytes[odd] == 0x0D ? .bareCarriageReturn : .invalidReasonPhrase
        }
        head.version = version
        head.status = status
        head.reason = ByteRange(reason..<line.upperBound)
        phase = .fields
    }

    private mutating func read(
        _ field: FieldLine,
        _ bytes: Span<UInt8>,
        _ head: inout ResponseHead
    ) throws(HTTP1Failure) {
        let value = bytes.bytes(field.value)
        switch field.id {
        case .contentLength:
            try framing.readContentLength(value)
        case .transferEncoding:
            try framing.readTransferEncoding(value, version: head.version)
        case .connection:
            do {
                try framing.readConnection(value)
            } catch {
                hasOddConnection = true
            }
        case .keepAlive:
            guard let timeout = KeepAliveField.timeout(value) else { return }
            head.keepAliveTimeout = min(timeout, head.keepAliveTimeout ?? timeout)
        default:
            return
        }
    }

    /// RFC 9112 §6.3 in its order.
    private mutating func finish(
        _ head: inout ResponseHead,
        requestMethod: Method,
        maySwitch: Bool
    ) throws(HTTP1Failure) {
        let given = try framing.framing()
        // What follows a 101 belongs to the other protocol, so it has no content to frame.
        guard
            head.status != 101
                || (maySwitch && framing.upgrades && (given ?? .length(0)) == .length(0))
        else { throw .unaskedSwitch }
        let hasNone = head.status < 200 || head.status == 204 || head.status == 304
        head.framing = hasNone || requestMethod == .head ? .none : given ?? .untilClose
        head.keepsAlive =
            !hasOddConnection && head.framing != .untilClose && framing.persists(head.version)
        head.byteCount = lines.start
        phase = .finished
    }
}

import Bytes
public import HTTPCore

/// Reads a request's head line by line as its bytes arrive (RFC 9112 §2–§6, §9).
///
/// What can be read in two ways is refused, even where the RFC would let a recipient repair it.
/// Whether the target and the Host mean anything is `RequestTarget`'s to say.
///
/// ```
/// requestLine --line--> fields --empty line--> finished
/// ```
public struct RequestParser: Sendable {
    private enum Phase {
        case requestLine, fields, finished
    }

    /// What the `Upgrade` fields ask for (RFC 9110 §7.8).
    private enum Upgrade {
        case none, webSocket, other
    }

    /// Empty lines before a request line that are skipped (RFC 9112 §2.2).
    private static let emptyLinesMaximum = 2

    private var phase = Phase.requestLine
    private var lines = LineReader()
    private var emptyLines = 0
    private var hasHost = false
    private var expectsContinue = false
    private var upgrade = Upgrade.none
    /// Whether a field came that only a WebSocket's handshake has.
    private var hasHandshake = false
    private var framing = FramingFields(repeatsLength: false)

    /// A parser at the first byte of a head.
    public init() {}

    /// Makes the parser ready for another head.
    public mutating func reset() {
        self = RequestParser()
    }

    /// Reads on. The first call of a head makes `head` empty.
    ///
    /// - Parameters:
    ///   - bytes: everything from the head's first byte, with each call as much or more.
    ///   - limits: bytes of the head and of its target, and how many fields it may have.
    ///   - head: what was read so far; whole only after true.
    /// - Returns: whether the head is complete; `head.byteCount` then says how long it is, empty
    ///   lines before it included.
    /// - Throws: the rule that the head breaks, of several the first.
    public mutating func parse(
        _ bytes: Span<UInt8>,
        limits: borrowing Limits,
        into head: inout RequestHead
    ) throws(HTTP1Failure) -> Bool {
        if phase == .finished { return true }
        if lines.start == 0 { head.reset() }
        // Only what the limit allows is looked at, so that the outcome is the same however much of
        // a head that is too large came at once.
        let window = bytes.extracting(first: limits.requestHead)
        while let line = try lines.next(window) {
            if phase == .requestLine {
                try readRequestLine(window, line, maximumTarget: limits.requestTarget, &head)
            } else if line.isEmpty {
                try finish(&head)
                return true
            } else {
                guard head.fields.count < limits.requestFields else { throw .tooManyFields }
                let field = try FieldLine(window, line: line)
                head.fields.append(field)
                if field.id != .other { try read(field, window, version: head.version) }
            }
        }
        guard bytes.count < limits.requestHead else {
            throw phase == .requestLine ? .targetTooLong : .headTooLarge
        }
        return false
    }

    private mutating func readRequestLine(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        maximumTarget: Int,
        _ head: inout RequestHead
    ) throws(HTTP1Failure) {
        guard !line.isEmpty else {
            emptyLines += 1
            guard emptyLines <= Self.emptyLinesMaximum else { throw .emptyRequestLine }
            return
        }
        let read = try RequestLine(bytes, line: line, maximumTarget: maximumTarget)
        head.methodName = read.method
        head.method = Method.lookup(bytes.bytes(read.method))
        head.target = read.target
        head.version = read.version
        phase = .fields
    }

    /// Takes in a field that decides where the request ends or what becomes of its connection.
    private mutating func read(
        _ field: FieldLine,
        _ bytes: Span<UInt8>,
        version: HTTPVersion
    ) throws(HTTP1Failure) {
        switch field.id {
        case .host:
            if hasHost { throw .repeatedHost }
            hasHost = true
        case .contentLength:
            // Some servers take `Content_Length` for the real field.
            if field.isAlias { throw .aliasedFraming }
            try framing.readContentLength(bytes.bytes(field.value))
        case .transferEncoding:
            if field.isAlias { throw .aliasedFraming }
            try framing.readTransferEncoding(bytes.bytes(field.value), version: version)
        case .connection:
            try framing.readConnection(bytes.bytes(field.value))
        case .expect:
            guard !expectsContinue, bytes.bytes(field.value).equalsIgnoringCase("100-continue")
            else { throw .unknownExpectation }
            expectsContinue = true
        case .secWebSocketKey, .secWebSocketVersion:
            if !field.isAlias { hasHandshake = true }
        case .upgrade where !field.isAlias:
            let isWebSocket = bytes.bytes(field.value).equalsIgnoringCase("websocket")
            upgrade = upgrade == .none && isWebSocket ? .webSocket : .other
        default:
            return
        }
    }

    private mutating func finish(_ head: inout RequestHead) throws(HTTP1Failure) {
        // RFC 9112 §3.2. HTTP/1.0 did not know the field.
        guard hasHost || head.version < .http11 else { throw .missingHost }
        head.framing = try framing.framing() ?? .none
        head.keepsAlive = framing.persists(head.version)
        // RFC 9110 §10.1.1: not to be honoured from HTTP/1.0, nor where no content can follow.
        head.expectsContinue =
            expectsContinue && head.version >= .http11 && head.framing.mayHaveContent
        // The content would be the tunnel's first bytes to some servers (CVE-2026-58055).
        head.asksForWebSocket =
            upgrade == .webSocket && hasHandshake && framing.upgrades && head.method == .get
            && head.version == .http11 && !head.framing.mayHaveContent
        head.byteCount = lines.start
        phase = .finished
    }
}

extension ContentFraming {
    fileprivate var mayHaveContent: Bool {
        switch self {
        case .none: false
        case .length(let length): length > 0
        case .chunked, .untilClose: true
        }
    }
}

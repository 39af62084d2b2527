import Bytes
import HTTPCore

/// What the fields of one head say about its content and its connection, gathered line by line.
struct FramingFields {
    /// Whether the same length may be given again: an answer's may (RFC 9112 §6.3), a request's may
    /// not, because some upstreams read the first and some the last.
    let repeatsLength: Bool
    private(set) var contentLength: UInt64?
    private(set) var isChunked = false
    private var connectionBytes = 0
    private(set) var closes = false
    private(set) var keepsAlive = false
    /// Whether `Connection` lists `upgrade`.
    private(set) var upgrades = false

    init(repeatsLength: Bool) {
        self.repeatsLength = repeatsLength
    }

    /// A `Content-Length` (RFC 9110 §8.6): digits, and no more than a signed 64-bit number holds,
    /// since programs that count with one would read another length.
    mutating func readContentLength(_ value: Span<UInt8>) throws(HTTP1Failure) {
        guard !value.isEmpty else { throw .invalidContentLength }
        var length: UInt64 = 0
        var isTooLarge = false
        for index in value.indices {
            guard value[index].isDigit else { throw .invalidContentLength }
            // A tenth of 2^63 leaves room for one more digit.
            if length > 0x0CCC_CCCC_CCCC_CCCC { isTooLarge = true }
            length = length &* 10 &+ UInt64(value[index] &- 0x30)
            if length > UInt64(Int64.max) { isTooLarge = true }
        }
        if isTooLarge { throw .contentLengthOverflow }
        if let earlier = contentLength, !repeatsLength || earlier != length {
            throw .repeatedContentLength
        }
        contentLength = length
    }

    /// A `Transfer-Encoding` (RFC 9112 §6.1): `chunked` alone, once.
    mutating func readTransferEncoding(
        _ value: Span<UInt8>,
        version: HTTPVersion
    ) throws(HTTP1Failure) {
        if version < .http11 { throw .transferEncodingInHTTP10 }
        if isChunked { throw .repeatedTransferEncoding }
        guard value.equalsIgnoringCase("chunked") else { throw .invalidTransferCoding }
        isChunked = true
    }

    /// A `Connection` (RFC 9110 §7.6.1): a list of tokens, of which `close`, `keep-alive` and
    /// `upgrade` count.
    /// All its lines have at most `Limits.connectionField` bytes, because each field of the head is
    /// looked for in them.
    mutating func readConnection(_ value: Span<UInt8>) throws(HTTP1Failure) {
        connectionBytes &+= value.count
        guard connectionBytes <= Limits.connectionField else { throw .invalidConnection }
        var index = 0
        while index < value.count {
            if value[index] == 0x2C || value[index].isWhitespace {
                index &+= 1
                continue
            }
            let end = value.scanToken(from: index, to: value.count)
            guard end > index else { throw .invalidConnection }
            let option = value.extracting(index..<end)
            if option.equalsIgnoringCase("close") {
                closes = true
            } else if option.equalsIgnoringCase("keep-alive") {
                keepsAlive = true
            } else if option.equalsIgnoringCase("upgrade") {
                upgrades = true
            }
            index = end
            while index < value.count, value[index].isWhitespace { index &+= 1 }
            guard index == value.count || value[index] == 0x2C else { throw .invalidConnection }
        }
    }

    /// `chunked`, a length, or nil when neither was given.
    ///
    /// RFC 9112 §6.3 lets the chunked coding win over a length. A peer that sends both is either
    /// broken or smuggling.
    func framing() throws(HTTP1Failure) -> ContentFraming? {
        if isChunked {
            guard contentLength == nil else { throw .conflictingFraming }
            return .chunked
        }
        if let contentLength { return .length(contentLength) }
        return nil
    }

    /// Whether the connection persists (RFC 9112 §9.3).
    func persists(_ version: HTTPVersion) -> Bool {
        !closes && (version >= .http11 || keepsAlive)
    }
}

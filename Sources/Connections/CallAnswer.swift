import Bytes
package import HTTP1
package import HTTPCore

/// One answer to a call, read as its bytes come: its head, and its content decoded and whole.
package struct CallAnswer: Sendable {
    /// The head: of the last interim answer, until the final one is there.
    package private(set) var head = ResponseHead()
    /// What has come of the content; at most `CallClient.contentMaximum` bytes.
    package private(set) var content: [UInt8] = []
    private var parser = ResponseParser()
    private var decoder: ContentDecoder?
    private var trailers: [FieldLine] = []
    private var interimResponses = 0

    /// Nothing has come.
    package init() {}

    /// Reads on.
    ///
    /// - Parameters:
    ///   - bytes: all that came and was not consumed.
    ///   - method: the request's.
    ///   - limits: of the head.
    /// - Returns: whether the answer is whole, and how many bytes are used up.
    /// - Throws: when it is no answer (RFC 9112), or a larger one than the gateway takes.
    package mutating func read(
        _ bytes: Span<UInt8>,
        to method: Method,
        limits: Limits
    ) throws(HTTP1Failure) -> (isComplete: Bool, consumed: Int) {
        var consumed = 0
        while decoder == nil {
            let rest = bytes.extracting(consumed...)
            guard !rest.isEmpty,
                try parser.parse(rest, limits: limits, requestMethod: method, into: &head)
            else { return (false, consumed) }
            consumed += head.byteCount
            if head.status < 200 {
                interimResponses += 1
                guard interimResponses <= Limits.interimResponses else { throw .headTooLarge }
                parser.reset()
                head.reset()
                continue
            }
            decoder = ContentDecoder(head.framing)
        }
        guard var decoding = decoder else { return (false, consumed) }
        defer { decoder = decoding }
        while true {
            let rest = bytes.extracting(consumed...)
            switch try decoding.next(rest, trailers: &trailers) {
            case .content(let range, let count):
                content += rest.bytes(range).copied()
                consumed += count
                guard content.count <= CallClient.contentMaximum else { throw .contentTooLarge }
            case .needsMore(let count):
                return (false, consumed + count)
            case .trailers(let count):
                consumed += count
            case .end(let count):
                return (true, consumed + count)
            }
        }
    }

    /// No more will come, which ends some answers.
    ///
    /// - Throws: when the answer is not whole.
    package mutating func end() throws(HTTP1Failure) {
        guard decoder != nil else { throw .incompleteContent }
        try decoder?.endOfStream()
    }
}

import Bytes
import HTTP1
import HTTPCore
import TestSupport
import Testing

/// What the bytes after a head came to.
struct ContentOutcome: Equatable {
    var content = ""
    var trailers: [String] = []
    var isFinished = false
    var failure: HTTP1Failure?
    /// Bytes that are the content's, its framing included.
    var consumed = 0
}

/// Decodes `bytes` as a connection would: pieces end at `cuts`, what is consumed is dropped.
func decodeContent(
    _ bytes: [UInt8],
    _ framing: ContentFraming,
    cuts: [Int] = [],
    closes: Bool = false,
    trailersMaximum: Int = 128
) -> ContentOutcome {
    var decoder = ContentDecoder(framing, trailersMaximum: trailersMaximum)
    var outcome = ContentOutcome()
    var content: [UInt8] = []
    var trailers: [FieldLine] = []
    var start = 0
    do throws(HTTP1Failure) {
        for end in cuts + [bytes.count] {
            reading: while true {
                let input = Array(bytes[start..<end])
                switch try decoder.next(input.span, trailers: &trailers) {
                case .content(let range, let consumed):
                    content += input[range.indices]
                    start += consumed
                case .needsMore(let consumed):
                    start += consumed
                    break reading
                case .trailers(let consumed):
                    outcome.trailers = trailers.map { record(of: $0, input) }
                    start += consumed
                case .end(let consumed):
                    start += consumed
                    break reading
                }
            }
        }
        if closes { try decoder.endOfStream() }
    } catch {
        outcome.failure = error
    }
    outcome.isFinished = decoder.isFinished
    outcome.consumed = outcome.failure == nil && outcome.isFinished ? start : 0
    outcome.content = String(decoding: content, as: UTF8.self)
    return outcome
}

/// The outcome of `text` at once, which cuts may not change.
func expectContent(
    _ text: String,
    _ framing: ContentFraming,
    closes: Bool = false,
    trailersMaximum: Int = 128,
    sourceLocation: SourceLocation = #_sourceLocation
) -> ContentOutcome {
    let bytes = Array(text.utf8)
    let outcomes = everySplit(of: bytes) {
        decodeContent(
            bytes,
            framing,
            cuts: $0,
            closes: closes,
            trailersMaximum: trailersMaximum
        )
    }
    #expect(outcomes.differing.isEmpty, "\(text)", sourceLocation: sourceLocation)
    return outcomes.whole
}

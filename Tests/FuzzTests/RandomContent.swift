import Bytes
import HTTP1
import HTTPCore
import Testing

/// What became of chunked content.
private struct Outcome: Equatable {
    var content: [UInt8] = []
    var trailers: [UInt8] = []
    var isFinished = false
    var failure: HTTP1Failure?
    /// Bytes that belong to the content.
    var consumed = 0
}

@Suite struct RandomContent {
    private static let corpus = [
        "5\r\nhello\r\n0\r\n\r\n",
        "A;a=b\r\n0123456789\r\n1\r\nx\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\n",
        "1;q=\"a;\\\"b\"\r\nx\r\n00\r\nA: b\r\nC: d\r\n\r\n",
    ]
    private static let dictionary = [
        "\r\n", "\n", "\r", ";", "=", "\"", "\\", "0\r\n", "ffffffffffffffff", "0x", "_", " ",
        "7fffffffffffffff\r\n", "X: y\r\n", "Content-Length: 5\r\n", "\0", "-1", "+1",
    ]

    @Test func `chunks are read alike in any pieces`() {
        var mutator = Mutator(corpus: Self.corpus, dictionary: Self.dictionary)
        for _ in 0..<Fuzzing.rounds {
            let bytes = mutator.next()
            let whole = Self.decode(bytes, ends: [bytes.count])
            var pieces = Self.decode(bytes, ends: mutator.ends(of: bytes.count))
            // A failure in one piece may hide content before it that the other already gave.
            if whole.failure != nil { pieces.content = whole.content }
            pieces.consumed = whole.failure == nil ? pieces.consumed : whole.consumed
            #expect(whole == pieces, "\(bytes)")
        }
    }

    /// Gives the input up to each end, what was not consumed again each time.
    private static func decode(_ bytes: [UInt8], ends: [Int]) -> Outcome {
        var decoder = ContentDecoder(.chunked)
        var outcome = Outcome()
        var trailers: [FieldLine] = []
        do throws(HTTP1Failure) {
            for end in ends where !outcome.isFinished {
                try read(bytes[..<end], &decoder, &trailers, &outcome)
            }
        } catch {
            outcome.failure = error
        }
        return outcome
    }

    private static func read(
        _ bytes: ArraySlice<UInt8>,
        _ decoder: inout ContentDecoder,
        _ trailers: inout [FieldLine],
        _ outcome: inout Outcome
    ) throws(HTTP1Failure) {
        for _ in 0...bytes.count + 2 {
            let input = Array(bytes[outcome.consumed...])
            let step = try decoder.next(input.span, trailers: &trailers)
            switch step {
            case .content(let range, let consumed):
                outcome.content += input[range.indices]
                outcome.consumed += consumed
            case .needsMore(let consumed):
                outcome.consumed += consumed
                return
            case .trailers(let consumed):
                for field in trailers {
                    outcome.trailers += input[field.name.indices] + input[field.value.indices]
                }
                outcome.consumed += consumed
            case .end(let consumed):
                outcome.consumed += consumed
                outcome.isFinished = true
                return
            }
        }
        Issue.record("no end of steps: \(Array(bytes))")
    }
}

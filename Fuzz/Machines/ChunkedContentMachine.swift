import Bytes
import HTTP1
import HTTPCore

/// The chunked coding (RFC 9112 §7.1): read alike in any pieces, and as a slow reader finds it.
enum ChunkedContentMachine {
    /// What became of chunked content.
    struct Outcome: Equatable {
        var content: [UInt8] = []
        var trailers: [[UInt8]] = []
        var isFinished = false
        var failure: HTTP1Failure?
        /// Bytes that belong to the content.
        var consumed = 0
    }

    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        for trailersMaximum in [Limits().requestFields, 2] {
            let whole = try read(input, Pieces.whole(input), trailersMaximum)
            for ends in Pieces.ways(input) {
                let pieces = try read(input, ends, trailersMaximum)
                if whole.failure == nil {
                    try require(pieces == whole, "pieces do not matter")
                } else {
                    // A failure in one piece may hide content before it that another gave.
                    try require(pieces.failure == whole.failure, "pieces fail alike")
                    try require(pieces.content.starts(with: whole.content), "content is kept")
                }
            }
            if whole.isFinished { try check(whole, input) }
        }
    }

    private static func check(_ outcome: Outcome, _ input: [UInt8]) throws(BrokenRule) {
        let own = Array(input[..<outcome.consumed])
        var alone = try read(own, [own.count], Limits().requestFields)
        try require(alone == outcome, "what follows is not read")
        let cut = Array(own.dropLast())
        alone = try read(cut, [cut.count], Limits().requestFields)
        try require(!alone.isFinished && alone.failure == nil, "cut content is not complete")
        try require(slowly(own) == outcome.content, "a slow reader finds the same")
        try checkWritten(outcome.content)
    }

    /// Gives the input up to each end, what was not consumed again each time.
    static func read(
        _ bytes: [UInt8],
        _ ends: [Int],
        _ trailersMaximum: Int
    ) throws(BrokenRule) -> Outcome {
        var decoder = ContentDecoder(.chunked, trailersMaximum: trailersMaximum)
        var outcome = Outcome()
        var trailers: [FieldLine] = []
        for end in ends where !outcome.isFinished && outcome.failure == nil {
            var needsMore = false
            while !needsMore, !outcome.isFinished, outcome.failure == nil {
                let before = (outcome.consumed, decoder.isFinished)
                needsMore = try step(bytes, upTo: end, &decoder, &trailers, &outcome)
                let moved = before != (outcome.consumed, decoder.isFinished)
                let isOver = needsMore || outcome.isFinished || outcome.failure != nil
                try require(moved || isOver, "a step moves on")
            }
        }
        try require(outcome.isFinished == decoder.isFinished, "the decoder knows its end")
        return outcome
    }

    /// - Returns: whether more bytes are needed.
    private static func step(
        _ bytes: [UInt8],
        upTo end: Int,
        _ decoder: inout ContentDecoder,
        _ trailers: inout [FieldLine],
        _ outcome: inout Outcome
    ) throws(BrokenRule) -> Bool {
        let input = bytes.span.extracting(outcome.consumed..<end)
        let base = outcome.consumed
        let result: ContentDecoder.Step
        do throws(HTTP1Failure) {
            result = try decoder.next(input, trailers: &trailers)
        } catch {
            outcome.failure = error
            return false
        }
        switch result {
        case .content(let range, let consumed):
            try require(range.indices.upperBound <= consumed, "content is consumed")
            outcome.content += bytes[(base + range.indices.lowerBound)..<(base + Int(range.end))]
            outcome.consumed += consumed
        case .needsMore(let consumed):
            outcome.consumed += consumed
            return true
        case .trailers(let consumed):
            for field in trailers {
                for range in [field.name.indices, field.value.indices] {
                    let place = (base + range.lowerBound)..<(base + range.upperBound)
                    outcome.trailers.append(Array(bytes[place]))
                }
            }
            outcome.consumed += consumed
        case .end(let consumed):
            outcome.consumed += consumed
            outcome.isFinished = true
        }
        try require(outcome.consumed <= end, "no more is consumed than came")
        return false
    }

    /// The content of a message that is known to be whole, line by line.
    private static func slowly(_ bytes: [UInt8]) -> [UInt8]? {
        var rest = bytes[...]
        var content: [UInt8] = []
        while let end = rest.firstIndex(of: 0x0A) {
            var size = 0
            for byte in rest[..<end] {
                guard let digit = Octets.digit(byte) else { break }
                size = size * 16 + Int(digit)
            }
            rest = rest[(end + 1)...]
            if size == 0 { return content }
            guard rest.count >= size + 2 else { return nil }
            content += rest.prefix(size)
            rest = rest.dropFirst(size)
            guard rest.starts(with: Octets.lineEnd) else { return nil }
            rest = rest.dropFirst(2)
        }
        return nil
    }

    /// Content written as one chunk and read again is the same.
    private static func checkWritten(_ content: [UInt8]) throws(BrokenRule) {
        var buffer = Buffer(capacity: content.count + 64)
        if !content.isEmpty {
            ChunkWriter.appendHead(size: content.count, to: &buffer)
            buffer.append(content.span)
            ChunkWriter.appendTail(to: &buffer)
        }
        ChunkWriter.appendLastChunk(to: &buffer)
        buffer.append("\r\n")
        let written = buffer.readable.copied()
        let again = try read(written, [written.count], 0)
        try require(again.isFinished && again.content == content, "what is written is read")
    }
}

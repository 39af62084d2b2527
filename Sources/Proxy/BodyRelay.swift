import Bytes
import HTTP1
import HTTPCore

/// How content is written on its way out.
enum ContentCoding: Equatable {
    /// As it is: a length was announced, or the connection's end tells.
    case identity
    case chunked
}

/// What one `BodyRelay.move` came to.
enum Moved: Equatable {
    /// Everything that came was passed on; more must be read.
    case needsMore
    /// The other side has to take some first.
    case blocked
    /// The content is complete, its end written.
    case finished
    /// It breaks a rule of its framing.
    case broken(HTTP1Failure)
    /// Its trailers hold a field that must not come after the head was judged.
    case refusedTrailers
}

/// Moves content from one connection's input to another's output, either way, by credit: never more
/// than the output may hold, so memory is bounded whatever the content's size.
enum BodyRelay {
    /// Content moved in one step, and with chunked coding the largest chunk.
    static let step = 16 * 1024

    /// Moves as much as there is and as there is room for: `credit` bounds what may wait in
    /// `output`, and `counted` grows by the content's bytes.
    static func move(
        from input: inout Buffer,
        _ decoder: inout ContentDecoder,
        into output: inout Buffer,
        coding: ContentCoding,
        credit: Int,
        trailers: inout [FieldLine],
        rules: TrailerRules,
        counted: inout UInt64,
        pool: inout ChunkPool
    ) -> Moved {
        var hasTrailers = false
        while true {
            // After the trailers only the end is left, and its room was prepared with theirs.
            guard hasTrailers || (output.count < credit && prepare(&output, &pool)) else {
                return .blocked
            }
            do throws(HTTP1Failure) {
                let offered = min(input.count, Self.step)
                let step = try decoder.next(
                    input.readable.extracting(first: offered),
                    trailers: &trailers
                )
                switch step {
                case .content(let range, let consumed):
                    counted &+= UInt64(range.count)
                    write(input.readable.bytes(range), to: &output, coding: coding)
                    input.consume(consumed)
                case .needsMore(let consumed):
                    input.consume(consumed)
                    if consumed > 0, !input.isEmpty { continue }
                    input.release(to: &pool)
                    return .needsMore
                case .trailers(let consumed):
                    guard writeTrailers(trailers, input.readable, rules, coding, &output) else {
                        return .refusedTrailers
                    }
                    input.consume(consumed)
                    hasTrailers = true
                case .end(let consumed):
                    input.consume(consumed)
                    input.release(to: &pool)
                    finish(&output, coding, hasTrailers: hasTrailers)
                    return .finished
                }
            } catch {
                return .broken(error)
            }
        }
    }

    /// Moves bytes that have no framing of ours, such as a tunnel's, by the same credit.
    ///
    /// - Returns: whether all went; false = the other side has to take some first.
    static func pass(
        from input: inout Buffer,
        into output: inout Buffer,
        credit: Int,
        counted: inout UInt64,
        pool: inout ChunkPool
    ) -> Bool {
        if output.isEmpty {
            // Nothing waits before them: the chunk itself changes hands, and nothing is copied.
            swap(&input, &output)
            counted &+= UInt64(output.count)
        }
        while !input.isEmpty {
            guard output.count < credit, prepare(&output, &pool) else { return false }
            let taken = output.append(input.readable.extracting(first: step))
            input.consume(taken)
            counted &+= UInt64(taken)
        }
        input.release(to: &pool)
        output.release(to: &pool)
        return true
    }

    private static func prepare(_ output: inout Buffer, _ pool: inout ChunkPool) -> Bool {
        output.prepare(step + Limits.trailerSection + 64, from: &pool)
    }

    private static func write(
        _ content: Span<UInt8>,
        to output: inout Buffer,
        coding: ContentCoding
    ) {
        guard coding == .chunked else {
            output.append(content)
            return
        }
        guard content.count > 0 else { return }
        ChunkWriter.appendHead(size: content.count, to: &output)
        output.append(content)
        ChunkWriter.appendTail(to: &output)
    }

    /// Trailers need the chunked coding; elsewhere they are dropped (RFC 9110 §6.5.1).
    private static func writeTrailers(
        _ trailers: [FieldLine],
        _ bytes: Span<UInt8>,
        _ rules: TrailerRules,
        _ coding: ContentCoding,
        _ output: inout Buffer
    ) -> Bool {
        for line in trailers where !rules.allow(line, bytes) {
            if rules.refuse { return false }
        }
        guard coding == .chunked else { return true }
        ChunkWriter.appendLastChunk(to: &output)
        for line in trailers where rules.allow(line, bytes) {
            output.append(line, of: bytes)
        }
        return true
    }

    /// Writes the end; after trailers only the empty line is missing.
    static func finish(
        _ output: inout Buffer,
        _ coding: ContentCoding,
        hasTrailers: Bool
    ) {
        guard coding == .chunked else { return }
        if !hasTrailers { ChunkWriter.appendLastChunk(to: &output) }
        output.append("\r\n")
    }
}

/// Which fields may follow the content. Nothing that was judged, or that frames or routes, may come
/// after the head (RFC 9110 §6.5.1): a request with such a trailer is refused, an answer's is
/// dropped.
enum TrailerRules {
    /// Of a request, with the names of the gateway's own fields.
    case request(OwnFields)
    case response

    var refuse: Bool {
        switch self {
        case .request: true
        case .response: false
        }
    }

    func allow(_ line: FieldLine, _ bytes: Span<UInt8>) -> Bool {
        switch (self, line.id) {
        case (.request(let own), .other):
            !own.contains(bytes.bytes(line.name), settingJWT: true)
        case (.response, .other), (.response, .contentType), (.response, .date),
            (.response, .server), (.response, .range), (.response, .expect),
            (.response, .retryAfter), (.response, .traceparent), (.response, .cacheControl):
            true
        default:
            false
        }
    }
}

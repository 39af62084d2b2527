import Bytes
import HTTP1
import HTTPCore
import TestSupport
import Testing

@testable import Proxy

/// What a relay made of some content.
struct Relayed: Equatable {
    var output = ""
    var outcome = Moved.needsMore
    /// Bytes of content counted.
    var counted: UInt64 = 0
    /// What the relay left in the input: the next message's bytes.
    var rest = ""
    /// The most that waited in the output at any time.
    var highest = 0
    /// Chunks that the pool still misses after every byte was taken.
    var lent = 0
}

/// What does not depend on how the content arrived: chunks may be written otherwise.
struct RelayOutcome: Equatable {
    var read: ReadChunks?
    var plain: String?
    var outcome: Moved
    var counted: UInt64
    /// What belongs to the next message, where there may be one.
    var rest: String?
    var lent: Int

    init(_ relayed: Relayed, _ coding: ContentCoding) {
        if coding == .chunked {
            read = ReadChunks(relayed.output)
        } else {
            plain = relayed.output
        }
        (outcome, counted, lent) = (relayed.outcome, relayed.counted, relayed.lent)
        if outcome == .finished { rest = relayed.rest }
    }
}

/// Plays both connections around `BodyRelay.move`.
struct RelayRun: ~Copyable {
    var framing: ContentFraming
    var coding: ContentCoding
    var rules: TrailerRules
    var credit = 64 * 1024
    /// Whether what waits in the output is taken after each move, as a client that reads does.
    var drains = true

    init(
        _ framing: ContentFraming,
        _ coding: ContentCoding,
        _ rules: TrailerRules = .response
    ) {
        self.framing = framing
        self.coding = coding
        self.rules = rules
    }

    /// Gives the parts one after another, as reads of a socket would.
    func relay(_ parts: [[UInt8]]) -> Relayed {
        var pool = ChunkPool(largeBytes: 256 * 1024, keptMaximum: 4)
        var input = Buffer()
        var output = Buffer()
        var decoder = ContentDecoder(framing)
        var trailers: [FieldLine] = []
        var relayed = Relayed()
        var taken: [UInt8] = []
        for part in parts {
            _ = input.prepare(part.count, from: &pool)
            input.append(part.span)
            guard relayed.outcome == .needsMore || relayed.outcome == .blocked else { continue }
            for _ in 0..<1000 {
                relayed.outcome = BodyRelay.move(
                    from: &input,
                    &decoder,
                    into: &output,
                    coding: coding,
                    credit: credit,
                    trailers: &trailers,
                    rules: rules,
                    counted: &relayed.counted,
                    pool: &pool
                )
                relayed.highest = max(relayed.highest, output.count)
                guard drains else { break }
                taken += output.readable.copied()
                output.discard(to: &pool)
                guard relayed.outcome == .blocked else { break }
            }
        }
        taken += output.readable.copied()
        relayed.output = String(decoding: taken, as: UTF8.self)
        relayed.rest = input.readable.text
        input.discard(to: &pool)
        output.discard(to: &pool)
        relayed.lent = pool.lent
        return relayed
    }

    func relay(_ text: String) -> Relayed { relay([Array(text.utf8)]) }

    /// What comes of `text`, and that the same comes of it however it is cut.
    func relayEverySplit(
        _ text: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> Relayed {
        let bytes = Array(text.utf8)
        let outcomes = everySplit(of: bytes) { cuts in
            RelayOutcome(relay(parts(of: bytes, cutAt: cuts)), coding)
        }
        #expect(outcomes.differing.isEmpty, "\(text)", sourceLocation: sourceLocation)
        return relay([bytes])
    }
}

/// What a reader makes of a chunked message, as far as it came.
struct ReadChunks: Equatable {
    var content = ""
    var trailers: [String] = []
    var isWhole = false
    var isBroken = false
    /// What stands behind the end.
    var rest = ""

    init(_ text: String) {
        var bytes = Array(text.utf8)
        var decoder = ContentDecoder(.chunked)
        var lines: [FieldLine] = []
        do throws(HTTP1Failure) {
            reading: while true {
                switch try decoder.next(bytes.span, trailers: &lines) {
                case .content(let range, let consumed):
                    content += String(decoding: bytes[range.indices], as: UTF8.self)
                    bytes.removeFirst(consumed)
                case .trailers(let consumed):
                    trailers = lines.map { line in
                        let (name, value) = (bytes[line.name.indices], bytes[line.value.indices])
                        return String(decoding: name + [0x3A] + value, as: UTF8.self)
                    }
                    bytes.removeFirst(consumed)
                case .end(let consumed):
                    bytes.removeFirst(consumed)
                    isWhole = true
                    break reading
                case .needsMore:
                    break reading
                }
            }
        } catch {
            isBroken = true
        }
        if isWhole { rest = String(decoding: bytes, as: UTF8.self) }
    }
}

/// The content of a chunked message, chunks joined: what a client sees of it.
func unchunked(_ text: String) -> String? {
    let read = ReadChunks(text)
    return read.isWhole && read.rest.isEmpty ? read.content : nil
}

/// The gateway's own fields where the configuration names no others.
let usualFields = OwnFields(
    jwt: Array("authorization".utf8),
    requestID: Array("x-request-id".utf8)
)

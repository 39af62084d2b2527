import Bytes
import HTTP1
import HTTPCore

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

    /// Byte by byte.
    func relaySlowly(_ text: String) -> Relayed { relay(text.utf8.map { [$0] }) }

    /// In two parts, cut at each place.
    func relayCut(_ text: String) -> [Relayed] {
        let bytes = Array(text.utf8)
        return (0...bytes.count).map { relay([Array(bytes[..<$0]), Array(bytes[$0...])]) }
    }
}

/// The content of a chunked message, chunks joined: what a client sees of it.
func unchunked(_ text: String) -> String? {
    var buffer = Buffer(capacity: text.utf8.count + 1)
    buffer.append(Array(text.utf8).span)
    var decoder = ContentDecoder(.chunked)
    var trailers: [FieldLine] = []
    var content = ""
    while true {
        do {
            switch try decoder.next(buffer.readable, trailers: &trailers) {
            case .content(let range, let consumed):
                content += buffer.readable.bytes(range).text
                buffer.consume(consumed)
            case .trailers(let consumed):
                buffer.consume(consumed)
            case .end(let consumed):
                buffer.consume(consumed)
                return buffer.isEmpty ? content : nil
            case .needsMore:
                return nil
            }
        } catch {
            return nil
        }
    }
}

/// The gateway's own fields where the configuration names no others.
let usualFields = OwnFields(
    jwt: Array("authorization".utf8),
    requestID: Array("x-request-id".utf8)
)

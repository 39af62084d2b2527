import Bytes
import Connections
import HTTP1
import HTTPCore

/// One client of a service: its connection, and the request that is being read.
public struct ServiceConnection: ~Copyable {
    var client: ClientConnection
    var head = RequestHead()
    private var decoder: ContentDecoder?
    private var trailers: [FieldLine] = []
    private var request: ServiceRequest?
    /// What of an answer has no room in the output yet.
    private var pending: [UInt8] = []
    private var pendingStart = 0
    /// Whether a request waits for its answer.
    var isAnswering = false
    var keepsAlive = true
    private var isHead = false
    /// Whether the last answer was written.
    private(set) var hasClosed = false
    /// Whether the sending side is closed and what still comes is dropped, so that no reset
    /// overtakes the answer.
    var isLingering = false

    init(client: consuming ClientConnection) {
        self.client = client
    }

    enum Step {
        case request(ServiceRequest)
        case refused(UInt16)
        case needsMore
        case ended
    }

    /// Whether everything was sent and the connection is to close.
    var isOver: Bool { hasClosed && pendingStart == pending.count && client.transport.waiting == 0 }

    /// Reads on until a whole request is there.
    mutating func advance(limits: Limits, chunks: inout ChunkPool) -> Step {
        guard !isAnswering, !hasClosed else { return .needsMore }
        while true {
            if let step = parse(limits) { return step }
            switch client.transport.receive(from: &chunks) {
            case .progressed: continue
            case .nothing: return .needsMore
            case .ended, .failed: return .ended
            }
        }
    }

    private mutating func parse(_ limits: Limits) -> Step? {
        guard !client.transport.input.isEmpty || decoder != nil else { return nil }
        do throws(HTTP1Failure) {
            if decoder == nil {
                let bytes = client.transport.input.view
                guard try client.parser.parse(bytes.span, limits: limits, into: &head) else {
                    return nil
                }
                guard begin() else { return .refused(400) }
            }
            return try readContent()
        } catch {
            return .refused(error.status)
        }
    }

    private mutating func begin() -> Bool {
        let view = client.transport.input.view
        let bytes = view.span
        var target = RequestTarget()
        do throws(TargetFailure) {
            try target.read(head, in: bytes)
        } catch {
            return false
        }
        var fields: [(name: String, value: String)] = []
        for line in head.fields {
            let name = bytes.bytes(line.name).text.lowercased()
            fields.append((name, bytes.bytes(line.value).text))
        }
        request = ServiceRequest(
            method: head.method,
            path: target.path.text,
            query: String(bytes.bytes(target.query).text.drop { $0 == "?" }),
            host: target.host.text,
            fields: fields,
            content: []
        )
        isHead = head.method == .head
        keepsAlive = head.keepsAlive
        decoder = ContentDecoder(head.framing)
        let count = head.byteCount
        client.transport.input.consume(count)
        return true
    }

    private mutating func readContent() throws(HTTP1Failure) -> Step? {
        guard var decoder, var request else { return nil }
        while true {
            let bytes = client.transport.input.view
            switch try decoder.next(bytes.span, trailers: &trailers) {
            case .content(let range, let consumed):
                request.content += bytes.span.bytes(range).copied()
                client.transport.input.consume(consumed)
                guard request.content.count <= ServiceServer.contentMaximum else {
                    return .refused(413)
                }
            case .needsMore(let consumed):
                client.transport.input.consume(consumed)
                self.decoder = decoder
                self.request = request
                return nil
            case .trailers(let consumed):
                client.transport.input.consume(consumed)
            case .end(let consumed):
                client.transport.input.consume(consumed)
                self.decoder = nil
                self.request = nil
                client.parser.reset()
                head.reset()
                return .request(request)
            }
        }
    }

    /// Drops what still comes.
    ///
    /// - Returns: whether the client has ended its sending.
    mutating func discardInput(_ chunks: inout ChunkPool) -> Bool {
        for _ in 0..<256 {
            switch client.transport.receive(from: &chunks) {
            case .progressed: client.transport.input.discard(to: &chunks)
            case .nothing: return false
            case .ended, .failed: return true
            }
        }
        return true
    }

    mutating func write(
        _ response: ServiceResponse,
        date: inout HTTPDate,
        wallMilliseconds: Int64,
        chunks: inout ChunkPool
    ) {
        var dateBuffer = Buffer(capacity: 64)
        date.append(secondsSinceEpoch: wallMilliseconds / 1000, to: &dateBuffer)
        var text = "HTTP/1.1 \(response.status) \(Status.reasonPhrase(response.status))\r\n"
        text += "Date: \(dateBuffer.readable.text)\r\nContent-Type: \(response.contentType)\r\n"
        text += "Content-Length: \(response.content.count)\r\n"
        for (name, value) in response.fields { text += "\(name): \(value)\r\n" }
        if !keepsAlive { text += "Connection: close\r\n" }
        pending = Array((text + "\r\n").utf8)
        if !isHead { pending += response.content }
        pendingStart = 0
        isAnswering = false
        hasClosed = !keepsAlive
        fillOutput(&chunks)
    }

    /// Moves what waits into the output, as far as it has room.
    mutating func fillOutput(_ chunks: inout ChunkPool) {
        while pendingStart < pending.count {
            let wanted = min(pending.count - pendingStart, 64 * 1024)
            guard client.transport.output.count < 64 * 1024,
                client.transport.output.prepare(wanted, from: &chunks)
            else { return }
            let waiting = pending
            pendingStart += client.transport.output.append(
                waiting.span.extracting(pendingStart..<pendingStart + wanted)
            )
        }
        if !pending.isEmpty {
            pending = []
            pendingStart = 0
        }
    }
}

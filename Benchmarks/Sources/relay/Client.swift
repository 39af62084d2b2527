import Bytes
import Connections
import EventLoop
import TLS

/// One client: its transport, how much of a request's content is still to come, and its upstream
/// connection, from its first request on.
struct Client: ~Copyable {
    private static let headMaximum = 64 * 1024

    var transport: Transport
    var upstream: Handle<Transport>?
    private var contentLeft = 0

    init(socket: consuming Socket, tls: consuming TLSConnection) {
        transport = Transport(socket: socket, tls: tls, connected: true)
    }

    /// Moves the requests that were received, as far as they are whole, each with `field` behind
    /// its request line; content is moved as it comes.
    ///
    /// - Returns: false when a head is too long, or its content's length not to be known.
    mutating func moveRequests(
        to upstream: inout Transport,
        adding field: [UInt8],
        _ pool: inout ChunkPool
    ) -> Bool {
        while !transport.input.isEmpty {
            if contentLeft > 0 {
                guard moveContent(to: &upstream.output, &pool) else { return false }
                continue
            }
            guard let head = RequestHead(transport.input.readable) else {
                return transport.input.count <= Self.headMaximum
            }
            guard let content = head.contentLength,
                upstream.output.prepare(head.end + field.count, from: &pool)
            else { return false }
            contentLeft = content
            upstream.output.append(transport.input.readable.extracting(0..<head.lineEnd))
            upstream.output.append(field.span)
            upstream.output.append(transport.input.readable.extracting(head.lineEnd..<head.end))
            transport.input.consume(head.end)
        }
        transport.input.release(to: &pool)
        return true
    }

    private mutating func moveContent(
        to output: inout Buffer,
        _ pool: inout ChunkPool
    ) -> Bool {
        if output.isEmpty, transport.input.count <= contentLeft {
            contentLeft -= transport.input.count
            swap(&output, &transport.input)
            return true
        }
        let count = min(contentLeft, transport.input.count)
        guard output.prepare(count, from: &pool) else { return false }
        output.append(transport.input.readable.extracting(0..<count))
        transport.input.consume(count)
        contentLeft -= count
        return true
    }

    /// Moves what the upstream answered, unread.
    mutating func moveAnswer(from upstream: inout Transport, _ pool: inout ChunkPool) -> Bool {
        if transport.output.isEmpty {
            swap(&transport.output, &upstream.input)
            return true
        }
        guard transport.output.prepare(upstream.input.count, from: &pool) else { return false }
        transport.output.append(upstream.input.readable)
        upstream.input.discard(to: &pool)
        return true
    }
}

import Bytes
import EventLoop
import TLS
import TestSupport

@testable import Connections

/// A transport, the pool it borrows from, and the peer at the other end.
struct TransportRig: ~Copyable {
    var transport: Transport
    var pool = ChunkPool(largeBytes: 256 * 1024, keptMaximum: 8)
    let peer: TestPeer
    var loop: EventLoop

    init(_ tls: consuming TLSConnection? = nil) throws {
        let listener = try TestListener()
        let connected = try TestPeer.connect(to: listener.address)
        let socket = try listener.acceptSocket()
        let waiting = try EventLoop(maximumEvents: 4)
        try waiting.add(socket, token: EventToken(kind: 1, bits: 0))
        peer = connected
        loop = waiting
        transport = Transport(socket: socket, tls: tls, connected: true)
    }

    /// Tells the transport what the kernel announces until it includes `wanted`.
    mutating func announce(_ wanted: Readiness) throws {
        let deadline = Instant.now + .seconds(5)
        var seen: Readiness = []
        while !seen.isSuperset(of: wanted) {
            guard Instant.now < deadline else { throw TestTimeout(what: "an event") }
            for index in 0..<(try loop.wait(until: deadline)) {
                let event = loop.event(at: index)
                seen.formUnion(event.readiness)
                transport.announce(event.readiness)
            }
        }
    }

    /// Takes what has been announced by now, without waiting.
    mutating func announceNow() throws {
        for index in 0..<(try loop.wait(until: .now)) {
            transport.announce(loop.event(at: index).readiness)
        }
    }

    mutating func receive() -> Received { transport.receive(from: &pool) }

    mutating func flush() -> Flushed { transport.flush(&pool) }

    /// Queues bytes to be sent; false when there is no room.
    mutating func queue(_ bytes: [UInt8]) -> Bool {
        guard transport.output.prepare(bytes.count, from: &pool) else { return false }
        return transport.output.append(bytes.span) == bytes.count
    }

    mutating func queue(_ text: String) -> Bool { queue(Array(text.utf8)) }

    /// Takes all that waits in the input, and gives its memory back.
    mutating func takeInput() -> [UInt8] {
        let bytes = transport.input.readable.copied()
        transport.input.discard(to: &pool)
        return bytes
    }
}

/// Bytes that tell where they stand.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 % 251) } }

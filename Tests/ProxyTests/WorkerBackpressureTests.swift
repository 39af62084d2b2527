import Bytes
import EventLoop
import TestSupport
import Testing

@testable import Proxy

/// Much content in each direction: memory stays bounded, and every byte arrives.
@Suite struct WorkerBackpressureTests {
    private static let count = 16 << 20
    private static let part = [UInt8](repeating: 0x78, count: 256 * 1024)

    /// Sends until nothing moves: the kernel's buffers and the worker's own are full.
    private func fill(_ rig: WorkerRig, from sender: TestPeer) throws -> Int {
        var sent = 0
        var idle = 0
        while idle < 3, sent < Self.count {
            let now = sender.trySend(Array(Self.part.prefix(Self.count - sent)))
            sent += now
            idle = now == 0 ? idle + 1 : 0
            try rig.settle()
        }
        return sent
    }

    /// Sends the rest while the other side reads.
    ///
    /// - Returns: how much that read.
    private func finish(
        _ rig: WorkerRig,
        from sender: TestPeer,
        sent: Int,
        to receiver: TestPeer,
        expected: Int
    ) throws -> Int {
        var sent = sent
        var received = 0
        try rig.run(until: "all content") {
            receiver.poll()
            received += receiver.drop()
            if sent < Self.count {
                sent += sender.trySend(Array(Self.part.prefix(Self.count - sent)))
            }
            return received >= expected
        }
        return received
    }

    @Test func aSlowClientHoldsTheUpstreamBack() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        client.shrinkReceiveBuffer()
        try client.send(get("/public"))
        let upstream = try rig.acceptUpstream()
        _ = try rig.message(to: upstream)
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(Self.count)\r\n\r\n"
        try upstream.send(head)
        let sent = try fill(rig, from: upstream)
        #expect(sent < Self.count && rig.worker.chunks.lent <= 4)
        let expected = Self.count + head.utf8.count
        let received = try finish(rig, from: upstream, sent: sent, to: client, expected: expected)
        #expect(received == expected)
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
        #expect(rig.worker.upstreams.count == 1 && rig.worker.clients.count == 1)
    }

    @Test func aSlowUpstreamHoldsTheClientBack() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(
            "PUT /public HTTP/1.1\r\nHost: a.test\r\nContent-Length: \(Self.count)\r\n\r\n"
        )
        let upstream = try rig.acceptUpstream()
        upstream.shrinkReceiveBuffer()
        let sent = try fill(rig, from: client)
        #expect(sent < Self.count && rig.worker.chunks.lent <= 4)
        try rig.run(until: "the head") {
            upstream.poll(atMost: 1024)
            return upstream.text.contains("\r\n\r\n")
        }
        let parts = upstream.text.split(separator: "\r\n\r\n", maxSplits: 1)
        let head = parts[0].utf8.count + 4
        let expected = Self.count + head
        let received = try finish(rig, from: client, sent: sent, to: upstream, expected: expected)
        #expect(received == expected)
        try upstream.send(ok(""))
        #expect(try rig.message(to: client).hasPrefix("HTTP/1.1 200 OK"))
        try rig.settle()
        #expect(rig.leftovers.isEmpty)
    }
}

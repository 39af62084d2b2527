import Bytes
import EventLoop
import HTTPCore
import TestSupport
import Testing

@testable import Proxy

/// Tunnels through a worker: whatever ends them, nothing of them stays.
@Suite struct WorkerTunnelTests {
    private static let handshake = get(
        "/public",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13"
    )
    private static let switching = """
        HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n
        """

    /// Both ends of an open tunnel.
    private func open(_ rig: WorkerRig) throws -> (client: TestPeer, upstream: TestPeer) {
        let client = try rig.connect()
        try client.send(Self.handshake)
        let upstream = try rig.acceptUpstream()
        let request = try rig.message(to: upstream)
        #expect(request.contains("\r\nUpgrade: websocket\r\n"))
        try upstream.send(Self.switching)
        try rig.run(until: "the switch") {
            client.poll()
            return client.text.hasSuffix("\r\n\r\n")
        }
        #expect(client.takeText().hasPrefix("HTTP/1.1 101 "))
        #expect(rig.worker.openTunnels == 1)
        return (client, upstream)
    }

    private func receive(_ text: String, at peer: TestPeer, _ rig: WorkerRig) throws {
        try rig.run(until: "bytes") {
            peer.poll()
            return peer.text.utf8.count >= text.utf8.count
        }
        #expect(peer.takeText() == text)
    }

    private func expectNothingLeft(_ rig: WorkerRig) throws {
        try rig.run(until: "the end") { rig.worker.clients.count == 0 }
        try rig.settle()
        #expect(rig.leftovers.isEmpty && rig.worker.upstreams.count == 0)
        #expect(rig.worker.openTunnels == 0)
        // Each place was given back, and only once.
        let places = Limits().tunnels
        for _ in 0..<places { #expect(rig.tunnels.take()) }
        #expect(!rig.tunnels.take())
    }

    @Test(arguments: [true, false]) func bothEndInTurn(_ clientIsFirst: Bool) throws {
        let rig = try WorkerRig()
        let (client, upstream) = try open(rig)
        try client.send("ping")
        try receive("ping", at: upstream, rig)
        try upstream.send("pong")
        try receive("pong", at: client, rig)
        // An idle tunnel holds no buffer.
        try rig.settle()
        #expect(rig.worker.chunks.lent == 0)
        let (first, second) = clientIsFirst ? (client, upstream) : (upstream, client)
        first.shutdownWriting()
        try rig.run(until: "the half-close") {
            second.poll()
            return second.hasEnded
        }
        try second.send("rest")
        try receive("rest", at: first, rig)
        #expect(rig.worker.openTunnels == 1)
        second.shutdownWriting()
        #expect(try rig.rest(to: first) == "" && first.hasEnded)
        try expectNothingLeft(rig)
    }

    @Test func theClientBreaks() throws {
        let rig = try WorkerRig()
        let other: TestPeer
        do {
            let (client, upstream) = try open(rig)
            other = upstream
            try client.send("last")
            client.resetOnClose()
        }
        #expect(try rig.rest(to: other) == "last")
        try expectNothingLeft(rig)
    }

    @Test func theUpstreamBreaks() throws {
        let rig = try WorkerRig()
        let other: TestPeer
        do {
            let (client, upstream) = try open(rig)
            other = client
            try upstream.send("last")
            try receive("last", at: client, rig)
            upstream.resetOnClose()
        }
        #expect(try rig.rest(to: other) == "")
        other.shutdownWriting()
        try expectNothingLeft(rig)
    }

    /// What came before the switch, on both sides, comes through in order.
    @Test func bytesAroundTheSwitch() throws {
        let rig = try WorkerRig()
        let client = try rig.connect()
        try client.send(Self.handshake + "early")
        let upstream = try rig.acceptUpstream()
        try rig.settle()
        upstream.poll()
        #expect(!upstream.text.contains("early") && upstream.takeText().hasSuffix("\r\n\r\n"))
        try upstream.send(Self.switching + "behind")
        try receive("early", at: upstream, rig)
        try rig.run(until: "the switch") {
            client.poll()
            return client.text.hasSuffix("behind")
        }
        client.shutdownWriting()
        upstream.shutdownWriting()
        try expectNothingLeft(rig)
    }

    @Test func drainEndsIt() throws {
        let rig = try WorkerRig()
        let (client, upstream) = try open(rig)
        rig.post(.drain(until: .now))
        let deadline = Instant.now + .seconds(5)
        while !rig.worker.isFinished, Instant.now < deadline {
            rig.post(.collectMetrics(-1))
            try rig.worker.turn()
        }
        client.poll()
        upstream.poll()
        #expect(client.isOver && upstream.isOver && rig.leftovers.isEmpty)
    }

    /// Credit: what may wait for a side that does not read.
    @Test func whatWaitsIsBounded() {
        var pool = ChunkPool(largeBytes: Worker.largeChunkBytes(Limits()), keptMaximum: 8)
        var input = Buffer()
        var output = Buffer()
        var counted: UInt64 = 0
        var passed = true
        var rounds = 0
        while passed, rounds < 100 {
            rounds += 1
            guard input.prepare(10_000, from: &pool) else { break }
            input.append(Array(repeating: UInt8(truncatingIfNeeded: rounds), count: 10_000).span)
            passed = BodyRelay.pass(
                from: &input,
                into: &output,
                credit: Worker.highWater,
                counted: &counted,
                pool: &pool
            )
        }
        let waiting = output.count
        #expect(!passed && waiting >= Worker.highWater)
        #expect(waiting < Worker.highWater + BodyRelay.step && counted == UInt64(waiting))
        #expect(waiting + input.count == rounds * 10_000)
        output.discard(to: &pool)
        input.discard(to: &pool)
        #expect(pool.lent == 0)
    }

    /// The chunk itself changes hands where nothing waits, and no chunk is kept.
    @Test func nothingIsHeldOnceAllIsPassed() {
        var pool = ChunkPool(largeBytes: Worker.largeChunkBytes(Limits()), keptMaximum: 8)
        var input = Buffer()
        var output = Buffer()
        var counted: UInt64 = 0
        for text in ["", "abc"] {
            guard input.prepare(10, from: &pool) else { return }
            input.append(Array(text.utf8).span)
            let passed = BodyRelay.pass(
                from: &input,
                into: &output,
                credit: 64,
                counted: &counted,
                pool: &pool
            )
            let found = output.readable.text
            #expect(passed && found == text && input.isEmpty)
            output.discard(to: &pool)
            #expect(pool.lent == 0)
        }
        #expect(counted == 3)
    }
}

import Bytes
import EventLoop
import TestSupport
import Testing

@testable import Connections

@Suite struct CleartextReceiveTests {
    @Test func nothingIsReadBeforeAnEvent() throws {
        var rig = try TransportRig()
        try rig.peer.send("hello")
        let (received, mayRead, lent) = (rig.receive(), rig.transport.mayRead, rig.pool.lent)
        #expect(received == .nothing && !mayRead && lent == 0)
        try rig.announce(.readable)
        let (after, text) = (rig.receive(), String(decoding: rig.takeInput(), as: UTF8.self))
        #expect(after == .progressed && text == "hello")
        let left = rig.pool.lent
        #expect(left == 0)
    }

    /// A short read has emptied the socket: no second one is made to learn that.
    @Test func aShortReadMeansDrained() throws {
        var rig = try TransportRig()
        try rig.peer.send("hello")
        try rig.announce(.readable)
        let received = rig.receive()
        let (mayRead, count) = (rig.transport.mayRead, rig.transport.input.count)
        #expect(received == .progressed && !mayRead && count == 5)
    }

    @Test func aFullReadAsksForMoreTheNextTime() throws {
        var rig = try TransportRig()
        let bytes = pattern(200_000)
        try rig.peer.send(bytes)
        try rig.announce(.readable)
        var sizes: [Int] = []
        var all: [UInt8] = []
        for _ in 0..<100 where all.count < bytes.count {
            if !rig.transport.mayRead { try rig.announce(.readable) }
            guard rig.receive() == .progressed else { continue }
            let part = rig.takeInput()
            sizes.append(part.count)
            all += part
        }
        // The first read takes what a quiet connection's chunk holds.
        #expect(all == bytes && (sizes.first ?? 0) < Transport.busyRead)
        #expect(sizes.dropFirst().contains(Transport.busyRead))
        #expect(sizes.allSatisfy { $0 <= Transport.busyRead })
        let left = rig.pool.lent
        #expect(left == 0)
    }

    @Test func theEndIsFoundEvenAfterAShortRead() throws {
        var rig = try TransportRig()
        try rig.peer.send("bye")
        rig.peer.shutdownWriting()
        try rig.announce(.peerClosedWriting)
        let (first, mayRead) = (rig.receive(), rig.transport.mayRead)
        #expect(first == .progressed && mayRead)
        let (second, ended) = (rig.receive(), rig.transport.ended)
        #expect(second == .ended && ended)
        let (again, text) = (rig.receive(), String(decoding: rig.takeInput(), as: UTF8.self))
        let left = rig.pool.lent
        #expect(again == .ended && text == "bye" && left == 0)
    }

    @Test func aResetIsAFailure() throws {
        var peer: TestPeer?
        let listener = try TestListener()
        peer = try TestPeer.connect(to: listener.address)
        let socket = try listener.acceptSocket()
        var loop = try EventLoop()
        try loop.add(socket, token: EventToken(kind: 1, bits: 0))
        var transport = Transport(socket: socket, tls: nil, connected: true)
        peer?.resetOnClose()
        peer = nil
        let deadline = Instant.now + .seconds(5)
        var hungUp = false
        while !hungUp, Instant.now < deadline {
            for index in 0..<(try loop.wait(until: deadline)) {
                let readiness = loop.event(at: index).readiness
                hungUp = hungUp || readiness.contains(.hungUp)
                transport.announce(readiness)
            }
        }
        var pool = ChunkPool(largeBytes: 64 * 1024, keptMaximum: 1)
        let (received, ended, lent) = (transport.receive(from: &pool), transport.ended, pool.lent)
        #expect(received == .failed && ended && lent == 0)
    }

    @Test func whatWaitsInTheInputIsKept() throws {
        var rig = try TransportRig()
        for part in ["one ", "two ", "three"] {
            try rig.peer.send(part)
            try rig.announce(.readable)
            let received = rig.receive()
            #expect(received == .progressed)
        }
        let (lent, text) = (rig.pool.lent, String(decoding: rig.takeInput(), as: UTF8.self))
        #expect(lent == 1 && text == "one two three")
    }

    /// Bounded by the pool's largest chunk, whatever the peer sends.
    @Test func anInputThatIsFullIsNotReadInto() throws {
        var rig = try TransportRig()
        let bytes = pattern(1 << 20)
        var sent = rig.peer.trySend(bytes)
        try rig.announce(.readable)
        var outcomes: Set<Bool> = []
        for _ in 0..<50 {
            outcomes.insert(rig.receive() == .progressed)
            sent += rig.peer.trySend(Array(bytes.dropFirst(sent)))
            try rig.announceNow()
        }
        let (last, mayRead) = (rig.receive(), rig.transport.mayRead)
        let (count, largest) = (rig.transport.input.count, rig.pool.largeBytes)
        #expect(outcomes == [true, false] && last == .nothing && mayRead)
        #expect(count <= largest && count > 100_000)
        let (first, after) = (rig.takeInput(), rig.receive())
        #expect(after == .progressed && Array(bytes.prefix(first.count)) == first)
    }
}

@Suite struct CleartextFlushTests {
    @Test func whatIsSentLeavesNoBuffer() throws {
        var rig = try TransportRig()
        let (queued, waiting) = (rig.queue("hello"), rig.transport.waiting)
        let (flushed, left, lent) = (rig.flush(), rig.transport.waiting, rig.pool.lent)
        #expect(queued && waiting == 5 && flushed == .done && left == 0 && lent == 0)
        try rig.peer.wait(for: "hello") { $0.text == "hello" }
        let nothing = rig.flush()
        #expect(nothing == .done)
    }

    @Test func aSocketThatIsFullIsWaitedForAndGoesOn() throws {
        var rig = try TransportRig()
        rig.peer.shrinkReceiveBuffer()
        let part = pattern(200_000)
        var queued: [UInt8] = []
        var outcome = Flushed.done
        while outcome == .done, queued.count < 64 << 20 {
            guard rig.queue(part) else { break }
            queued += part
            outcome = rig.flush()
        }
        let (mayWrite, waiting) = (rig.transport.mayWrite, rig.transport.waiting)
        #expect(outcome == .blocked && !mayWrite && waiting > 0 && waiting <= part.count)
        let again = rig.flush()
        #expect(again == .blocked)
        var received: [UInt8] = []
        let deadline = Instant.now + .seconds(5)
        while received.count < queued.count, Instant.now < deadline {
            rig.peer.poll()
            received += rig.peer.received
            _ = rig.peer.drop()
            try rig.announceNow()
            outcome = rig.flush()
        }
        let (left, lent) = (rig.transport.waiting, rig.pool.lent)
        #expect(received == queued && outcome == .done && left == 0 && lent == 0)
    }

    @Test func nothingIsSentBeforeTheConnectIsOver() throws {
        let listener = try TestListener()
        var pool = ChunkPool(largeBytes: 64 * 1024, keptMaximum: 1)
        let socket = try Socket.connect(to: listener.address)
        var transport = Transport(socket: socket, tls: nil, connected: false)
        let idle = transport.flush(&pool)
        _ = transport.output.prepare(5, from: &pool)
        transport.output.append("hello")
        let early = transport.flush(&pool)
        #expect(idle == .done && early == .blocked)
        let peer = try listener.accept()
        transport.announce(.writable)
        let late = transport.flush(&pool)
        #expect(late == .done)
        try peer.wait(for: "hello") { $0.text == "hello" }
    }

    @Test func aPeerThatIsGoneIsAFailure() throws {
        let listener = try TestListener()
        var pool = ChunkPool(largeBytes: 64 * 1024, keptMaximum: 1)
        var peer: TestPeer? = try TestPeer.connect(to: listener.address)
        var transport = Transport(socket: try listener.acceptSocket(), tls: nil, connected: true)
        peer?.resetOnClose()
        peer = nil
        var outcome = Flushed.done
        let deadline = Instant.now + .seconds(5)
        while outcome == .done, Instant.now < deadline {
            _ = transport.output.prepare(1, from: &pool)
            transport.output.append("x")
            outcome = transport.flush(&pool)
        }
        #expect(outcome == .failed)
        transport.discardBuffers(&pool)
        #expect(pool.lent == 0)
    }
}

/// A request on a pooled connection may have to be sent a second time.
@Suite struct RetainedOutputTests {
    @Test func whatWasSentIsKeptAndGoesOutAgainElsewhere() throws {
        var rig = try TransportRig()
        _ = rig.queue("request")
        rig.transport.retainSent()
        let flushed = rig.flush()
        let (retained, waiting, lent) = (
            rig.transport.retained, rig.transport.waiting, rig.pool.lent
        )
        #expect(flushed == .done && retained == 7 && waiting == 0 && lent == 1)
        var output = rig.transport.takeOutput()
        let (text, left) = (output.readable.text, rig.transport.retained)
        #expect(text == "request" && left == 0)
        output.discard(to: &rig.pool)

        _ = rig.queue("next")
        let after = (rig.flush(), rig.transport.retained, rig.pool.lent)
        #expect(after == (.done, 0, 0))
        try rig.peer.wait(for: "both") { $0.text == "requestnext" }
    }

    @Test func droppingGivesTheMemoryBackAndEndsTheKeeping() throws {
        var rig = try TransportRig()
        _ = rig.queue("abc")
        rig.transport.retainSent()
        _ = rig.flush()
        _ = rig.queue("def")
        let before = (rig.transport.waiting, rig.transport.retained)
        rig.transport.dropRetained(&rig.pool)
        let after = (rig.transport.waiting, rig.transport.retained, rig.pool.lent)
        #expect(before == (3, 3) && after == (3, 0, 1))
        let flushed = (rig.flush(), rig.transport.waiting, rig.pool.lent)
        #expect(flushed == (.done, 0, 0))
        rig.transport.dropRetained(&rig.pool)
        try rig.peer.wait(for: "both") { $0.text == "abcdef" }
    }

    @Test func whatWasNotSentYetIsTakenToo() throws {
        var rig = try TransportRig()
        rig.transport.retainSent()
        _ = rig.queue("sent")
        _ = rig.flush()
        _ = rig.queue(" unsent")
        var output = rig.transport.takeOutput()
        let (text, waiting) = (output.readable.text, rig.transport.waiting)
        #expect(text == "sent unsent" && waiting == 0)
        output.discard(to: &rig.pool)
        let lent = rig.pool.lent
        #expect(lent == 0)
    }
}

@Suite struct TransportStateTests {
    @Test func cleartextIsEstablishedFromTheStart() throws {
        let rig = try TransportRig()
        let isPlain = rig.transport.isEstablished && !rig.transport.isEncrypted
        let hasNoTLS = rig.transport.tlsVersion == nil && !rig.transport.isResumed
        #expect(isPlain && hasNoTLS)
    }

    @Test func eventsAddUp() throws {
        var rig = try TransportRig()
        rig.transport.announce([])
        let before = rig.transport.mayRead
        rig.transport.announce(.hungUp)
        let after = rig.transport.mayRead
        #expect(!before && after)
    }

    @Test func aClientBeginsWithReading() throws {
        let listener = try TestListener()
        let peer = try TestPeer.connect(to: listener.address)
        let client = ClientConnection(
            socket: try listener.acceptSocket(),
            tls: nil,
            peer: listener.address,
            listener: 3
        )
        let isReading = client.state == .reading && client.listener == 3 && client.owner == 0
        #expect(isReading)
        withExtendedLifetime(peer) {}
    }

    @Test func anUpstreamConnectionBeginsWithItsConnect() throws {
        let listener = try TestListener()
        let upstream = UpstreamConnection(
            socket: try Socket.connect(to: listener.address),
            tls: nil,
            owner: 7,
            pool: 8,
            upstream: 1,
            target: 2,
            address: 3,
            idleTimeout: .seconds(4)
        )
        let isConnecting = upstream.state == .connecting && !upstream.transport.mayWrite
        let isOwned = upstream.owner == 7 && upstream.pool == 8 && !upstream.isReused
        #expect(isConnecting && isOwned)
    }

    @Test func aListenerKnowsThePortItWasGiven() throws {
        let options = ListenerOptions(
            address: .v4(0x7F00_0001, port: 0),
            position: SourcePosition(file: "f", line: 1, column: 1)
        )
        let listener = try Listener(options, index: 2)
        let isBound = (listener.address.port ?? 0) > 0 && listener.index == 2
        #expect(isBound)
        var same = options
        same.address = listener.address
        // One listener a worker.
        let second = try Listener(same, index: 2)
        let isSame = second.address == listener.address
        #expect(isSame)
    }
}

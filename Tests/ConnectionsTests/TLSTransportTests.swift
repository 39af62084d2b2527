import Bytes
import EventLoop
import TLS
import TestSupport
import Testing

@testable import Connections

/// A transport with TLS and a real client, over 127.0.0.1.
@Suite struct TLSTransportTests {
    private struct Rig: ~Copyable {
        var rig: TransportRig
        let client: TLSPeer
        /// What `receive` came to, nothing left out.
        var outcomes: [Received] = []
        var plaintext: [UInt8] = []

        init() throws {
            rig = try TransportRig(try TestServer.connection())
            client = TLSPeer(rig.peer)
        }

        /// One turn of both ends.
        mutating func turn(takes: Bool = true) throws {
            try client.step()
            try rig.announceNow()
            if rig.transport.mayRead {
                outcomes.append(rig.receive())
                if takes { plaintext += rig.takeInput() }
            }
            _ = rig.flush()
        }

        /// Turns until `isDone`.
        mutating func run(
            until what: StaticString,
            takes: Bool = true,
            _ isDone: (borrowing Rig) -> Bool
        ) throws {
            let deadline = Instant.now + .seconds(5)
            while !isDone(self) {
                guard Instant.now < deadline else { throw TestTimeout(what: what) }
                try turn(takes: takes)
            }
        }

        mutating func handshake() throws {
            try run(until: "the handshake") {
                $0.client.isEstablished && $0.rig.transport.isEstablished
            }
            for _ in 0..<3 { try turn() }
        }
    }

    @Test func aHandshakeLeavesNoBuffer() throws {
        var both = try Rig()
        let before = both.rig.transport.isEstablished
        try both.handshake()
        let transport = both.rig.transport.tlsVersion?.description
        let (lent, isEncrypted) = (both.rig.pool.lent, both.rig.transport.isEncrypted)
        #expect(!before && isEncrypted && transport == "TLSv1.3" && lent == 0)
        let (failed, waiting) = (both.outcomes.contains(.failed), both.rig.transport.waiting)
        #expect(!failed && waiting == 0)
    }

    @Test func bytesGoBothWays() throws {
        var both = try Rig()
        try both.handshake()
        try both.client.send(Array("to the server".utf8))
        try both.run(until: "plaintext") { $0.plaintext.count == 13 }
        _ = both.rig.queue("to the client")
        try both.run(until: "the answer") { $0.client.received.count == 13 }
        let (there, back) = (both.plaintext, both.client.takeReceived())
        #expect(String(decoding: there, as: UTF8.self) == "to the server")
        #expect(String(decoding: back, as: UTF8.self) == "to the client")
        let lent = both.rig.pool.lent
        #expect(lent == 0)
    }

    @Test func muchGoesBothWays() throws {
        var both = try Rig()
        try both.handshake()
        let bytes = pattern(500_000)
        try both.client.send(bytes)
        try both.run(until: "plaintext") { $0.plaintext.count >= bytes.count }
        let arrived = both.plaintext == bytes
        #expect(arrived)
        var start = 0
        while start < bytes.count {
            let part = Array(bytes[start..<min(start + 100_000, bytes.count)])
            start += part.count
            let queued = both.rig.queue(part)
            #expect(queued)
            try both.run(until: "room") { $0.rig.transport.waiting == 0 }
        }
        try both.run(until: "the answer") { $0.client.received.count >= bytes.count }
        let (returned, lent) = (both.client.received == bytes, both.rig.pool.lent)
        #expect(returned && lent == 0)
    }

    /// The sending side is full: what is encrypted waits, and what is not stays plaintext.
    @Test func aSocketThatIsFullIsWaitedFor() throws {
        var both = try Rig()
        try both.handshake()
        both.rig.peer.shrinkReceiveBuffer()
        let part = pattern(200_000)
        var queued = 0
        var outcome = Flushed.done
        while outcome == .done, queued < 64 << 20 {
            guard both.rig.queue(part) else { break }
            queued += part.count
            outcome = both.rig.flush()
        }
        let (waiting, lent) = (both.rig.transport.waiting, both.rig.pool.lent)
        #expect(outcome == .blocked && waiting > 0 && lent <= 2)
        try both.run(until: "all of it") { $0.client.received.count >= queued }
        let (all, left) = (both.client.received.count, both.rig.transport.waiting)
        let after = both.rig.pool.lent
        #expect(all == queued && left == 0 && after == 0)
        let whole = both.client.received.suffix(part.count).elementsEqual(part)
        #expect(whole)
    }

    @Test func closeNotifyIsTheEnd() throws {
        var both = try Rig()
        try both.handshake()
        try both.client.send(Array("last".utf8))
        try both.client.sendCloseNotify()
        try both.run(until: "the end") { $0.rig.transport.ended }
        let (text, last) = (both.plaintext, both.rig.receive())
        #expect(String(decoding: text, as: UTF8.self) == "last" && last == .ended)
        let failed = both.outcomes.contains(.failed)
        #expect(!failed)
        // The client still reads.
        _ = both.rig.queue("answer")
        try both.run(until: "the answer") { $0.client.received.count == 6 }
    }

    @Test func closeNotifyFollowsWhatWaits() throws {
        var both = try Rig()
        try both.handshake()
        _ = both.rig.queue("answer")
        _ = both.rig.flush()
        both.rig.transport.queueCloseNotify(&both.rig.pool)
        let flushed = both.rig.flush()
        both.rig.transport.socket.shutdownWriting()
        #expect(flushed == .done)
        try both.run(until: "close_notify") { $0.client.hasReceivedCloseNotify }
        let (text, lent) = (both.client.takeReceived(), both.rig.pool.lent)
        #expect(String(decoding: text, as: UTF8.self) == "answer" && lent == 0)
    }

    @Test func theEndWithoutCloseNotifyIsAnEndToo() throws {
        var both = try Rig()
        try both.handshake()
        both.rig.peer.shutdownWriting()
        try both.run(until: "the end") { $0.rig.transport.ended }
        let (last, lent) = (both.outcomes.last, both.rig.pool.lent)
        #expect(last == .ended && lent == 0)
    }

    @Test func whatIsNoTLSFailsAndAnAlertGoesOut() throws {
        var rig = try TransportRig(try TestServer.connection())
        // A handshake record whose message is of no known type.
        try rig.peer.send([22, 3, 1, 0, 5, 99, 0, 0, 1, 0] as [UInt8])
        try rig.announce(.readable)
        let (received, ended, flushed) = (rig.receive(), rig.transport.ended, rig.flush())
        #expect(received == .failed && ended && flushed == .done)
        try rig.peer.wait(for: "an alert") { $0.received.count >= 7 }
        // A fatal alert (RFC 8446 §6).
        #expect(rig.peer.received.first == 21 && rig.peer.received[5] == 2)
        let lent = rig.pool.lent
        #expect(lent == 0)
    }

    /// What was encrypted and sent stays as it was, for another connection.
    @Test func whatWasSentIsKeptInTheClear() throws {
        var both = try Rig()
        try both.handshake()
        both.rig.transport.retainSent()
        let queued = both.rig.queue("once")
        let flushed = both.rig.flush()
        let (retained, waiting) = (both.rig.transport.retained, both.rig.transport.waiting)
        #expect(queued && flushed == .done && retained == 4 && waiting == 0)
        _ = both.rig.queue(" more")
        _ = both.rig.flush()
        try both.run(until: "all of it") { $0.client.received.count == 9 }
        #expect(both.client.takeReceived() == Array("once more".utf8))
        var output = both.rig.transport.takeOutput()
        let kept = output.readable.copied()
        #expect(kept == Array("once more".utf8))
        output.discard(to: &both.rig.pool)
        let lent = both.rig.pool.lent
        #expect(lent == 0)
    }

    /// A head may be larger than one read: what waits in the input is no reason to stop.
    @Test func theInputGrowsWithWhatNobodyTakes() throws {
        var both = try Rig()
        try both.handshake()
        let bytes = pattern(150_000)
        try both.client.send(bytes)
        try both.run(until: "all of it", takes: false) {
            $0.rig.transport.input.count == bytes.count
        }
        let same = both.rig.takeInput() == bytes
        #expect(same)
    }

    /// What was read and found no room is no longer the socket's to announce.
    @Test func whatFoundNoRoomIsReadWithoutAnEvent() throws {
        var both = try Rig()
        try both.handshake()
        let bytes = pattern(both.rig.pool.largeBytes + 10_000)
        try both.client.send(bytes)
        // Until the socket is empty and the input full.
        for _ in 0..<50 { try both.turn(takes: false) }
        let (waiting, mayRead) = (both.rig.transport.input.count, both.rig.transport.mayRead)
        #expect(waiting < bytes.count && waiting > 100_000 && mayRead)
        var all: [UInt8] = []
        for _ in 0..<10 where both.rig.transport.mayRead {
            all += both.rig.takeInput()
            _ = both.rig.receive()
        }
        all += both.rig.takeInput()
        let (whole, lent) = (all == bytes, both.rig.pool.lent)
        #expect(whole && lent == 0)
    }
}

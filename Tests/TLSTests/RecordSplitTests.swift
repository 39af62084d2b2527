import Bytes
import COpenSSL
import TLS
import TestSupport
import Testing

/// Records cut anywhere: the handshake, what follows it, the end, and what is no TLS.
@Suite struct RecordSplitTests {
    /// What the server came to.
    private struct Outcome: Equatable {
        var isEstablished: Bool
        var received: [UInt8]
        var progress: TLSConnection.Progress
        var isDrained: Bool

        init(_ pair: TLSPair) {
            isEstablished = pair.isEstablished
            received = pair.received
            progress = pair.progress
            isDrained = pair.isDrained
        }
    }

    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]
    private static let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

    private func pair(_ version: CInt, _ context: borrowing TLSServerContext) throws -> TLSPair {
        try TLSPair(context, ClientOptions(minimum: version, maximum: version))
    }

    private func feed(_ pair: TLSPair, _ bytes: [UInt8], cutAt cuts: [Int]) {
        for part in parts(of: bytes, cutAt: cuts) { pair.feed(part) }
    }

    /// Feeds fresh pairs what their client sends, which has the same length each time.
    private func everyCut(
        of stream: (TLSPair) -> [UInt8],
        _ version: CInt,
        _ context: borrowing TLSServerContext
    ) throws -> SplitOutcomes<Outcome> {
        let length = stream(try pair(version, context)).count
        return try everySplit(of: [UInt8](repeating: 0, count: length)) { cuts in
            let pair = try pair(version, context)
            feed(pair, stream(pair), cutAt: cuts)
            return Outcome(pair)
        }
    }

    /// The first message of a client; its length is the same each time.
    @Test(arguments: versions)
    func aClientHelloMayBeCutAnywhere(_ version: CInt) throws {
        let context = try makeContext()
        let first = try pair(version, context)
        _ = first.client.handshake()
        let length = first.client.takeOutgoing().count
        let outcomes = try everySplit(of: [UInt8](repeating: 0, count: length)) { cuts in
            let pair = try pair(version, context)
            _ = pair.client.handshake()
            feed(pair, pair.client.takeOutgoing(), cutAt: cuts)
            let done = pair.handshake()
            pair.clientSends(Self.request)
            #expect(done && pair.serverSends([1, 2]) == [1, 2])
            return Outcome(pair)
        }
        #expect(outcomes.differing.isEmpty)
        #expect(outcomes.whole.isEstablished && outcomes.whole.received == Self.request)
        #expect(outcomes.whole.progress == .needsMore && outcomes.whole.isDrained)
    }

    /// The rest of the handshake, a request and the client's end, one behind the other.
    @Test(arguments: versions)
    func whatFollowsMayBeCutAnywhere(_ version: CInt) throws {
        let context = try makeContext()
        func stream(_ pair: TLSPair) -> [UInt8] {
            _ = pair.client.handshake()
            pair.feed(pair.client.takeOutgoing())
            let isDone = pair.client.handshake()
            // TLS 1.2's client has to see the server's Finished before it may send.
            if isDone {
                pair.client.write(Self.request)
                pair.client.sendCloseNotify()
            }
            return pair.client.takeOutgoing()
        }
        let outcomes = try everyCut(of: stream, version, context)
        #expect(outcomes.differing.isEmpty && outcomes.whole.isEstablished)
        if version == TLS1_3_VERSION {
            #expect(outcomes.whole.received == Self.request && outcomes.whole.progress == .closed)
        }
    }

    @Test(arguments: versions)
    func recordsOfAnEstablishedConnectionMayBeCutAnywhere(_ version: CInt) throws {
        let context = try makeContext()
        func stream(_ pair: TLSPair) -> [UInt8] {
            pair.handshake()
            pair.client.write(Self.request)
            pair.client.write(Self.request)
            pair.client.sendCloseNotify()
            return pair.client.takeOutgoing()
        }
        let outcomes = try everyCut(of: stream, version, context)
        #expect(outcomes.differing.isEmpty)
        #expect(outcomes.whole.received == Self.request + Self.request)
        #expect(outcomes.whole.progress == .closed && outcomes.whole.isDrained)
    }

    /// A changed byte ends it at the same record, however it comes.
    @Test func aBrokenRecordMayBeCutAnywhere() throws {
        let context = try makeContext()
        func stream(_ pair: TLSPair) -> [UInt8] {
            pair.handshake()
            pair.client.write(Self.request)
            var bytes = pair.client.takeOutgoing()
            bytes[bytes.count / 2] ^= 1
            pair.client.write(Self.request)
            return bytes + pair.client.takeOutgoing()
        }
        let outcomes = try everyCut(of: stream, TLS1_3_VERSION, context)
        #expect(outcomes.differing.isEmpty && outcomes.whole.received.isEmpty)
        #expect(outcomes.whole.progress == .failed(.badRecord))
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{0}\u{1}noise, noise, noise, noise"])
    func whatIsNoTLSMayBeCutAnywhere(_ text: String) throws {
        let context = try makeContext()
        let bytes = Array(text.utf8)
        let outcomes = try everySplit(of: bytes) { cuts in
            let pair = try TLSPair(context)
            feed(pair, bytes, cutAt: cuts)
            return Outcome(pair)
        }
        #expect(outcomes.differing.isEmpty && outcomes.whole.progress == .failed(.notTLS))
    }
}

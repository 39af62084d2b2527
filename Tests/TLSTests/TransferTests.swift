import Bytes
import COpenSSL
import TLS
import Testing

@Suite struct TransferTests {
    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]
    private static let mebibyte = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    private func established(_ version: CInt = TLS1_3_VERSION) throws -> TLSPair {
        let context = try makeContext()
        let pair = try TLSPair(context, ClientOptions(minimum: version, maximum: version))
        #expect(pair.handshake())
        return pair
    }

    @Test(arguments: versions, [300, 1500, 5000, 64 * 1024])
    func carriesAMebibyteUpThroughSmallRooms(_ version: CInt, _ room: Int) throws {
        let pair = try established(version)
        pair.plaintext = Buffer(capacity: room)
        pair.encrypted = Buffer(capacity: 2 << 20)
        pair.clientSends(Self.mebibyte)
        #expect(pair.received == Self.mebibyte)
    }

    @Test(arguments: versions, [300, 1500, 5000, 64 * 1024])
    func carriesAMebibyteDownThroughSmallRooms(_ version: CInt, _ room: Int) throws {
        let pair = try established(version)
        pair.replies = Buffer(capacity: room)
        let answer = pair.serverSends(Self.mebibyte)
        #expect(answer == Self.mebibyte)
        #expect(pair.progress == .needsMore)
    }

    @Test func carriesASplitAtEveryByte() throws {
        let pair = try established()
        let text = Array("GET / HTTP/1.1\r\n\r\n".utf8)
        for _ in 0..<3 { pair.clientSends(text, step: 1) }
        #expect(pair.received == text + text + text)
    }

    @Test func saysThatRoomIsSpentAndGoesOn() throws {
        let pair = try established()
        pair.client.write(Array(repeating: 9, count: 100))
        let record = pair.client.takeOutgoing()
        pair.encrypted.append(record.span)
        var little = Buffer(capacity: 60)
        let first = pair.server.receive(
            &pair.encrypted,
            plaintext: &little,
            replies: &pair.replies
        )
        #expect(first == .roomSpent)
        let kept60 = little.count
        #expect(kept60 == 60)
        little.clear()
        let second = pair.server.receive(
            &pair.encrypted,
            plaintext: &little,
            replies: &pair.replies
        )
        #expect(second == .needsMore)
        let kept40 = little.count
        #expect(kept40 == 40)
    }

    @Test func sendsNothingIntoTooLittleRoom() throws {
        let pair = try established()
        var text = Buffer(capacity: 10)
        text.append([1, 2, 3].span)
        var little = Buffer(capacity: TLSConnection.recordOverhead)
        let progress = pair.server.send(&text, into: &little)
        #expect(progress == .roomSpent)
        let unsent = text.count
        #expect(unsent == 3)
        let kept0 = little.count
        #expect(kept0 == 0)
    }

    @Test func sendsNothingBeforeTheHandshake() throws {
        let context = try makeContext()
        let pair = try TLSPair(context)
        var text = Buffer(capacity: 10)
        text.append([1, 2, 3].span)
        let progress = pair.server.send(&text, into: &pair.replies)
        #expect(progress == .needsMore)
        let unsent = text.count
        #expect(unsent == 3)
        #expect(pair.isDrained)
    }

    @Test func failsOnARecordThatWasChanged() throws {
        let pair = try established()
        pair.client.write([1, 2, 3])
        var record = pair.client.takeOutgoing()
        record[record.count - 1] ^= 1
        pair.feed(record)
        #expect(pair.progress == .failed(.badRecord))
        #expect(pair.received.isEmpty)
        #expect(pair.serverSends([1]).isEmpty)
        #expect(pair.progress == .failed(.badRecord))
    }

    @Test(arguments: versions)
    func tellsTheClientsCloseNotifyAndMayStillAnswer(_ version: CInt) throws {
        let pair = try established(version)
        pair.client.write([1])
        pair.client.sendCloseNotify()
        pair.feed(pair.client.takeOutgoing())
        #expect(pair.received == [1])
        #expect(pair.progress == .closed)
        #expect(pair.serverSends([2]) == [2])
        pair.server.close(into: &pair.replies)
        pair.drain()
        _ = pair.client.read()
        #expect(pair.client.receivedCloseNotify)
    }

    @Test(arguments: versions)
    func sendsCloseNotifyOnce(_ version: CInt) throws {
        let pair = try established(version)
        pair.server.close(into: &pair.replies)
        #expect(!pair.isDrained)
        pair.drain()
        pair.server.close(into: &pair.replies)
        #expect(pair.isDrained)
        _ = pair.client.read()
        #expect(pair.client.receivedCloseNotify)
        // What still comes is dropped, and nothing more goes out.
        pair.clientSends([1, 2])
        #expect(pair.progress == .closed)
        #expect(pair.received.isEmpty)
        #expect(pair.serverSends([1]).isEmpty)
        #expect(pair.progress == .closed)
    }

    /// RFC 8446 §6.1: each direction ends by itself.
    @Test(arguments: versions)
    func readsOnAfterItsOwnCloseNotify(_ version: CInt) throws {
        let pair = try established(version)
        pair.server.close(into: &pair.replies, readsOn: true)
        pair.drain()
        _ = pair.client.read()
        #expect(pair.client.receivedCloseNotify)
        pair.clientSends(Self.mebibyte.prefix(40_000) + [1], step: 1000)
        #expect(pair.received == Self.mebibyte.prefix(40_000) + [1])
        #expect(pair.progress == .needsMore)
        #expect(pair.serverSends([1]).isEmpty)
        #expect(pair.progress == .closed)
        pair.client.sendCloseNotify()
        pair.feed(pair.client.takeOutgoing())
        #expect(pair.progress == .closed)
        // Nothing goes out after it, not a second one either.
        pair.server.close(into: &pair.replies)
        #expect(pair.isDrained && pair.serverSends([1]).isEmpty)
    }

    @Test func answersAKeyUpdateWithTheNextRecord() throws {
        let pair = try established()
        for round in 0..<50 {
            pair.client.requestKeyUpdate()
            pair.clientSends([UInt8(round)])
            #expect(pair.serverSends([UInt8(round)]) == [UInt8(round)])
        }
        #expect(pair.received == Array(0..<50))
    }

    @Test func endsAFloodOfKeyUpdates() throws {
        let pair = try established()
        var rounds = 0
        while pair.progress == .needsMore, rounds < 10_000 {
            pair.client.requestKeyUpdate()
            _ = pair.client.handshake()
            pair.feed(pair.client.takeOutgoing())
            rounds += 1
        }
        #expect(pair.progress == .failed(.protocolViolation))
        #expect(rounds < 2_000)
    }

    @Test func refusesRenegotiation() throws {
        let pair = try established(TLS1_2_VERSION)
        #expect(!pair.client.renegotiate())
        pair.feed(pair.client.takeOutgoing())
        #expect(pair.progress == .needsMore)
        // The no_renegotiation alert (RFC 5246 §7.2.2) ends it at the client.
        #expect(!pair.client.handshake())
        #expect(pair.received.isEmpty)
    }
}

import COpenSSL
import TLS
import Testing

@Suite struct ResumptionTests {
    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

    /// Establishes a connection and returns the session its client keeps.
    private func session(
        _ context: borrowing TLSServerContext,
        _ version: CInt
    ) throws -> ClientSession {
        let pair = try TLSPair(context, ClientOptions(minimum: version, maximum: version))
        #expect(pair.handshake())
        #expect(pair.serverSends([1]) == [1])
        // OpenSSL's client forgets a session whose connection ends without it.
        pair.client.sendCloseNotify()
        return try #require(pair.client.session)
    }

    /// Whether a client with `session` resumes, and whether it got a new ticket.
    private func resumes(
        _ session: ClientSession,
        _ context: borrowing TLSServerContext,
        _ version: CInt
    ) throws -> (resumed: Bool, renewed: Bool) {
        var options = ClientOptions(minimum: version, maximum: version)
        options.resumes = session
        let pair = try TLSPair(context, options)
        #expect(pair.handshake())
        #expect(pair.serverSends([1]) == [1])
        #expect(pair.client.isResumed == pair.isResumed)
        pair.client.sendCloseNotify()
        return (pair.isResumed, pair.client.holdsOtherTicket(than: session))
    }

    @Test(arguments: versions)
    func resumesAtAnotherWorker(_ version: CInt) throws {
        let keys = TicketKeys.generate()
        let first = try makeContext(tickets: TicketKeyStore(keys))
        let second = try makeContext(tickets: TicketKeyStore(keys))
        let kept = try session(first, version)
        let outcome = try resumes(kept, second, version)
        #expect(outcome.resumed)
        // TLS 1.3 tickets are used once.
        #expect(outcome.renewed == (version == TLS1_3_VERSION))
    }

    @Test(arguments: versions)
    func resumesWhereTheServerNameChoosesAContext(_ version: CInt) throws {
        let keys = TicketKeys.generate()
        let both = [TestCertificates.other, TestCertificates.app]
        let first = try makeContext(both, tickets: TicketKeyStore(keys))
        let second = try makeContext(both, tickets: TicketKeyStore(keys))
        let kept = try session(first, version)
        let outcome = try resumes(kept, second, version)
        #expect(outcome.resumed)
    }

    @Test(arguments: versions)
    func resumesAfterOneRotationAndNotAfterTwo(_ version: CInt) throws {
        let keys = TicketKeys.generate()
        let store = TicketKeyStore(keys)
        let context = try makeContext(tickets: store)
        let kept = try session(context, version)
        store.replace(keys.rotated())
        let once = try resumes(kept, context, version)
        #expect(once.resumed && once.renewed)
        store.replace(keys.rotated().rotated())
        let twice = try resumes(kept, context, version)
        #expect(!twice.resumed)
    }

    @Test(arguments: versions)
    func resumesAtAWorkerThatHasNotRotatedYet(_ version: CInt) throws {
        let keys = TicketKeys.generate()
        let rotated = try makeContext(tickets: TicketKeyStore(keys.rotated()))
        let late = try makeContext(tickets: TicketKeyStore(keys))
        let kept = try session(rotated, version)
        let outcome = try resumes(kept, late, version)
        #expect(outcome.resumed)
    }

    @Test(arguments: versions)
    func doesNotResumeAtAnotherListener(_ version: CInt) throws {
        let store = TicketKeyStore(.generate())
        let one = try makeContext(session: "0.0.0.0:8443", tickets: store)
        let two = try makeContext(session: "0.0.0.0:9443", tickets: store)
        let kept = try session(one, version)
        let there = try resumes(kept, two, version)
        #expect(!there.resumed)
        let here = try resumes(kept, one, version)
        #expect(here.resumed)
    }

    @Test(arguments: versions)
    func doesNotResumeWithOtherKeys(_ version: CInt) throws {
        let one = try makeContext(tickets: TicketKeyStore(.generate()))
        let two = try makeContext(tickets: TicketKeyStore(.generate()))
        let kept = try session(one, version)
        let outcome = try resumes(kept, two, version)
        #expect(!outcome.resumed)
    }

    @Test func aConnectionOutlivesItsContext() throws {
        let first = try makeContext(tickets: TicketKeyStore(.generate()))
        let pair = try TLSPair(first)
        _ = consume first
        #expect(pair.handshake())
        #expect(pair.serverSends([5]) == [5])
    }
}

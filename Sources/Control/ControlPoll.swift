import EventLoop
import Observability
import Proxy
import Sessions

/// `sessions.revocation.poll`: the core is asked about sessions in use, and those that it no longer
/// has are dropped. Whatever else it says drops nothing.
extension ControlLoop {
    /// How often the log says that sessions cannot be asked about.
    private static let pollReportInterval = Duration.seconds(60)

    /// Asks the workers for a share, and the core about what they told.
    mutating func tendPoll() {
        if let share = poll.nextShare(now: loop.now) { broadcast(.collectSessions(share)) }
        while let handle = poll.nextQuestion() {
            let question = CoreQuestion.session(handle: String(decoding: handle, as: UTF8.self))
            ask(question, .poll(handle, cores: coreGeneration))
        }
    }

    /// A worker told of sessions in use.
    mutating func sessionsInUse(_ handles: [[UInt8]]) {
        for handle in handles {
            let fingerprint = revocations.table.fingerprint(handle.span)
            guard !revocations.table.contains(fingerprint) else { continue }
            poll.add(handle, fingerprint)
        }
    }

    /// What the core said of a session in use. `cores`: the configuration of those that were asked;
    /// others that took their place may never have had it.
    mutating func polled(_ handle: [UInt8], _ answer: CoreAnswer, cores: Int) {
        poll.answered()
        guard cores == coreGeneration else { return }
        switch answer {
        case .information:
            metrics.increment(.pollsStanding)
        case .ended:
            metrics.increment(.pollsEnded)
            metrics.increment(.sessionsRevokedByPoll)
            let session = RevokedSession(
                fingerprint: revocations.table.fingerprint(handle.span),
                instant: loop.wallMilliseconds
            )
            drop(RevocationNews([session]))
        case .unreachable(let failure):
            pollFailed(failure.detail)
        case .verified, .handles, .revoked, .tryRefresh, .keys:
            pollFailed(CoreFailure.malformed.detail)
        }
    }

    private mutating func pollFailed(_ cause: StaticString) {
        metrics.increment(.pollsFailed)
        if let last = pollReportedAt, loop.now - last < Self.pollReportInterval { return }
        pollReportedAt = loop.now
        surroundings.log(
            .warning,
            "a session in use could not be asked about",
            [("cause", cause.description)]
        )
    }
}

import Bytes
import Cryptography
import EventLoop
import Observability
import Proxy
import Sessions

/// The dropped sessions of the whole process, and how every worker learns of them.
struct ControlRevocations: ~Copyable {
    var table: RevokedSessions
    /// What each worker is to be told and has no room for yet.
    var untold: [RevocationNews] = []
    /// The number of the next news that workers are to confirm.
    var nextNumber: UInt64 = 1
    /// Operators' requests that wait.
    var requests: [RevocationRequest] = []
    var nextRequest: UInt64 = 1
    var file: RevocationFile?

    init(_ options: RevocationOptions) {
        table = RevokedSessions(entries: options.entries, keep: options.keep, key: .random)
    }
}

extension ControlLoop {
    /// How soon a worker is told again what it had no room for.
    private static let tellingRetry = Duration.milliseconds(1)

    /// What a worker that starts now begins with.
    var revocationSeed: RevocationSeed {
        RevocationSeed(
            key: revocations.table.key,
            sessions: revocations.table.sessions,
            mark: revocations.table.mark
        )
    }

    /// A worker saw sign-outs.
    mutating func signedOut(_ news: RevocationNews) {
        metrics.increment(.sessionsSignedOut, by: UInt64(news.sessions.count))
        drop(news)
    }

    /// Drops sessions in the whole process, and tells every worker. That a worker tells what it
    /// knows is no harm.
    mutating func drop(_ news: RevocationNews) {
        revocations.table.take(news)
        for index in workers.indices {
            if revocations.untold.count <= index { revocations.untold.append(RevocationNews()) }
            revocations.untold[index].add(news)
        }
        tellWorkers()
        keep(news)
    }

    private mutating func tellWorkers() {
        for index in revocations.untold.indices where !revocations.untold[index].isEmpty {
            if workers[index].post(.revoked(revocations.untold[index])) {
                revocations.untold[index] = RevocationNews()
            }
        }
    }

    /// Lets old entries go, and tells workers what they had no room for.
    mutating func tendRevocations() {
        if loop.wallMilliseconds >= revocations.table.nextExpiry {
            revocations.table.expire(wallMilliseconds: loop.wallMilliseconds)
        }
        tellWorkers()
    }

    var tellingDeadline: Instant {
        revocations.untold.contains { !$0.isEmpty } ? loop.now + Self.tellingRetry : .distantFuture
    }
}

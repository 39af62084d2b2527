internal import HTTPCore

/// What the table of dropped sessions says of one that was verified.
enum SessionStanding: Equatable {
    case accepted
    case dropped
    /// Its entry may have left the table: only the core can tell.
    case unknown
}

extension Authenticator {
    /// Takes back what was found when the session was dropped since: a verified token says nothing
    /// of that.
    ///
    /// - Parameters:
    ///   - found: what `authenticate` found.
    ///   - revoked: the sessions that were dropped.
    /// - Returns: `found`; a refusal, with the session's reference given back; or
    ///   `revocationUnknown`, with the reference still pinned.
    public mutating func check(
        _ found: Authentication,
        against revoked: borrowing RevokedSessions
    ) -> Authentication {
        guard case .session(let session) = found else { return found }
        switch cache.standing(session, in: revoked) {
        case .accepted:
            return found
        case .dropped:
            cache.release(session)
            return .refused(SessionRefusal(reason: .revoked, answer: .unauthorised))
        case .unknown:
            return .revocationUnknown(session)
        }
    }

    /// Notes that the core said that a session stands. It need not be asked again for this token
    /// until the mark moves.
    ///
    /// - Parameters:
    ///   - session: pinned.
    ///   - mark: `RevokedSessions.mark` when the core was asked.
    public mutating func confirm(_ session: SessionReference, mark: Int64) {
        cache.confirm(session, mark: mark)
    }
}

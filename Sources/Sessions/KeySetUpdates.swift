internal import JOSE

/// How what the cores say changes the set.
extension KeySet {
    func knowledge(of kind: KeyKind) -> Knowledge {
        kind == .web ? webKnowledge : legacyKnowledge
    }

    /// Puts a fetch's outcome in the place of what was known of the kind.
    ///
    /// - Parameters:
    ///   - outcome: what the cores said.
    ///   - kind: of which keys.
    ///   - wall: now, in milliseconds since the epoch.
    ///   - maximumStale: milliseconds.
    /// - Returns: false when it replaces nothing: a failure, or a 404 where there were keys. That
    ///   may be a stray answer on the way to the core; it takes keys away only when no core
    ///   confirmed them for the longest time allowed.
    mutating func take(
        _ outcome: KeyOutcome,
        of kind: KeyKind,
        at wall: Int64,
        maximumStale: Int64
    ) -> Bool {
        switch outcome {
        case .webKeys(let keys): webKeys = keys
        case .legacyKeys(let keys): legacyKeys = keys
        case .absent:
            let confirmedAt = kind == .web ? webConfirmedAt : legacyConfirmedAt
            guard knowledge(of: kind) != .known || wall &- confirmedAt >= maximumStale else {
                return false
            }
            if kind == .web { webKeys = [] } else { legacyKeys = [] }
        case .failed:
            return false
        }
        confirm(kind, outcome == .absent ? .absent : .known, at: wall)
        return true
    }

    /// Adds the keys that are new and withdraws none.
    ///
    /// - Returns: false when there are none.
    mutating func add(_ outcome: KeyOutcome, at wall: Int64) -> Bool {
        switch outcome {
        case .webKeys(let keys):
            let added = keys.filter { new in !webKeys.contains { $0.keyID == new.keyID } }
            guard !added.isEmpty else { return false }
            webKeys = Array((added + webKeys).prefix(JSONWebKey.maximumKeys))
            confirm(.web, .known, at: wall)
        case .legacyKeys(let keys):
            let added = keys.filter { !legacyKeys.contains($0) }
            guard !added.isEmpty else { return false }
            legacyKeys = Array((added + legacyKeys).prefix(JSONWebKey.maximumKeys))
            confirm(.legacy, .known, at: wall)
        case .absent, .failed:
            return false
        }
        return true
    }

    private mutating func confirm(_ kind: KeyKind, _ knowledge: Knowledge, at wall: Int64) {
        switch kind {
        case .web:
            webKnowledge = knowledge
            webConfirmedAt = wall
        case .legacy:
            legacyKnowledge = knowledge
            legacyConfirmedAt = wall
        }
    }
}

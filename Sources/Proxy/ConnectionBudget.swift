import Synchronization

/// How many client connections the process may still accept: `limits.connections`, shared by the
/// workers because `SO_REUSEPORT` does not spread connections evenly. Touched on accept and close
/// only.
public final class ConnectionBudget: Sendable {
    private let open = Atomic<Int>(0)
    private let maximum: Atomic<Int>
    /// Workers that miss their reserve descriptor.
    private let reservesMissing = Atomic<Int>(0)

    /// At most `maximum` connections at once.
    public init(maximum: Int) {
        self.maximum = Atomic(maximum)
    }

    /// Takes a place; false when all are taken, or when another worker misses the descriptor that
    /// the connection has.
    public func take() -> Bool {
        guard reservesMissing.load(ordering: .relaxed) <= 0 else { return false }
        let before = open.add(1, ordering: .relaxed).oldValue
        guard before < maximum.load(ordering: .relaxed) else {
            open.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Gives back a place that `take` gave.
    public func giveBack() {
        open.subtract(1, ordering: .relaxed)
    }

    /// A worker's reserve descriptor went to somebody else: until it has one again, connections are
    /// closed instead of admitted.
    public func reserveLost() {
        reservesMissing.add(1, ordering: .relaxed)
    }

    /// A worker that missed its reserve has one again.
    public func reserveFound() {
        reservesMissing.subtract(1, ordering: .relaxed)
    }

    /// A reload may change the limit; connections above it stay.
    public func setMaximum(_ value: Int) {
        maximum.store(value, ordering: .relaxed)
    }
}

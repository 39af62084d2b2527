import Synchronization

/// How many client connections the process may still accept: `limits.connections`, shared by the
/// workers because `SO_REUSEPORT` does not spread connections evenly. Touched on accept and close
/// only. Likewise how many tunnels: `limits.tunnels`.
public final class ConnectionBudget: Sendable {
    private let open = Atomic<Int>(0)
    private let maximum: Atomic<Int>

    /// At most `maximum` connections at once.
    public init(maximum: Int) {
        self.maximum = Atomic(maximum)
    }

    /// Takes a place; false when all are taken.
    public func take() -> Bool {
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

    /// A reload may change the limit; connections above it stay.
    public func setMaximum(_ value: Int) {
        maximum.store(value, ordering: .relaxed)
    }
}

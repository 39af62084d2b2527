/// One target's connections and addresses.
struct Target {
    /// Leases that a target is passed over after failing again and again.
    private static let restMaximum: UInt32 = 256

    private let maximum: Int
    private(set) var open = 0
    /// The one that became idle last at the end.
    private(set) var idle: [UInt64] = []
    private var addressCount = 0
    /// The address that new connections go to.
    private var address = 0
    /// Addresses that failed in a row.
    private var addressesFailed = 0
    /// How long the next rest is; 0 = up.
    private var rest: UInt32 = 0
    private var restLeft: UInt32 = 0

    init(maximum: Int) {
        self.maximum = max(1, maximum)
    }

    var isResolved: Bool { addressCount > 0 }
    var hasConnection: Bool { !idle.isEmpty || open < maximum }
    var isUp: Bool { rest == 0 }

    /// Whether others go first this time.
    ///
    /// Counted in leases, not in time: a target that is down costs a busy upstream few of them, and
    /// one that is back is noticed soon.
    mutating func rests() -> Bool {
        guard restLeft > 0 else { return false }
        restLeft -= 1
        return true
    }

    mutating func setAddresses(_ count: Int) {
        addressCount = max(0, count)
        if address >= addressCount { address = 0 }
        addressesFailed = 0
    }

    /// `hasConnection` was true.
    mutating func take(as id: TargetID, freshOnly: Bool) -> UpstreamPool.Lease {
        let mayOpen = open < maximum
        if !freshOnly || !mayOpen, let newest = idle.popLast() {
            return .reuse(connection: newest, id)
        }
        guard mayOpen else { return .wait }
        open += 1
        return .connect(id, address: address)
    }

    mutating func giveBack(_ connection: UInt64) {
        guard idle.count < open else { return }
        idle.append(connection)
        connected()
    }

    mutating func closed(_ connection: UInt64, wasIdle: Bool) {
        if wasIdle {
            // The one idle longest is first, and the first to be closed.
            guard let index = idle.firstIndex(of: connection) else { return }
            idle.remove(at: index)
            open -= 1
        } else if open > idle.count {
            open -= 1
        }
    }

    mutating func connected() {
        rest = 0
        restLeft = 0
        addressesFailed = 0
    }

    /// Whether another address has not failed yet in this row.
    mutating func connectFailed(_ failed: Int) -> Bool {
        if open > idle.count { open -= 1 }
        // Of connections begun at once only the first to fail moves on.
        if failed == address, addressCount > 0 {
            address = (address + 1) % addressCount
            addressesFailed += 1
        }
        if addressesFailed < addressCount { return true }
        addressesFailed = 0
        // Connections that fail together lengthen the rest once.
        if restLeft == 0 {
            rest = min(max(1, rest * 2), Self.restMaximum)
            restLeft = rest
        }
        return false
    }

    mutating func takeAllIdle() -> [UInt64] {
        let taken = idle
        open -= taken.count
        idle.removeAll()
        return taken
    }
}

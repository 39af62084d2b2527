/// One upstream's targets and waiters.
struct Upstream {
    /// Which target a request goes to.
    enum Choice {
        case target(Int)
        /// There are targets left, and all have every connection leased.
        case full
        case none
    }

    var targets: [Target]
    var waiters = WaiterQueue(capacity: UpstreamPool.waitersMaximum)
    /// Where the next search begins.
    private var turn = 0

    init(_ options: UpstreamOptions) {
        targets = options.targets.map { _ in Target(maximum: options.maximumConnections) }
    }

    /// Whether a request that has tried nothing would have to wait.
    var isFull: Bool {
        var isFull = false
        for target in targets where target.isResolved {
            if target.hasConnection { return false }
            isFull = true
        }
        return isFull
    }

    /// Targets in turn; one that rests goes last.
    mutating func choose(tried: UInt64) -> Choice {
        var isFull = false
        var resting: Int?
        for step in targets.indices {
            let index = (turn + step) % targets.count
            let isTried = index < 64 && tried & (1 << UInt64(index)) != 0
            guard !isTried, targets[index].isResolved else { continue }
            guard targets[index].hasConnection else {
                isFull = true
                continue
            }
            if targets[index].rests() {
                resting = resting ?? index
                continue
            }
            return take(index)
        }
        if let resting { return take(resting) }
        return isFull ? .full : .none
    }

    private mutating func take(_ index: Int) -> Choice {
        turn = (index + 1) % targets.count
        return .target(index)
    }
}

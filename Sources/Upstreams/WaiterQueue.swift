/// Who waits, in order of arrival: a ring that takes its memory when first used.
struct WaiterQueue {
    private let capacity: Int
    private var ring: [UInt64] = []
    private var first = 0
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// False when the queue is full.
    mutating func append(_ waiter: UInt64) -> Bool {
        guard count < capacity else { return false }
        if ring.isEmpty { ring = [UInt64](repeating: 0, count: capacity) }
        ring[place(count)] = waiter
        count += 1
        return true
    }

    mutating func popFirst() -> UInt64? {
        guard count > 0 else { return nil }
        let waiter = ring[first]
        dropFirst()
        return waiter
    }

    /// Moves those before it one place back: who leaves has mostly waited longest, so they are few.
    mutating func remove(_ waiter: UInt64) {
        for position in 0..<count where ring[place(position)] == waiter {
            for moved in stride(from: position, to: 0, by: -1) {
                ring[place(moved)] = ring[place(moved - 1)]
            }
            dropFirst()
            return
        }
    }

    private mutating func dropFirst() {
        first = place(1)
        count -= 1
    }

    private func place(_ position: Int) -> Int { (first + position) % capacity }
}

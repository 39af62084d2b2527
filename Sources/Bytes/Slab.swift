/// Names one slot of a `Slab` for one tenancy: a handle kept past `remove` never
/// reaches the slot's next tenant.
@frozen
public struct Handle<Element: ~Copyable>: Hashable, Sendable {
    @usableFromInline let index: UInt32
    @usableFromInline let generation: UInt32

    @inlinable
    init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// The slot's number, below the slab's capacity; two tenants in turn share it.
    @inlinable public var slot: Int { Int(index) }

    /// The handle in 56 bits: 24 of slot, 32 of generation; what epoll carries beside a kind.
    @inlinable public var bits: UInt64 { UInt64(index) << 32 | UInt64(generation) }

    /// The handle whose `bits` these are; a number that no slab gave is merely stale.
    @inlinable
    public init(bits: UInt64) {
        index = UInt32(truncatingIfNeeded: bits >> 32) & 0xFF_FFFF
        generation = UInt32(truncatingIfNeeded: bits)
    }
}

/// Fixed-capacity storage for per-connection state; it allocates once, at startup.
@safe
public struct Slab<Element: ~Copyable>: ~Copyable {
    /// Slots in all.
    @usableFromInline let slots: UnsafeMutablePointer<Element>
    @usableFromInline let generations: UnsafeMutablePointer<UInt32>
    @usableFromInline var free: [UInt32]
    public let capacity: Int
    /// Slots taken now.
    public private(set) var count = 0

    /// - Parameter capacity: elements; at most 2^24, the slots a handle can name.
    public init(capacity: Int) {
        precondition(capacity > 0 && capacity <= 1 << 24)
        unsafe slots = .allocate(capacity: capacity)
        unsafe generations = .allocate(capacity: capacity)
        unsafe generations.initialize(repeating: 0, count: capacity)
        free = (0..<UInt32(capacity)).reversed()
        self.capacity = capacity
    }

    deinit {
        for index in 0..<capacity where unsafe !generations[index].isMultiple(of: 2) {
            unsafe slots.advanced(by: index).deinitialize(count: 1)
        }
        unsafe slots.deallocate()
        unsafe generations.deallocate()
    }

    /// Whether every slot is taken.
    public var isFull: Bool { count == capacity }

    /// Returns nil, and drops `element`, when every slot is taken.
    public mutating func insert(_ element: consuming Element) -> Handle<Element>? {
        guard let index = free.popLast() else { return nil }
        count += 1
        unsafe generations[Int(index)] &+= 1
        unsafe slots.advanced(by: Int(index)).initialize(to: element)
        return unsafe Handle(index: index, generation: generations[Int(index)])
    }

    /// Ends the tenancy; nil when it had ended before.
    public mutating func remove(_ handle: Handle<Element>) -> Element? {
        guard contains(handle) else { return nil }
        count -= 1
        unsafe generations[Int(handle.index)] &+= 1
        free.append(handle.index)
        return unsafe slots.advanced(by: Int(handle.index)).move()
    }

    /// Whether the tenancy that the handle names still lasts.
    @inlinable
    public func contains(_ handle: Handle<Element>) -> Bool {
        unsafe Int(handle.index) < capacity && handle.generation & 1 == 1
            && generations[Int(handle.index)] == handle.generation
    }

    /// The handle of the slot's present tenant, nil when it is free.
    public func handle(inSlot slot: Int) -> Handle<Element>? {
        guard slot < capacity, unsafe !generations[slot].isMultiple(of: 2) else { return nil }
        return unsafe Handle(index: UInt32(slot), generation: generations[slot])
    }

    /// The element in place.
    ///
    /// The caller knows that the tenancy lasts (`contains`); a stale handle is a fault of ours and
    /// traps.
    @inlinable
    public subscript(_ handle: Handle<Element>) -> Element {
        unsafeAddress {
            precondition(contains(handle), "stale handle")
            return unsafe UnsafePointer(slots.advanced(by: Int(handle.index)))
        }
        unsafeMutableAddress {
            precondition(contains(handle), "stale handle")
            return unsafe slots.advanced(by: Int(handle.index))
        }
    }
}

/// Spare things of one kind, the last put away taken first because its memory is warmest.
///
/// It allocates once, and holds no more than its capacity.
@safe
public struct Stack<Element: ~Copyable>: ~Copyable {
    private let elements: UnsafeMutablePointer<Element>
    private let capacity: Int
    /// Elements held now.
    public private(set) var count = 0

    /// An empty stack for at most `capacity` elements.
    public init(capacity: Int) {
        precondition(capacity > 0)
        unsafe elements = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit {
        unsafe elements.deinitialize(count: count)
        unsafe elements.deallocate()
    }

    /// Puts an element away; with a full stack it is dropped instead.
    public mutating func push(_ element: consuming Element) {
        guard count < capacity else { return }
        unsafe (elements + count).initialize(to: element)
        count &+= 1
    }

    /// Takes the element that was put away last; nil when there is none.
    public mutating func pop() -> Element? {
        guard count > 0 else { return nil }
        count &-= 1
        return unsafe (elements + count).move()
    }
}

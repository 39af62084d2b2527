/// One element of a slab for reading, without a borrow of the slab, so that an owner can read
/// one part of itself while it changes another.
///
/// The rule that the compiler cannot check here: a view is taken for one step, is never stored,
/// and its element is neither changed nor removed while it is used.
@safe
public struct SlabView<Element: ~Copyable> {
    private let element: UnsafePointer<Element>

    @unsafe
    fileprivate init(_ element: UnsafePointer<Element>) {
        unsafe self.element = element
    }

    /// The element in place.
    public var value: Element {
        unsafeAddress { unsafe element }
    }
}

extension Slab where Element: ~Copyable {
    /// The element for reading during one step; a stale handle is a fault of ours and traps.
    public func view(_ handle: Handle<Element>) -> SlabView<Element> {
        precondition(contains(handle), "stale handle")
        return unsafe SlabView(UnsafePointer(slots.advanced(by: handle.slot)))
    }
}

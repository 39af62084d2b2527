internal import Synchronization

/// A field that keeps the struct it stands in where it is: what is borrowed of such a struct is
/// read in place, while any other is copied to the stack for each call, however large it is.
///
/// It works because an atomic has no value apart from its memory; nothing is ever written to it.
public struct InPlace: ~Copyable, Sendable {
    private let marker = Atomic<UInt8>(0)

    /// A field to be stored and forgotten.
    public init() {}
}

/// The readable bytes of a buffer without a borrow of it, so that one part of an owner can be read
/// while another is changed.
///
/// The rule that the compiler cannot check here: a view is taken for one step, is never stored,
/// and its buffer is neither written, consumed nor released while it is used. Spans of it are
/// bounds-checked as any other.
@safe
public struct ByteView {
    private let bytes: UnsafeBufferPointer<UInt8>

    @unsafe
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe self.bytes = bytes
    }

    /// Bytes to be read.
    public var count: Int { unsafe bytes.count }

    /// The bytes, for as long as this view is in scope.
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeElements: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

extension Buffer {
    /// What `readable` gives, as a view.
    public var view: ByteView {
        unsafe readable.withUnsafeBufferPointer { unsafe ByteView($0) }
    }
}

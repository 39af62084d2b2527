extension Array where Element == UInt8 {
    /// Appends a span's bytes in one copy.
    public mutating func append(bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Drops every byte and keeps the storage, unless it holds more than `limit` bytes.
    public mutating func removeAll(keepingUpTo limit: Int) {
        // The library takes its longest way even when there is nothing to remove.
        if isEmpty && capacity <= limit { return }
        removeAll(keepingCapacity: capacity <= limit)
    }
}

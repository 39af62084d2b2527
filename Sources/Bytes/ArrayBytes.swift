extension Array where Element == UInt8 {
    /// Appends a span's bytes in one copy.
    public mutating func append(bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Drops every byte and keeps the storage, unless it holds more than `limit` bytes.
    public mutating func removeAll(keepingUpTo limit: Int) {
        removeAll(keepingCapacity: capacity <= limit)
    }
}

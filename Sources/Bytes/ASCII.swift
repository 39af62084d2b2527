import Glibc

/// Byte-wise reading of ASCII, without locale or Unicode tables.
extension UInt8 {
    /// The byte with `A`–`Z` turned to lower case.
    @inlinable public var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// Whether the byte is `0`–`9`.
    @inlinable public var isDigit: Bool { self &- 0x30 < 10 }

    /// The value of a hexadecimal digit of either case; nil for any other byte.
    @inlinable public var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self &- 0x30
        case 0x41...0x46: self &- 0x37
        case 0x61...0x66: self &- 0x57
        default: nil
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes are exactly those of `text`.
    public func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in indices where unsafe self[index] != text.utf8Start[index] { return false }
        return true
    }

    /// Whether the bytes are those of `text`, `A`–`Z` being equal to `a`–`z`; `text` is lower case.
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in indices where unsafe self[index].lowercased != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Whether both hold the same bytes. Not for secrets: see `constantTimeEqual`.
    public func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        return unsafe withUnsafeBufferPointer { left in
            unsafe other.withUnsafeBufferPointer { right in
                guard let left = left.baseAddress, let right = right.baseAddress else {
                    return true
                }
                return unsafe memcmp(left, right, count) == 0
            }
        }
    }

    /// The first index at or after `start` that holds `byte`.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// The bytes in an array of their own.
    public func copied() -> [UInt8] {
        unsafe Array(unsafeUninitializedCapacity: count) { memory, initialized in
            unsafe withUnsafeBufferPointer { source in
                guard let from = source.baseAddress else { return }
                unsafe memory.baseAddress?.initialize(from: from, count: source.count)
            }
            initialized = count
        }
    }

    /// The bytes as text; bytes that are not UTF-8 become U+FFFD.
    public var text: String { String(decoding: copied(), as: UTF8.self) }
}

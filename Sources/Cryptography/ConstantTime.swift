import COpenSSL

/// Whether both hold the same bytes, in a time that tells nothing but whether their counts are
/// equal.
public func constantTimeEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { first in
        unsafe right.withUnsafeBytes { second in
            guard let one = first.baseAddress, let other = second.baseAddress else { return true }
            return unsafe CRYPTO_memcmp(one, other, first.count) == 0
        }
    }
}

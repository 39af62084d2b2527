import COpenSSL

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// Bytes of a digest.
    public static let digestBytes = 32

    /// The digest of `bytes`, 32 bytes.
    public static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: digestBytes)
        let hasher = SHA256Hasher()
        var output = result.mutableSpan
        let done = hasher.digest(bytes, into: &output)
        // It fails only when OpenSSL has no memory; a digest that is none must not be used.
        precondition(done, "OpenSSL's SHA-256 failed")
        return result
    }
}

/// SHA-256 again and again with one context, so that a digest allocates nothing.
@safe
struct SHA256Hasher: ~Copyable {
    private let algorithm: OpaquePointer?
    private let context: OpaquePointer?

    init() {
        unsafe algorithm = EVP_MD_fetch(nil, "SHA256", nil)
        unsafe context = EVP_MD_CTX_new()
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
        unsafe EVP_MD_free(algorithm)
    }

    /// Writes the digest of `bytes` into the first 32 of `output`; false when OpenSSL cannot.
    borrowing func digest(_ bytes: Span<UInt8>, into output: inout MutableSpan<UInt8>) -> Bool {
        guard unsafe context != nil, output.count >= SHA256.digestBytes else { return false }
        return unsafe bytes.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { result in
                unsafe EVP_DigestInit_ex2(context, algorithm, nil) == 1
                    && EVP_DigestUpdate(context, input.baseAddress, input.count) == 1
                    && EVP_DigestFinal_ex(context, result.baseAddress, nil) == 1
            }
        }
    }
}

import COpenSSL

/// An RSA public key that verifies RS256 signatures (RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017
/// §8.2).
///
/// It owns OpenSSL contexts that are used again for each signature, so a key belongs to one thread:
/// another thread makes its own from the same bytes.
@safe
public struct RSAPublicKey: ~Copyable {
    private let key: OpaquePointer
    private let verification: OpaquePointer
    private let hasher: SHA256Hasher
    /// Bytes of the modulus, and of every signature.
    public let signatureBytes: Int

    /// The key of two big-endian numbers; zeros before them are dropped (cores up to 3.6.0 send
    /// one).
    public init(modulus: Span<UInt8>, exponent: Span<UInt8>) throws(CryptographyFailure) {
        let numbers = try RSANumbers(modulus: modulus, exponent: exponent)
        self = try RSAPublicKey(numbers)
    }

    /// The key of an X.509 SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7), with nothing after it.
    public init(subjectPublicKeyInfo der: Span<UInt8>) throws(CryptographyFailure) {
        self = try RSAPublicKey(RSANumbers(subjectPublicKeyInfo: der))
    }

    /// The key of numbers that have been checked.
    public init(_ numbers: RSANumbers) throws(CryptographyFailure) {
        guard let key = unsafe numbers.makeKey() else { throw .libraryFailed }
        guard let verification = unsafe Self.verification(with: key) else {
            unsafe EVP_PKEY_free(key)
            ERR_clear_error()
            throw .libraryFailed
        }
        unsafe self.key = key
        unsafe self.verification = verification
        hasher = SHA256Hasher()
        signatureBytes = numbers.modulus.count
    }

    deinit {
        unsafe EVP_PKEY_CTX_free(verification)
        unsafe EVP_PKEY_free(key)
    }

    /// Whether `signature` is this key's over `message`. A signature of another length is false.
    public func verifySHA256(signature: Span<UInt8>, message: Span<UInt8>) -> Bool {
        guard signature.count == signatureBytes else { return false }
        var digest = InlineArray<32, UInt8>(repeating: 0)
        var output = digest.mutableSpan
        guard hasher.digest(message, into: &output) else {
            ERR_clear_error()
            return false
        }
        let isValid = unsafe signature.withUnsafeBufferPointer { signature in
            unsafe digest.span.withUnsafeBufferPointer { digest in
                unsafe EVP_PKEY_verify(
                    verification,
                    signature.baseAddress,
                    signature.count,
                    digest.baseAddress,
                    digest.count
                ) == 1
            }
        }
        if !isValid { ERR_clear_error() }
        return isValid
    }

    /// The key's numbers, big-endian, without zeros before them.
    public var modulusAndExponent: (modulus: [UInt8], exponent: [UInt8]) {
        guard let numbers = unsafe RSANumbers(key: key) else { return ([], []) }
        return (numbers.modulus, numbers.exponent)
    }

    /// A context that verifies signatures of SHA-256 digests, prepared once: half the cost of a
    /// verification by `EVP_DigestVerify` would be the preparation.
    private static func verification(with key: OpaquePointer) -> OpaquePointer? {
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return nil }
        if unsafe EVP_PKEY_verify_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1,
            unsafe EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1
        {
            return unsafe context
        }
        unsafe EVP_PKEY_CTX_free(context)
        return nil
    }
}

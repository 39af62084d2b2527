import COpenSSL

/// An RSA private key that signs RS256; it never leaves the process.
@safe
public struct RSAPrivateKey: ~Copyable {
    private let key: OpaquePointer

    private init(owning key: OpaquePointer) {
        unsafe self.key = key
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// A new key with the exponent 65537. Takes about 50 ms for 2048 bits.
    public static func generate(bits: Int = 2048) throws(CryptographyFailure) -> RSAPrivateKey {
        guard RSANumbers.modulusBits.contains(bits) else { throw .unsuitableModulus }
        defer { ERR_clear_error() }
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else {
            throw .libraryFailed
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, CInt(bits)) == 1,
            unsafe EVP_PKEY_generate(context, &key) == 1,
            let key = unsafe key
        else { throw .libraryFailed }
        return unsafe RSAPrivateKey(owning: key)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `message`.
    public func signSHA256(_ message: Span<UInt8>) throws(CryptographyFailure) -> [UInt8] {
        defer { ERR_clear_error() }
        guard let context = unsafe EVP_MD_CTX_new() else { throw .libraryFailed }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1 else {
            throw .libraryFailed
        }
        var count = unsafe Int(EVP_PKEY_get_size(key))
        var signature = [UInt8](repeating: 0, count: count)
        let signed = unsafe message.withUnsafeBufferPointer { input in
            unsafe signature.withUnsafeMutableBufferPointer { output in
                unsafe EVP_DigestSign(
                    context,
                    output.baseAddress,
                    &count,
                    input.baseAddress,
                    input.count
                )
            }
        }
        guard signed == 1, count == signature.count else { throw .libraryFailed }
        return signature
    }

    /// The public half as an X.509 SubjectPublicKeyInfo in DER; empty when OpenSSL has no memory.
    public var subjectPublicKeyInfo: [UInt8] {
        let count = unsafe Int(i2d_PUBKEY(key, nil))
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { memory, initialized in
            var position = memory.baseAddress
            initialized = unsafe Int(i2d_PUBKEY(key, &position))
        }
    }

    /// The public numbers, big-endian, without zeros before them.
    public var modulusAndExponent: (modulus: [UInt8], exponent: [UInt8]) {
        guard let numbers = unsafe RSANumbers(key: key) else { return ([], []) }
        return (numbers.modulus, numbers.exponent)
    }
}

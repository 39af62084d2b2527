internal import Bytes
import COpenSSL

/// Modulus and public exponent of an RSA key that this program would use: big-endian, without zeros
/// before them, and of suitable sizes.
public struct RSANumbers: Equatable, Sendable {
    /// Bits a modulus may have.
    public static let modulusBits = 2048...8192
    /// Bytes a SubjectPublicKeyInfo may have: the largest modulus and room for its wrapping.
    static let keyInfoBytes = 8192 / 8 + 256

    /// `n`, of `modulusBits`.
    public let modulus: [UInt8]
    /// `e`, odd and at least 3.
    public let exponent: [UInt8]

    /// Checks the numbers; zeros before them are dropped.
    public init(modulus: Span<UInt8>, exponent: Span<UInt8>) throws(CryptographyFailure) {
        let modulus = Self.withoutLeadingZeros(modulus)
        let exponent = Self.withoutLeadingZeros(exponent)
        guard modulus.count > 0, modulus.count <= Self.modulusBits.upperBound / 8 else {
            throw .unsuitableModulus
        }
        let bits = modulus.count * 8 - modulus[0].leadingZeroBitCount
        guard Self.modulusBits.contains(bits), modulus[modulus.count - 1] & 1 == 1 else {
            throw .unsuitableModulus
        }
        guard Self.isSuitable(exponent: exponent) else { throw .unsuitableExponent }
        self.modulus = modulus.copied()
        self.exponent = exponent.copied()
    }

    /// Reads an X.509 SubjectPublicKeyInfo in DER, with nothing after it.
    public init(subjectPublicKeyInfo der: Span<UInt8>) throws(CryptographyFailure) {
        guard !der.isEmpty, der.count <= Self.keyInfoBytes else { throw .malformedKey }
        defer { ERR_clear_error() }
        var consumed = 0
        let parsed = unsafe der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            let key = unsafe d2i_PUBKEY(nil, &position, bytes.count)
            if let start = bytes.baseAddress, let end = unsafe position {
                consumed = unsafe end - start
            }
            return unsafe key
        }
        guard let key = unsafe parsed else { throw .malformedKey }
        defer { unsafe EVP_PKEY_free(key) }
        guard consumed == der.count else { throw .malformedKey }
        guard unsafe EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else { throw .notRSA }
        guard let numbers = unsafe RSANumbers(key: key) else { throw .malformedKey }
        self = try RSANumbers(modulus: numbers.modulus.span, exponent: numbers.exponent.span)
    }

    /// The numbers of OpenSSL's key as they are, unchecked.
    init?(key: OpaquePointer) {
        guard let modulus = unsafe Self.number(OSSL_PKEY_PARAM_RSA_N, of: key),
            let exponent = unsafe Self.number(OSSL_PKEY_PARAM_RSA_E, of: key)
        else { return nil }
        self.modulus = modulus
        self.exponent = exponent
    }

    /// OpenSSL's key with these numbers, owned by the caller; nil when OpenSSL fails.
    func makeKey() -> OpaquePointer? {
        defer { ERR_clear_error() }
        // OSSL_PARAM numbers are in the machine's order, which is little-endian here.
        var modulus = Array(self.modulus.reversed())
        var exponent = Array(self.exponent.reversed())
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        guard unsafe EVP_PKEY_fromdata_init(context) == 1 else { return nil }
        var key: OpaquePointer?
        let made = unsafe modulus.withUnsafeMutableBufferPointer { n in
            unsafe exponent.withUnsafeMutableBufferPointer { e in
                var parameters = unsafe [
                    OSSL_PARAM_construct_BN(Self.cString("n"), n.baseAddress, n.count),
                    OSSL_PARAM_construct_BN(Self.cString("e"), e.baseAddress, e.count),
                    OSSL_PARAM_construct_end(),
                ]
                let selection = sallyport_public_key_selection()
                return unsafe EVP_PKEY_fromdata(context, &key, selection, &parameters)
            }
        }
        return made == 1 ? unsafe key : nil
    }

    /// A name that outlives the call it is given to: OSSL_PARAM keeps the pointer, and the macros
    /// of core_names.h reach Swift as strings that do not last.
    private static func cString(_ name: StaticString) -> UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// Odd, and from 3 to 2^32: more only makes verification slow, and no issuer uses it.
    private static func isSuitable(exponent: Span<UInt8>) -> Bool {
        guard exponent.count > 0, exponent.count <= 4 else { return false }
        let last = exponent[exponent.count - 1]
        return last & 1 == 1 && (exponent.count > 1 || last >= 3)
    }

    @_lifetime(copy bytes)
    private static func withoutLeadingZeros(_ bytes: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        while start < bytes.count, bytes[start] == 0 { start += 1 }
        return bytes.extracting(start..<bytes.count)
    }

    private static func number(_ name: UnsafePointer<CChar>, of key: OpaquePointer) -> [UInt8]? {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(key, name, &number) == 1 else { return nil }
        defer { unsafe BN_free(number) }
        let count = (unsafe Int(BN_num_bits(number)) + 7) / 8
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { memory, initialized in
            initialized = unsafe Int(BN_bn2bin(number, memory.baseAddress))
        }
    }
}

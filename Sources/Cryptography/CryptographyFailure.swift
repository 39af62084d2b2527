/// Why a key or a signature could not be made.
public enum CryptographyFailure: Error, Equatable, Sendable {
    /// The encoding is broken, or has bytes after its end.
    case malformedKey
    /// A key of another algorithm than RSA (RSA-PSS keys too).
    case notRSA
    /// A modulus of less than 2048 or more than 8192 bits, or an even one.
    case unsuitableModulus
    /// A public exponent that is even, below 3 or above 2^32.
    case unsuitableExponent
    /// OpenSSL refused what it should have done: out of memory, or no such algorithm.
    case libraryFailed
}

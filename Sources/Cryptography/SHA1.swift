import COpenSSL

/// SHA-1 (FIPS 180-4), which nothing may rely on that an attacker chooses: the WebSocket handshake
/// wants it to show that a server meant what it answered (RFC 6455 §4.2.2).
public enum SHA1 {
    /// Bytes of a digest.
    public static let digestBytes = 20

    /// The digest of `bytes`; nil where OpenSSL offers no SHA-1, or has no memory.
    public static func digest(_ bytes: Span<UInt8>) -> [UInt8]? {
        var result = [UInt8](repeating: 0, count: digestBytes)
        var output = result.mutableSpan
        let isDone = unsafe bytes.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { digest in
                unsafe EVP_Q_digest(
                    nil,
                    "SHA1",
                    nil,
                    input.baseAddress,
                    input.count,
                    digest.baseAddress,
                    nil
                ) == 1
            }
        }
        return isDone ? result : nil
    }
}

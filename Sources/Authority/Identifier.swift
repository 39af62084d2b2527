internal import Cryptography

/// Random names.
enum Identifier {
    /// A version 4 UUID (RFC 9562 §5.4).
    static func uuid() -> String {
        var bytes = SecureRandom.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append("-") }
            text.append(hexadecimal(byte))
        }
        return text
    }

    /// The hash of a refresh token nobody has: what a session token tells of its refresh token.
    static func refreshTokenHash() -> String {
        let digest = SHA256.digest(SecureRandom.bytes(32).span)
        return digest.map(hexadecimal).joined()
    }

    /// Two lower-case digits.
    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }
}

/// A token that keys a table. All its bytes tell it apart; it is hashed by its last ones alone,
/// those of a signature, which differ wherever tokens do. For tokens whose signature was verified:
/// nobody else can choose how they end.
public struct TokenKey: Hashable, Sendable {
    /// The whole token.
    public let bytes: [UInt8]

    private static let hashedBytes = 32

    /// - Parameter bytes: the token as it came.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The token's last bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in bytes.suffix(Self.hashedBytes) { hasher.combine(byte) }
    }
}

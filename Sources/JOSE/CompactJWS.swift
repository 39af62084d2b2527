public import Bytes

/// The compact serialisation of a signed token: `header.payload.signature` (RFC 7515 §7.1).
public enum CompactJWS {
    /// Where a token's parts lie; `signed` is header, dot and payload: what the signature is over.
    public typealias Parts = (
        header: ByteRange, payload: ByteRange, signature: ByteRange, signed: ByteRange
    )

    /// Splits at the dots; what the parts hold is not looked at.
    ///
    /// - Returns: nil unless there are exactly three parts, none of them empty.
    public static func split(_ token: Span<UInt8>) -> Parts? {
        guard token.count <= Int(UInt32.max), let first = token.firstIndex(of: dot),
            let second = token.firstIndex(of: dot, from: first + 1),
            token.firstIndex(of: dot, from: second + 1) == nil,
            first > 0, second > first + 1, second + 1 < token.count
        else { return nil }
        return (
            ByteRange(0..<first), ByteRange(first + 1..<second),
            ByteRange(second + 1..<token.count), ByteRange(0..<second)
        )
    }

    static let dot: UInt8 = 0x2E
}

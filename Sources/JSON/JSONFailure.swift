/// Which rule of RFC 8259, or of ours, some bytes break.
public enum JSONFailure: Error, Equatable, Sendable {
    /// More bytes than `JSONLimits.bytes`.
    case tooLarge
    /// More nested arrays and objects than `JSONLimits.depth`.
    case tooDeep
    /// More values than `JSONLimits.values`.
    case tooManyValues
    /// More characters in a number than `JSONLimits.numberBytes`.
    case numberTooLong
    /// The bytes end inside a value.
    case unexpectedEnd
    /// A byte that no value, comma, colon or bracket may be at this place.
    case unexpectedByte
    /// Bytes after the value.
    case trailingBytes
    /// A number RFC 8259 §6 does not allow: `01`, `+1`, `1.`, `.5`, `1e`.
    case malformedNumber
    /// An escape RFC 8259 §7 does not allow.
    case malformedEscape
    /// Half of a surrogate pair: it names no character, and readers differ on what they make of it.
    case loneSurrogate
    /// A control character inside a string that is not escaped.
    case controlCharacter
    /// Bytes of a string that are not UTF-8.
    case invalidUTF8
    /// An object with two members of one name: readers differ on which of them counts.
    case duplicateMember
}

/// What a text may ask of its reader.
public struct JSONLimits: Sendable, Equatable {
    /// Bytes of the whole text.
    public var bytes: Int
    /// Nested arrays and objects.
    public var depth: Int
    /// Values in all, at every depth.
    public var values: Int
    /// Characters of one number.
    public var numberBytes: Int

    /// Limits that differ from `standard` where given.
    public init(
        bytes: Int = 1 << 20,
        depth: Int = 32,
        values: Int = 65_536,
        numberBytes: Int = 128
    ) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
        self.numberBytes = numberBytes
    }

    /// 1 MiB, 32 deep, 65,536 values, numbers of 128 characters.
    public static let standard = JSONLimits()
}

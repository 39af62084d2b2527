import Bytes
import Cryptography
import Sessions

/// The bytes of the file that keeps dropped sessions over a restart.
///
/// A header of 32 bytes: a magic number, the key of the fingerprints, a checksum. Then records of
/// 32 bytes, each with a checksum of its own: a session and its instant, or a mark. It holds no
/// handles, and is only ever appended to until it is written anew.
enum RevocationLog {
    static let headerBytes = 32
    static let recordBytes = 32
    private static let magic: UInt64 = 0x0A31_564B_5259_4C53
    private static let sessionKind: UInt32 = 1
    private static let markKind: UInt32 = 2

    /// What a file held.
    struct Content: Equatable {
        var key: KeyedHash128.Key
        /// In the order they were dropped.
        var news: [RevokedSession] = []
        /// Milliseconds since the epoch; `Int64.min` = none.
        var mark = Int64.min
        /// Whether every byte was understood; else what comes after the good part is lost.
        var isWhole = true
    }

    /// Reads as many records as are good.
    ///
    /// - Returns: nil when the header is none: nothing of the file is known then.
    static func read(_ bytes: [UInt8]) -> Content? {
        let span = bytes.span
        guard bytes.count >= headerBytes, word(span, 0) == magic else { return nil }
        let key = KeyedHash128.Key(low: word(span, 8), high: word(span, 16))
        guard word(span, 24) == check(span, 0..<24, key) else { return nil }
        var content = Content(key: key)
        var start = headerBytes
        while start + recordBytes <= bytes.count {
            guard read(span, at: start, into: &content) else { break }
            start += recordBytes
        }
        content.isWhole = start == bytes.count
        return content
    }

    private static func read(
        _ span: Span<UInt8>,
        at start: Int,
        into content: inout Content
    )
        -> Bool
    {
        let first = word(span, start)
        let sum = UInt32(truncatingIfNeeded: first >> 32)
        let expected = check(span, start + 8..<start + recordBytes, content.key)
        guard sum == UInt32(truncatingIfNeeded: expected) else { return false }
        let value = Int64(bitPattern: word(span, start + 8))
        switch UInt32(truncatingIfNeeded: first) {
        case sessionKind:
            let fingerprint = SessionFingerprint(
                low: word(span, start + 16),
                high: word(span, start + 24)
            )
            content.news.append(RevokedSession(fingerprint: fingerprint, instant: value))
        case markKind:
            content.mark = max(content.mark, value)
        default:
            return false
        }
        return true
    }

    /// The first bytes of a file.
    static func header(_ key: KeyedHash128.Key) -> [UInt8] {
        var bytes: [UInt8] = []
        append(magic, to: &bytes)
        append(key.low, to: &bytes)
        append(key.high, to: &bytes)
        append(check(bytes.span, 0..<24, key), to: &bytes)
        return bytes
    }

    /// The records of drops.
    static func records(
        _ sessions: [RevokedSession],
        mark: Int64,
        key: KeyedHash128.Key
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity((sessions.count + 1) * recordBytes)
        for session in sessions {
            append(sessionKind, session.instant, session.fingerprint, key, to: &bytes)
        }
        if mark > .min {
            append(markKind, mark, SessionFingerprint(low: 0, high: 0), key, to: &bytes)
        }
        return bytes
    }

    private static func append(
        _ kind: UInt32,
        _ value: Int64,
        _ fingerprint: SessionFingerprint,
        _ key: KeyedHash128.Key,
        to bytes: inout [UInt8]
    ) {
        var body: [UInt8] = []
        append(UInt64(bitPattern: value), to: &body)
        append(fingerprint.low, to: &body)
        append(fingerprint.high, to: &body)
        let sum = UInt32(truncatingIfNeeded: check(body.span, 0..<24, key))
        append(UInt64(kind) | UInt64(sum) << 32, to: &bytes)
        bytes += body
    }

    private static func check(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ key: KeyedHash128.Key
    ) -> UInt64 {
        KeyedHash(key: (key.low, key.high)).hash(bytes.extracting(range), seed: magic)
    }

    private static func word(_ bytes: Span<UInt8>, _ start: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(bytes[start + index]) << UInt64(8 * index) }
        return word
    }

    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
    }
}

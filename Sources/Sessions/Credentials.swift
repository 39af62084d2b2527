public import Bytes
public import HTTPCore

/// Where session credentials lie in one request's head: only found here, not yet judged.
///
/// Ranges are into the bytes the head was read from.
public struct Credentials: Equatable, Sendable {
    /// What follows `Bearer ` (case-sensitive, as the SDKs read it) in the only `Authorization`
    /// line.
    ///
    /// Nil when there are several lines: readers that keep the first and readers that join them
    /// would differ, and the joined value is no token.
    public var bearer: ByteRange?
    /// The raw value of the first access token cookie, quotes and escapes included.
    public var cookie: ByteRange?
    /// Access token cookies in all `Cookie` lines.
    public var cookieCount = 0
    /// `Authorization` lines.
    public var authorizationCount = 0

    /// No credentials.
    public init() {}

    /// Looks through the head's `Authorization` and `Cookie` lines; names that merely fold to these
    /// are no credentials.
    ///
    /// - Parameters:
    ///   - head: the request's.
    ///   - bytes: what the head was read from.
    ///   - cookieName: the access token cookie's; compared byte by byte.
    /// - Returns: where the credentials lie; empty when there are none.
    public static func find(
        head: borrowing RequestHead,
        bytes: Span<UInt8>,
        cookieName: Span<UInt8>
    ) -> Credentials {
        var found = Credentials()
        var index = 0
        while index < head.fields.count {
            let line = head.fields[index]
            index += 1
            guard !line.isAlias else { continue }
            if line.id == .authorization {
                found.addAuthorization(line.value, in: bytes)
            } else if line.id == .cookie {
                found.addCookies(line.value, in: bytes, named: cookieName)
            }
        }
        return found
    }

    private mutating func addAuthorization(_ value: ByteRange, in bytes: Span<UInt8>) {
        authorizationCount += 1
        guard authorizationCount == 1 else {
            bearer = nil
            return
        }
        let range = value.indices
        guard range.count > Self.scheme.utf8CodeUnitCount else { return }
        let token = range.lowerBound + Self.scheme.utf8CodeUnitCount
        guard bytes.extracting(range.lowerBound..<token).equals(Self.scheme) else { return }
        let trimmed = bytes.trimmingBlanks(token..<range.upperBound)
        if !trimmed.isEmpty { bearer = ByteRange(trimmed) }
    }

    private mutating func addCookies(
        _ field: ByteRange,
        in bytes: Span<UInt8>,
        named name: Span<UInt8>
    ) {
        let value = bytes.bytes(field)
        var pairs = CookiePairs()
        while let range = pairs.next(in: value) {
            guard let pair = CookiePair(range, in: value) else { continue }
            guard value.extracting(pair.name).equals(name) else { continue }
            cookieCount += 1
            guard cookie == nil else { continue }
            let offset = Int(field.offset)
            cookie = ByteRange(offset + pair.value.lowerBound..<offset + pair.value.upperBound)
        }
    }

    private static let scheme: StaticString = "Bearer "
}

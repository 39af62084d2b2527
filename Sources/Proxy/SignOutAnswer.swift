import Bytes
import HTTPCore

/// What an upstream's answer says of the session of its request.
enum SignOutAnswer {
    /// Whether the answer ended the session: a success that takes the front end's token away
    /// (protocol, sections 2.2 and 4.5) and gives no other access token. That cookies are cleared
    /// is no such sign: the SDKs also do it to cure what is only a mistake of the client's.
    ///
    /// - Parameters:
    ///   - head: the answer's.
    ///   - bytes: what the head was read from.
    ///   - cookieName: the access token's cookie.
    /// - Returns: whether the session is over.
    static func endsSession(
        _ head: ResponseHead,
        _ bytes: Span<UInt8>,
        cookieName: Span<UInt8>
    ) -> Bool {
        guard (200...299).contains(head.status) else { return false }
        var isRemoved = false
        for line in head.fields where !line.isAlias {
            let value = bytes.bytes(line.value)
            switch line.id {
            case .frontToken, .idRefreshToken:
                if value.equals("remove") { isRemoved = true }
            case .stAccessToken:
                if !value.isEmpty { return false }
            case .setCookie:
                if setsCookie(value, named: cookieName) { return false }
            default:
                break
            }
        }
        return isRemoved
    }

    /// Whether a `Set-Cookie` value gives this cookie a value that is not empty (RFC 6265 §5.2).
    private static func setsCookie(_ field: Span<UInt8>, named name: Span<UInt8>) -> Bool {
        let end = field.scan(for: UInt8(ascii: ";"), from: 0, to: field.count)
        let equals = field.scan(for: UInt8(ascii: "="), from: 0, to: end)
        guard equals < end else { return false }
        guard trimmed(field.extracting(0..<equals)).equals(name) else { return false }
        let value = trimmed(field.extracting(equals + 1..<end))
        return !(value.isEmpty || value.equals("\"\""))
    }

    @_lifetime(copy bytes)
    private static func trimmed(_ bytes: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        var end = bytes.count
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return bytes.extracting(start..<end)
    }

    /// Whether a request asks for new tokens (protocol, section 4.1): its answer says nothing of a
    /// session's end that its status does not say.
    static func isRefresh(method: Method, path: Span<UInt8>) -> Bool {
        guard method == .post else { return false }
        var end = path.count
        while end > 0, path[end - 1] == UInt8(ascii: "/") { end -= 1 }
        let suffix: StaticString = "/session/refresh"
        let start = end - suffix.utf8CodeUnitCount
        return start >= 0 && path.extracting(start..<end).equalsIgnoringCase(suffix)
    }
}

import Bytes
import HTTP1
import HTTPCore
import Sessions

/// Cookie and `Authorization` fields: credentials are found where a slow reader finds them, and
/// none is left in what goes upstream.
enum CookieFieldMachine {
    private static let cookieName = "sAccessToken"
    /// The names that are never forwarded.
    private static let names = [
        "sAccessToken", "sRefreshToken", "sIdRefreshToken", "sFrontToken", "sAntiCsrf",
        "sIRTFrontend", "st-access-token", "st-refresh-token", "st-last-access-token-update",
    ].map { Octets.folded($0.utf8) }

    private static let filter = CookieFilter(options: KnownKeys.options)

    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        var bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8)
        for line in input.split(separator: 0x0A, omittingEmptySubsequences: false).prefix(64) {
            let isAuthorization = line.first == 0x40
            bytes += Array((isAuthorization ? "Authorization: " : "Cookie: ").utf8)
            bytes += (isAuthorization ? line.dropFirst() : line) + Octets.lineEnd
        }
        bytes += Octets.lineEnd
        var head = RequestHead()
        var parser = RequestParser()
        let isWhole = try? parser.parse(bytes.span, limits: Limits(), into: &head)
        guard isWhole == true else { return }
        try checkCredentials(head, bytes)
        for field in head.fields where field.id == .cookie {
            try checkFilter(Array(bytes[field.value.indices]))
        }
    }

    private static func values(_ head: RequestHead, _ id: FieldName, _ bytes: [UInt8]) -> [[UInt8]]
    {
        head.fields.filter { $0.id == id }.map { Array(bytes[$0.value.indices]) }
    }

    /// Name and value of each pair that has a `=`.
    private static func pairs(_ value: [UInt8]) -> [(name: [UInt8], value: [UInt8])] {
        value.split(separator: 0x3B, omittingEmptySubsequences: false).compactMap { pair in
            guard let sign = pair.firstIndex(of: 0x3D) else { return nil }
            return (Octets.trimmed(pair[..<sign]), Octets.trimmed(pair[(sign + 1)...]))
        }
    }

    private static func checkCredentials(
        _ head: RequestHead,
        _ bytes: [UInt8]
    ) throws(BrokenRule) {
        let name = Array(cookieName.utf8)
        let found = Credentials.find(head: head, bytes: bytes.span, cookieName: name.span)
        let cookies = values(head, .cookie, bytes).flatMap(pairs).filter { $0.name == name }
        try require(found.cookieCount == cookies.count, "every token cookie counts")
        let cookie = found.cookie.map { Array(bytes[$0.indices]) }
        try require(cookie == cookies.first?.value, "the first token cookie is found")
        let authorizations = values(head, .authorization, bytes)
        try require(found.authorizationCount == authorizations.count, "every field counts")
        let bearer = found.bearer.map { Array(bytes[$0.indices]) }
        var expected: [UInt8]?
        if authorizations.count == 1, authorizations[0].starts(with: "Bearer ".utf8) {
            let token = Octets.trimmed(authorizations[0].dropFirst(7))
            if !token.isEmpty { expected = token }
        }
        try require(bearer == expected, "the bearer is found")
    }

    private static func filtered(_ value: [UInt8]) -> [UInt8] {
        var buffer = Buffer(capacity: value.count + 16)
        _ = filter.append(value: value.span, to: &buffer)
        return buffer.readable.copied()
    }

    private static func checkFilter(_ value: [UInt8]) throws(BrokenRule) {
        let once = filtered(value)
        try require(filter.keepsAnything(of: value.span) == !once.isEmpty, "what is kept is known")
        try require(once.count <= value.count, "filtering only takes")
        let trimmed = Octets.trimmed(once)
        try require(filtered(trimmed) == trimmed, "a filtered field stays as it is")
        try checkKept(once, of: value)
        for pair in once.split(separator: 0x3B) {
            try require(!isSessionCookie(Array(pair)), "no session cookie is kept")
        }
        let readings = Octets.folded(Octets.decoded(value))
        let isHarmless = names.allSatisfy { readings.firstRange(of: $0) == nil }
        let isBlank = value.allSatisfy { Octets.isBlank($0) || $0 == 0x3B }
        if isHarmless, !isBlank { try require(once == value, "other cookies are left alone") }
    }

    /// The pairs that are kept are pairs that came, in their order.
    private static func checkKept(_ kept: [UInt8], of value: [UInt8]) throws(BrokenRule) {
        var came = value.split(separator: 0x3B, omittingEmptySubsequences: false)
            .map { Octets.trimmed($0) }[...]
        for pair in kept.split(separator: 0x3B, omittingEmptySubsequences: false) {
            let place = came.firstIndex(of: Octets.trimmed(pair))
            try require(place != nil || kept.isEmpty, "nothing is made up")
            if let place { came = came[(place + 1)...] }
        }
    }

    /// As a reader finds it that trims quotes, decodes names and compares without case.
    static func isSessionCookie(_ pair: [UInt8]) -> Bool {
        let decoded = Octets.decoded(pair)
        guard let sign = decoded.firstIndex(of: 0x3D) else { return false }
        let odd: Set<UInt8> = [0x20, 0x09, 0x22, 0x27]
        let front = Array(decoded[..<sign].drop { odd.contains($0) })
        let name = Array(front.reversed().drop { odd.contains($0) }.reversed())
        return names.contains(Octets.folded(name))
    }
}

internal import Bytes
internal import HTTPCore
internal import JOSE
internal import JSON

/// Writes the fields with which an SDK gives a client its session, and takes it away (protocol,
/// sections 2.2, 2.3 and 3.5).
struct SessionFields: Sendable {
    private let options: SessionOptions

    init(options: SessionOptions) {
        self.options = options
    }

    /// The SDKs' lifetime of an access token's cookie since 2023, in seconds; before, it ended with
    /// the token.
    private static let cookieLifetime: Int64 = 365 * 86_400

    /// The lines that give a client a new access token, read from `bytes`, as it sent the one whose
    /// place it takes, which was `replaced` as it came; `isSeedEra`: whether its SDK is one that
    /// sends `sIdRefreshToken`. The line of `st-access-token` is the first where there is one,
    /// which tells what pages must be let read.
    func delivery(
        of token: AccessToken,
        bytes: [UInt8],
        to kind: CredentialKind,
        replaced: Span<UInt8>,
        isSeedEra: Bool,
        wallMilliseconds: Int64
    ) -> [UInt8] {
        var lines: [UInt8] = []
        let field = Array("st-access-token: ".utf8) + bytes + Self.lineEnd
        switch kind {
        case .cookie:
            // The seed era's SDKs have no such option.
            if options.cookies.exposesAccessToken, !isSeedEra { lines += field }
            let expiry =
                isSeedEra ? token.expiry / 1000 : wallMilliseconds / 1000 + Self.cookieLifetime
            append(
                cookie: options.accessTokenCookie,
                CookieValue.encoded(bytes.span, like: replaced).span,
                path: options.cookies.path,
                domain: options.cookies.domain,
                expiry: expiry,
                to: &lines
            )
        case .bearer:
            lines += field
        }
        lines += Array("front-token: ".utf8) + Self.frontToken(token) + Self.lineEnd
        return lines
    }

    /// The lines that tell a client that its session has ended.
    func clearing(isSeedEra: Bool) -> [UInt8] {
        var lines: [UInt8] = []
        clear(domain: options.cookies.domain, isSeedEra: isSeedEra, &lines)
        if let older = options.cookies.olderDomain, older != options.cookies.domain {
            clear(domain: older, isSeedEra: isSeedEra, &lines)
        }
        let rest: StaticString =
            isSeedEra
            ? "id-refresh-token: remove\r\n"
            : "front-token: remove\r\nst-access-token: \r\nst-refresh-token: \r\n"
        lines += Array(rest.description.utf8)
        return lines
    }

    private func clear(domain: String, isSeedEra: Bool, _ lines: inout [UInt8]) {
        let cookies = options.cookies
        var names = [(options.accessTokenCookie, cookies.path)]
        names.append((options.refreshTokenCookie, cookies.refreshPath))
        if isSeedEra { names.append(("sIdRefreshToken", cookies.path)) }
        for (name, path) in names {
            let none: [UInt8] = []
            append(cookie: name, none.span, path: path, domain: domain, expiry: 0, to: &lines)
        }
    }

    private func append(
        cookie name: String,
        _ value: Span<UInt8>,
        path: String,
        domain: String,
        expiry: Int64,
        to lines: inout [UInt8]
    ) {
        lines += Array("Set-Cookie: \(name)=".utf8)
        lines += value.copied()
        if !domain.isEmpty { lines += Array("; Domain=\(domain)".utf8) }
        lines += Array("; Path=\(path); Expires=".utf8)
        var date = Buffer(capacity: 64)
        var writer = HTTPDate()
        writer.append(secondsSinceEpoch: expiry, to: &date)
        lines += date.readable.copied()
        lines += Array("; HttpOnly".utf8)
        if options.cookies.isSecure { lines += Array("; Secure".utf8) }
        lines += Array("; SameSite=\(options.cookies.sameSite.rawValue)\r\n".utf8)
    }

    /// Padded base64 of what the front end may know: user, expiry and payload (protocol, section
    /// 2.2).
    private static func frontToken(_ token: AccessToken) -> [UInt8] {
        var content: JSONObject = ["uid": .string(String(decoding: token.user, as: UTF8.self))]
        content["ate"] = .integer(token.expiry)
        content["up"] = token.payload.value
        return Base64.encodeStandard(JSONValue.object(content).serialized().span)
    }

    private static let lineEnd = Array("\r\n".utf8)
}

import ArgumentParser
import Connections

/// The request that `explain` is given, as the bytes that a client would send.
struct ExplainRequest {
    let bytes: [UInt8]
    /// Whether the URL is https.
    let isEncrypted: Bool
    /// The URL's, or its scheme's own.
    let port: UInt16

    /// - Throws: what is wrong with the usage. What a client could send is not judged here.
    init(method: String, url: String, fields: [String], cookies: String?) throws {
        guard let separator = url.firstRange(of: "://") else {
            let shown = Masking.url(url)
            throw ValidationError("\(shown) is no URL: write http:// or https:// before it")
        }
        let scheme = url[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw ValidationError("a URL begins with http:// or https://, not \(scheme)://")
        }
        isEncrypted = scheme == "https"
        let rest = url[separator.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("@") else {
            throw ValidationError("the URL needs a host, and no user before it")
        }
        let tail = rest.dropFirst(authority.count)
        let target = tail.first == "/" ? String(tail) : "/\(tail)"
        port = try Self.port(authority) ?? (isEncrypted ? 443 : 80)
        var lines = ["\(method) \(target) HTTP/1.1"]
        if !fields.contains(where: { $0.lowercased().hasPrefix("host:") }) {
            lines.append("Host: \(authority)")
        }
        guard fields.allSatisfy({ $0.contains(":") }) else {
            // Not shown: it may be a value, and that a secret.
            throw ValidationError("a field of -H has no colon: write it as 'Name: value'")
        }
        lines += fields
        if let cookies { lines.append("Cookie: \(cookies)") }
        for line in lines where !line.utf8.allSatisfy({ $0 != 0x0D && $0 != 0x0A && $0 != 0 }) {
            throw ValidationError("a line break or zero byte would begin another request")
        }
        guard method.utf8.allSatisfy({ $0 > 0x20 }), !method.isEmpty, !target.contains(" ") else {
            throw ValidationError("a space would end the method or the URL: write %20 in a URL")
        }
        bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private static func port(_ authority: Substring) throws -> UInt16? {
        guard let colon = authority.lastIndex(of: ":"),
            !authority[colon...].contains("]")
        else { return nil }
        let digits = authority[authority.index(after: colon)...]
        if digits.isEmpty { return nil }
        guard let port = UInt16(digits) else {
            throw ValidationError("\(digits) is no port")
        }
        return port
    }

    /// The listener that the URL leads to: of its port and scheme, else of its scheme, else the
    /// first.
    func listener(among listeners: [ListenerOptions]) -> Int {
        let places = listeners.map(\.place)
        return places.firstIndex { $0.isEncrypted == isEncrypted && $0.port == port }
            ?? places.firstIndex { $0.isEncrypted == isEncrypted } ?? 0
    }
}

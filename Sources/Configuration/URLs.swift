import Bytes
import HTTPCore
import Sessions
import Upstreams

/// URLs of targets, cores and origins. What is wrong is reported, and nil then.
enum URLs {
    /// A target: `http://host:port`, the same with `https`, or `unix:/path`.
    static func target(_ text: Text, _ reading: Reading) -> TargetAddress? {
        if let path = Addresses.socketPath(text, reading) { return path.map { .unix(path: $0) } }
        guard
            let (isEncrypted, host, port, rest) = http(text, "a target", port: 9100, reading.report)
        else { return nil }
        guard rest.isEmpty else {
            reading.report.error(
                text.position,
                "\(text.quoted) has a path, which a target cannot have",
                rest == "/"
                    ? withoutSlash(text)
                    : "write http://HOST:PORT alone; a route's strip_prefix cuts paths"
            )
            return nil
        }
        return isEncrypted ? .https(host: host, port: port) : .http(host: host, port: port)
    }

    private static func withoutSlash(_ text: Text) -> String {
        text.isSubstituted
            ? "write it without the final slash" : "write \(text.value.dropLast())"
    }

    /// A core: `http://host:port/base`, or the same with `https`.
    static func core(_ text: Text, _ reading: Reading) -> CoreOptions.Location? {
        if text.value == "embedded" {
            reading.report.notYet(
                text.position,
                "the core `embedded`",
                "write the URL of a SuperTokens core, such as http://127.0.0.1:3567"
            )
            return nil
        }
        guard
            let (isEncrypted, host, port, rest) = http(text, "a core", port: 3567, reading.report)
        else { return nil }
        var base = rest
        while base.hasSuffix("/") { base = base.dropLast() }
        guard isBasePath(base) else {
            reading.report.error(
                text.position,
                "\(text.quoted) has more than a base path",
                "write http://HOST:PORT/BASE without query, fragment and dot segments"
            )
            return nil
        }
        return CoreOptions.Location(
            host: host,
            port: port,
            basePath: String(base),
            isEncrypted: isEncrypted,
            position: text.position
        )
    }

    /// An origin exactly as browsers send it (RFC 6454 §6.2): `scheme://host[:port]`, lower case, a
    /// default port left out.
    static func origin(_ text: Text, _ report: Report) -> String? {
        guard let remedy = originRemedy(text.value) else { return text.value }
        report.error(
            text.position,
            "\(text.quoted) is not an exact origin",
            text.isSubstituted ? generalOrigin : remedy
        )
        return nil
    }

    private static let generalOrigin =
        "list each as SCHEME://HOST[:PORT], such as https://app.example.com"

    private static func originRemedy(_ value: String) -> String? {
        let general = generalOrigin
        if value.contains("*") || value == "null" { return general }
        let lower = value.lowercased()
        guard let colon = lower.firstRange(of: "://") else {
            return Names.isAuthority(lower) ? "write https://\(lower)" : general
        }
        let scheme = lower[..<colon.lowerBound]
        var authority = lower[colon.upperBound...]
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard Names.isToken(String(scheme)), Names.isAuthority(String(authority)) else {
            return general
        }
        let ports = ["http": ":80", "https": ":443"]
        if let port = ports[String(scheme)], authority.hasSuffix(port) {
            authority = authority.dropLast(port.count)
        }
        let exact = "\(scheme)://\(authority)"
        return exact == value ? nil : "write \(exact)"
    }

    /// Longest URL of a page, in bytes.
    private static let longestPage = 2048

    /// A page that browsers are sent to: `http(s)://HOST[:PORT]/PATH` or `/PATH`, with or without a
    /// query.
    static func page(_ text: Text, _ report: Report) -> String? {
        let value = text.value
        var path = value[...]
        for scheme in ["https://", "http://"] where value.lowercased().hasPrefix(scheme) {
            let after = value.dropFirst(scheme.count)
            let end = after.firstIndex { "/?".contains($0) } ?? after.endIndex
            let authority = after[..<end]
            if Names.isAuthority(authority.lowercased()),
                let (_, port) = Addresses.hostAndPort(authority), port != 0
            {
                path = end == after.endIndex ? "/" : after[end...]
            }
        }
        let isPlain = value.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && !"\"#<>\\^`{|}".utf8.contains($0)
        }
        guard isPlain, value.utf8.count <= longestPage, isPagePath(path),
            !value.contains("redirectToPath=")
        else {
            report.error(
                text.position,
                "\(text.quoted) is not a page",
                "write a path such as /auth, or a URL such as https://app.example.com/auth"
            )
            return nil
        }
        return value
    }

    /// Whether a page's path is one that requests for it have in canonical form.
    private static func isPagePath(_ path: Substring) -> Bool {
        let name = Array(path.prefix { $0 != "?" }.utf8)
        var target = RequestTarget()
        guard !path.hasPrefix("//"), (try? target.read(path: name.span)) != nil else {
            return false
        }
        return target.path.equals(name.span)
    }

    /// Scheme, host, port and the rest of an `http` or `https` URL.
    private static func http(
        _ text: Text,
        _ what: String,
        port example: Int,
        _ report: Report
    ) -> (isEncrypted: Bool, host: String, port: UInt16, rest: Substring)? {
        let lower = text.value.lowercased()
        let isEncrypted = lower.hasPrefix("https://")
        let scheme = isEncrypted ? "https://" : "http://"
        guard lower.hasPrefix(scheme) else {
            report.error(
                text.position,
                "\(text.quoted) is not \(what)",
                text.isSubstituted
                    ? form(example) : remedy(for: text.value, example)
            )
            return nil
        }
        let after = text.value.dropFirst(scheme.count)
        let end = after.firstIndex { "/?#".contains($0) } ?? after.endIndex
        guard let (host, port) = Addresses.hostAndPort(after[..<end]), port != 0 else {
            report.error(
                text.position,
                "\(text.quoted) is not \(what): no host, or more than a host and a port",
                Addresses.hasPortOutOfRange(after[..<end])
                    ? "write a port from 1 to 65535" : form(example)
            )
            return nil
        }
        return (isEncrypted, host, port ?? (isEncrypted ? 443 : 80), after[end...])
    }

    private static func remedy(for value: String, _ example: Int) -> String {
        Addresses.hostAndPort(value) != nil ? "write http://\(value)" : form(example)
    }

    private static func form(_ port: Int) -> String {
        "write http://HOST:PORT, such as http://127.0.0.1:\(port)"
    }

    /// Segments of visible characters that need no escape.
    private static func isBasePath(_ path: Substring) -> Bool {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return path.isEmpty
            || (path.hasPrefix("/")
                && segments.allSatisfy { segment in
                    !segment.isEmpty && segment != "." && segment != ".."
                        && segment.utf8.allSatisfy {
                            $0.isLetter || $0.isDigit || "-._~!$&'()*+,;=:@".utf8.contains($0)
                        }
                })
    }
}

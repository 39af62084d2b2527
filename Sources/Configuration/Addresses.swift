import Bytes
import EventLoop

/// Addresses and URLs as the configuration writes them. What is wrong is reported, and nil then.
enum Addresses {
    /// `sun_path` less its final zero byte.
    private static let longestSocketPath = 107

    /// An address to listen on: `host:port`, `[v6]:port` or `unix:/path`.
    static func listening(_ text: Text, _ reading: Reading) -> SocketAddress? {
        if let path = socketPath(text, reading) {
            guard let path, SocketFolder.isUsable(path, text, reading.report) else { return nil }
            return .unix(path: path)
        }
        if let (host, port) = hostAndPort(text.value), let port {
            let literal = host == "localhost" ? "127.0.0.1" : host
            if let address = SocketAddress(literal: literal, port: port) { return address }
        }
        reading.report.error(
            text.position,
            "\(text.quoted) is not an address to listen on",
            text.isSubstituted ? listeningForm : listeningRemedy(for: text.value)
        )
        return nil
    }

    private static let listeningForm =
        "write IP:PORT such as 0.0.0.0:8443, \"[::]:8443\", or unix:/PATH"

    private static func listeningRemedy(for value: String) -> String {
        let rest = value.hasPrefix("*:") ? value.dropFirst() : value[...]
        if rest.hasPrefix(":"), port(rest.dropFirst()) != nil { return "write 0.0.0.0\(rest)" }
        if port(rest) != nil { return "write 0.0.0.0:\(value)" }
        if value.contains("://") { return "write it without the scheme, such as 0.0.0.0:8443" }
        if let quoted = withBrackets(value) { return "write \"\(quoted)\"" }
        if Names.isAddress(value) || value == "localhost" { return "write \(value):8443" }
        if hasPortOutOfRange(value) { return "write a port from 0 to 65535" }
        if let host = hostAndPort(value)?.host, Names.isHostName(host) {
            return "write an IP address instead of the name (only localhost:PORT is taken)"
        }
        return listeningForm
    }

    /// An IPv6 address with brackets and a port, where they lack: the last number is the port if it
    /// can be one and the rest is an address.
    private static func withBrackets(_ value: String) -> String? {
        if value.hasPrefix("[") { return Names.isHost(value) ? "\(value):8443" : nil }
        guard let colon = value.lastIndex(of: ":") else { return nil }
        let (host, last) = (String(value[..<colon]), value[colon...].dropFirst())
        if last.count > 1, port(last) != nil, host.contains(":"), Names.isAddress(host) {
            return "[\(host)]:\(last)"
        }
        return Names.isAddress(value) ? "[\(value)]:8443" : nil
    }

    /// Whether what stands before the last colon is a host, and after it a number too large.
    static func hasPortOutOfRange(_ text: some StringProtocol) -> Bool {
        guard let colon = text.lastIndex(of: ":") else { return false }
        let digits = text[colon...].dropFirst()
        return !digits.isEmpty && digits.utf8.allSatisfy(\.isDigit) && port(digits) == nil
            && Names.isHost(String(text[..<colon]))
    }

    /// The path of `unix:/path`; nil = not of this form, `.some(nil)` = reported.
    static func socketPath(_ text: Text, _ reading: Reading) -> String?? {
        guard text.value.hasPrefix("unix:") else { return nil }
        var path = text.value.dropFirst("unix:".count)
        if path.hasPrefix("//") { path = path.dropFirst(2) }
        let resolved = reading.resolve(String(path))
        let isNoName = ["", ".", ".."].contains(path.split(separator: "/").last ?? "")
        if isNoName || path.hasSuffix("/") || path.utf8.contains(0) {
            reading.report.error(
                text.position,
                "\(text.quoted) names no socket",
                "write unix:/PATH, such as unix:/run/app.sock"
            )
            return .some(nil)
        }
        if resolved.utf8.count > longestSocketPath {
            reading.report.error(
                text.position,
                "the socket's path has \(resolved.utf8.count) bytes",
                "write one of at most \(longestSocketPath) bytes"
            )
            return .some(nil)
        }
        return resolved
    }

    /// Host without brackets, and the port if there is one; nil = not of this form.
    static func hostAndPort(_ text: some StringProtocol) -> (host: String, port: UInt16?)? {
        var rest = text[...]
        var host: String
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            guard host.contains(":"), Names.isAddress(host) else { return nil }
            rest = rest[rest.index(after: end)...]
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            host = String(rest[..<end]).lowercased()
            guard Names.isHost(host) else { return nil }
            rest = rest[end...]
        }
        if rest.isEmpty { return (host, nil) }
        guard rest.hasPrefix(":"), let port = port(rest.dropFirst()) else { return nil }
        return (host, port)
    }

    /// Digits only, up to 65535.
    static func port(_ text: some StringProtocol) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(\.isDigit) else { return nil }
        return UInt16(text)
    }
}

import Bytes
import EventLoop

/// Addresses and URLs as the configuration writes them. What is wrong is reported, and nil then.
enum Addresses {
    /// `sun_path` less its final zero byte.
    private static let longestSocketPath = 107

    /// An address to listen on: `host:port`, `[v6]:port` or `unix:/path`.
    static func listening(_ text: Text, _ reading: Reading) -> SocketAddress? {
        if let path = socketPath(text, reading) { return path.map { .unix(path: $0) } }
        if let (host, port) = hostAndPort(text.value), let port {
            let literal = host == "localhost" ? "127.0.0.1" : host
            if let address = SocketAddress(literal: literal, port: port) { return address }
        }
        reading.report.error(
            text.position,
            "\(text.quoted) is not an address to listen on",
            listeningRemedy(for: text.value)
        )
        return nil
    }

    private static func listeningRemedy(for value: String) -> String {
        let rest = value.hasPrefix("*:") ? value.dropFirst() : value[...]
        if rest.hasPrefix(":"), port(rest.dropFirst()) != nil { return "write 0.0.0.0\(rest)" }
        if port(rest) != nil { return "write 0.0.0.0:\(value)" }
        if value.contains("://") { return "write it without the scheme, such as 0.0.0.0:8443" }
        if Names.isAddress(value) {
            return value.contains(":") ? "write \"[\(value)]:8443\"" : "write \(value):8443"
        }
        return "write IP:PORT such as 0.0.0.0:8443, \"[::]:8443\", or unix:/PATH"
    }

    /// The path of `unix:/path`; nil = not of this form, `.some(nil)` = reported.
    static func socketPath(_ text: Text, _ reading: Reading) -> String?? {
        guard text.value.hasPrefix("unix:") else { return nil }
        var path = text.value.dropFirst("unix:".count)
        if path.hasPrefix("//") { path = path.dropFirst(2) }
        let resolved = reading.resolve(String(path))
        if path.isEmpty || path.utf8.contains(0) {
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

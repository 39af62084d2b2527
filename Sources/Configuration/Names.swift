import Bytes
import EventLoop
import HTTPCore
import Policy

/// Forms of names: tokens, hosts, fields.
enum Names {
    /// RFC 9110 §5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte.isLetter || byte.isDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// Whether the text is free of control characters, not empty and of at most 128 bytes.
    static func isLabel(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
            }
    }

    /// A DNS name: labels of letters, digits, `-` and `_`, the last not a number.
    static func isHostName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy {
                    $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
        return areLabels && !(labels.last ?? "").utf8.allSatisfy(\.isDigit)
    }

    static func isAddress(_ text: String) -> Bool {
        SocketAddress(literal: text, port: 0) != nil
    }

    /// A name, an IPv4 address, or an IPv6 address in brackets.
    static func isHost(_ text: String) -> Bool {
        if text.hasPrefix("["), text.hasSuffix("]") {
            return text.contains(":") && isAddress(String(text.dropFirst().dropLast()))
        }
        return isHostName(text) || (!text.contains(":") && isAddress(text))
    }

    /// `host` or `host:port`, the host as `isHost` takes it.
    static func isAuthority(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else { return isHost(text) }
        let port = text[text.index(after: colon)...]
        return isHost(String(text[..<colon])) && Addresses.port(port) != nil
    }

    /// One entry of a route's `hosts`: reported when it is none.
    static func hostPattern(_ text: Text, _ report: Report) -> HostPattern? {
        var name = text.value.lowercased()
        if name.hasSuffix("."), name != "." { name.removeLast() }
        if name.hasPrefix("*."), isHostName(String(name.dropFirst(2))) {
            return .wildcard(String(name.dropFirst(2)))
        }
        if isHost(name) { return .exact(name) }
        report.error(text.position, "\(text.quoted) is not a host", hostRemedy(for: text))
        return nil
    }

    private static func hostRemedy(for text: Text) -> String {
        let name = text.value.lowercased()
        if name == "*" { return "leave `hosts` out for any host" }
        if name.contains("://") { return "write the host alone, without scheme and path" }
        if isAuthority(name) { return "write it without the port: routes match any port" }
        if isAddress(name), !text.isSubstituted { return "write [\(name)], quoted" }
        return "write a name such as app.example.com, or \"*.example.com\" for all below it"
    }
}

/// Names of fields the configuration may choose.
enum FieldNames {
    static func identify(_ name: String) -> FieldName {
        let bytes = Array(name.utf8)
        return FieldName.lookup(bytes.span).id
    }

    /// A field's name in lower case; reported when it is not a token.
    static func token(_ text: Text, _ report: Report) -> String? {
        guard Names.isToken(text.value) else {
            report.error(
                text.position,
                "\(text.quoted) is not a field name",
                "write letters, digits and hyphens, such as x-user-token"
            )
            return nil
        }
        return text.value.lowercased()
    }

    /// The name of a field the gateway may set to its own value: one it does not manage otherwise.
    static func settable(_ text: Text, besides allowed: FieldName, _ report: Report) -> String? {
        guard let name = token(text, report) else { return nil }
        let identity = identify(name)
        guard identity == .other || identity == allowed else {
            report.error(
                text.position,
                "the gateway manages the field \(text.quoted) itself",
                "write a field of your own, such as x-user-token, or leave the key out"
            )
            return nil
        }
        return name
    }

    /// The fields `forwarding.pass_fields` readmits.
    static let overrides = [
        "x-original-url", "x-original-uri", "x-rewrite-url",
        "x-http-method-override", "x-http-method", "x-method-override",
    ]

    static func override(_ text: Text, _ report: Report) -> String? {
        let name = text.value.lowercased()
        if overrides.contains(name) { return name }
        report.error(
            text.position,
            "\(text.quoted) is not a field that is removed as an override",
            Spelling.remedy(for: name, among: overrides, called: "fields removed as overrides")
        )
        return nil
    }
}

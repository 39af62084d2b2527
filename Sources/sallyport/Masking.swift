import Proxy

/// Takes secrets out of what is shown: tokens, values of cookies and of queries, keys.
enum Masking {
    /// What stands for a secret.
    static let mask = "***"

    private static let secretWords = [
        "token", "secret", "password", "api-key", "apikey", "anti-csrf", "signature", "credential",
        "session",
    ]

    /// A field's value as it may be shown; `jwtField` is the one that the JWT goes into.
    static func value(of name: String, _ value: String, jwtField: String) -> String {
        let folded = String(name.lowercased().map { $0 == "_" || $0 == "." ? "-" : $0 })
        switch folded {
        case "authorization", "proxy-authorization", jwtField:
            guard let space = value.firstIndex(of: " ") else { return masked(value) }
            return "\(value[..<space]) \(masked(String(value[value.index(after: space)...])))"
        case "cookie":
            return value.split(separator: ";", omittingEmptySubsequences: false)
                .map { pair(String($0)) }.joined(separator: ";")
        case "set-cookie":
            let parts = value.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
            return ([pair(String(parts[0]))] + parts.dropFirst().map { String($0) })
                .joined(separator: ";")
        default:
            if secretWords.contains(where: folded.contains) { return masked(value) }
            return url(value)
        }
    }

    /// `?a=***&b=***`; a query of another form is masked as a whole.
    static func query(_ query: String) -> String {
        guard query.hasPrefix("?") else { return query }
        return "?"
            + query.dropFirst().split(separator: "&", omittingEmptySubsequences: false)
            .map { pair(String($0)) }.joined(separator: "&")
    }

    /// A URL, or what may be one, with its query masked; a query may be in a query.
    static func url(_ text: String) -> String {
        guard let mark = text.firstIndex(of: "?") else { return tokens(text) }
        return tokens(String(text[..<mark])) + query(String(text[mark...]))
    }

    /// Text with every JWT in it masked: they begin with `eyJ`.
    static func tokens(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "eyJ") {
            result += rest[..<start.lowerBound] + mask
            rest = rest[start.lowerBound...].drop { character in
                character.isLetter || character.isNumber || "-_.+/=%".contains(character)
            }
        }
        return result + rest
    }

    /// The size helps to tell an empty value from a token.
    private static func masked(_ value: String) -> String {
        value.isEmpty ? "" : "\(mask) (\(value.utf8.count) bytes)"
    }

    /// `name=***`; one without a name is a value.
    private static func pair(_ pair: String) -> String {
        guard let equals = pair.firstIndex(of: "=") else {
            return pair.allSatisfy { $0 == " " } ? pair : mask
        }
        guard !pair[..<equals].contains("eyJ") else { return mask }
        return pair.index(after: equals) == pair.endIndex ? pair : "\(pair[...equals])\(mask)"
    }
}

import Authority
import Bytes
import JSON

/// What a sign-in asks for.
struct DemoSignIn: Equatable {
    /// How the session's token reaches the client.
    enum Transfer: Equatable {
        case cookie, header
    }

    let user: String
    let era: AuthorityService.Era
    let transfer: Transfer

    /// Characters of a user's name.
    static let userMaximum = 64

    /// Reads a form, or JSON where the content type says so.
    ///
    /// - Throws: what to write instead.
    init(contentType: String?, content: [UInt8]) throws(DemoFailure) {
        let isJSON = contentType?.lowercased().hasPrefix("application/json") ?? false
        let fields = isJSON ? try Self.json(content) : Self.form(content)
        guard let user = fields["user"], !user.isEmpty, user.count <= Self.userMaximum,
            !user.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw DemoFailure("user: a name of 1 to \(Self.userMaximum) characters") }
        switch fields["era"] ?? "recent" {
        case "recent": era = .recent
        case "seed": era = .seed
        default: throw DemoFailure("era: recent or seed")
        }
        switch fields["transfer"] ?? "cookie" {
        case "cookie": transfer = .cookie
        case "header": transfer = .header
        default: throw DemoFailure("transfer: cookie or header")
        }
        self.user = user
    }

    private static func json(_ content: [UInt8]) throws(DemoFailure) -> [String: String] {
        guard let object = try? JSONValue.parse(content.span).object else {
            throw DemoFailure("the content: a JSON object")
        }
        var fields: [String: String] = [:]
        for member in object.members { fields[member.name] = member.value.string }
        return fields
    }

    /// `application/x-www-form-urlencoded`; of fields with one name the first counts.
    private static func form(_ content: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in content.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let name = decoded(parts[0])
            guard fields[name] == nil else { continue }
            fields[name] = parts.count > 1 ? decoded(parts[1]) : ""
        }
        return fields
    }

    /// `+` is a space; a `%` that begins no escape stays.
    private static func decoded(_ text: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap(\.hexadecimalValue)
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                bytes.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

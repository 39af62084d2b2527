import Bytes
import HTTP1
import HTTPCore

/// What became of one field on its way upstream.
struct FieldDifference {
    enum Change: String {
        case kept, removed, changed, added
    }

    var change: Change
    var name: String
    /// As the client sent it; nil = it did not. Not masked.
    var client: String?
    /// As the upstream gets it; nil = it does not. Not masked.
    var upstream: String?
    /// Why, where the name alone tells.
    var why: String?

    /// Each field of the client's in its order, then those that only the upstream gets. Of several
    /// of one name those with equal values belong together first.
    static func between(_ client: Head, _ upstream: Head) -> [FieldDifference] {
        var rest: [Head.Field?] = upstream.fields
        var partners = client.fields.map { field in
            take(from: &rest) { $0.isCalled(field) && $0.value == field.value }
        }
        for (index, field) in client.fields.enumerated() where partners[index] == nil {
            partners[index] = take(from: &rest) { $0.isCalled(field) }
        }
        var result: [FieldDifference] = []
        for (field, partner) in zip(client.fields, partners) {
            let change: Change =
                partner.map { $0.value == field.value ? .kept : .changed } ?? .removed
            result.append(
                FieldDifference(
                    change: change,
                    name: field.name,
                    client: field.value,
                    upstream: partner?.value,
                    why: change == .removed ? why(field) : nil
                )
            )
        }
        for case .some(let field) in rest {
            result.append(
                FieldDifference(change: .added, name: field.name, upstream: field.value)
            )
        }
        return result
    }

    private static func take(
        from fields: inout [Head.Field?],
        _ isWanted: (Head.Field) -> Bool
    ) -> Head.Field? {
        let place = fields.firstIndex { $0.map(isWanted) ?? false }
        guard let place else { return nil }
        defer { fields[place] = nil }
        return fields[place]
    }

    private static func why(_ field: Head.Field) -> String? {
        if field.isAlias { return "servers take it for another field" }
        switch field.id {
        case .authorization, .cookie, .antiCSRF, .rid, .stAuthMode, .fdiVersion:
            return "the session's"
        case .connection, .keepAlive, .te, .trailer, .upgrade, .http2Settings, .proxy,
            .transferEncoding:
            return "hop by hop"
        case .forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPort,
            .xForwardedOther, .xRealIP:
            return "from no trusted proxy"
        case .xOriginalURL, .xOriginalURI, .xRewriteURL, .xHTTPMethodOverride, .xHTTPMethod,
            .xMethodOverride:
            return "it asks for another request than was judged: forwarding.pass_fields"
        default: return "named by Connection, or set by the gateway"
        }
    }
}

/// A request's head, read by the parser that serves.
struct Head {
    struct Field {
        var name: String
        var value: String
        var id: FieldName
        var isAlias: Bool

        func isCalled(_ other: Field) -> Bool { name.lowercased() == other.name.lowercased() }
    }

    let head: RequestHead
    let fields: [Field]
    /// Method and target.
    let line: (method: String, target: String)

    /// - Throws: the rule of HTTP/1.1 that it breaks.
    init(_ bytes: [UInt8], limits: Limits) throws(HTTP1Failure) {
        var parser = RequestParser()
        var head = RequestHead()
        _ = try parser.parse(bytes.span, limits: limits, into: &head)
        func text(_ range: Range<Int>) -> String {
            String(decoding: bytes[range], as: UTF8.self)
        }
        fields = head.fields.map { line in
            Field(
                name: text(line.name.indices),
                value: text(line.value.indices),
                id: line.id,
                isAlias: line.isAlias
            )
        }
        line = (text(head.methodName.indices), text(head.target.indices))
        self.head = head
    }
}

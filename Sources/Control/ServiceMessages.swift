public import HTTPCore

/// A whole request to one of the program's own services: admin, the authority, the demo. These are
/// not on the data path, so it is plain text and arrays.
public struct ServiceRequest: Sendable {
    /// `other` for methods without a name here.
    public var method: Method
    /// Canonical, as the proxy would match it.
    public var path: String
    /// Without its `?`; empty for none.
    public var query: String
    /// The canonical host without its port; empty for none.
    public var host: String
    /// Lower-case names, in the order received.
    public var fields: [(name: String, value: String)]
    /// Decoded, whole.
    public var content: [UInt8]

    /// A request with all its parts.
    public init(
        method: Method,
        path: String,
        query: String,
        host: String,
        fields: [(name: String, value: String)],
        content: [UInt8]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.host = host
        self.fields = fields
        self.content = content
    }

    /// The first value of a field; `name` is lower case.
    public func field(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// The value of a query parameter, percent-decoding left to the caller.
    public func parameter(_ name: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.first.map(String.init) == name {
                return parts.count > 1 ? String(parts[1]) : ""
            }
        }
        return nil
    }
}

/// A whole answer of a service.
public struct ServiceResponse: Sendable {
    /// 200 to 599.
    public var status: UInt16
    /// The value of `Content-Type`.
    public var contentType: String
    /// Further fields, written as they are: values come from our own code only.
    public var fields: [(name: String, value: String)]
    /// Sent with its length.
    public var content: [UInt8]

    /// An answer with all its parts.
    public init(
        status: UInt16,
        contentType: String,
        fields: [(name: String, value: String)] = [],
        content: [UInt8]
    ) {
        self.status = status
        self.contentType = contentType
        self.fields = fields
        self.content = content
    }

    /// An answer of plain text.
    public static func text(_ status: UInt16, _ text: String) -> ServiceResponse {
        ServiceResponse(
            status: status,
            contentType: "text/plain; charset=utf-8",
            content: Array(text.utf8)
        )
    }

    /// An answer of JSON that is already text.
    public static func json(_ status: UInt16, _ text: String) -> ServiceResponse {
        ServiceResponse(status: status, contentType: "application/json", content: Array(text.utf8))
    }
}

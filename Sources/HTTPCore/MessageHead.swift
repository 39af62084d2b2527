public import Bytes

/// One field line (RFC 9110 §5): ranges into the bytes its head was read from.
public struct FieldLine: Equatable, Sendable {
    /// The name as received.
    public var name: ByteRange
    /// The value without the whitespace around it.
    public var value: ByteRange
    /// What the name means to the gateway, read after folding (see `FieldName`).
    public var id: FieldName
    /// Whether the name only folds to `id`'s (`content_length`, `x.forwarded.for`): never the real
    /// field, but some servers take it for that.
    public var isAlias: Bool

    /// A line of ranges that a parser found.
    public init(name: ByteRange, value: ByteRange, id: FieldName, isAlias: Bool) {
        self.name = name
        self.value = value
        self.id = id
        self.isAlias = isAlias
    }
}

/// How the end of a message's content is found (RFC 9112 §6).
public enum ContentFraming: Equatable, Sendable {
    /// There is none.
    case none
    /// `Content-Length`, in bytes; 0 is kept apart from `none` because the field was sent.
    case length(UInt64)
    /// The chunked transfer coding.
    case chunked
    /// Up to the connection's end: answers only.
    case untilClose
}

/// A request's head. Ranges are into the bytes it was parsed from, counted from the head's first
/// byte.
///
/// Reused from request to request so that a warm one allocates nothing: `reset` keeps the storage.
public struct RequestHead: Sendable {
    /// Known methods by name; `other` for the rest.
    public var method = Method.other
    /// The method's bytes as received.
    public var methodName = ByteRange.empty
    /// The request target as received: origin-form or absolute-form.
    public var target = ByteRange.empty
    /// As received.
    public var version = HTTPVersion.http11
    /// The field lines in the order received.
    public var fields: [FieldLine] = []
    /// How the end of its content is found.
    public var framing = ContentFraming.none
    /// Whether the connection may carry another request after this one (RFC 9112 §9.3).
    public var keepsAlive = true
    /// Whether the client waits for a 100 (RFC 9110 §10.1.1).
    public var expectsContinue = false
    /// Whether it asks for the WebSocket protocol in a way that may be answered (RFC 6455 §4.1): a
    /// GET of HTTP/1.1 without content, with a key or a version, whose one `Upgrade` is `websocket`
    /// and whose `Connection` lists it. Any other `Upgrade` asks for nothing.
    public var asksForWebSocket = false
    /// Bytes from the first of the request line to the last of the empty line.
    public var byteCount = 0

    /// An empty head.
    public init() {}

    /// Makes the head empty and keeps its storage.
    public mutating func reset() {
        var storage: [FieldLine] = []
        swap(&storage, &fields)
        if !storage.isEmpty { storage.removeAll(keepingCapacity: true) }
        self = RequestHead()
        swap(&storage, &fields)
    }

    /// The first line with this meaning that is no alias.
    public func first(_ id: FieldName) -> FieldLine? {
        for line in fields where line.id == id && !line.isAlias { return line }
        return nil
    }
}

/// An answer's head; ranges as in `RequestHead`.
public struct ResponseHead: Sendable {
    /// 100 to 999 as received.
    public var status: UInt16 = 0
    /// The reason phrase as received; may be empty.
    public var reason = ByteRange.empty
    /// As received.
    public var version = HTTPVersion.http11
    /// The field lines in the order received.
    public var fields: [FieldLine] = []
    /// For the request it answers: `none` for HEAD, 204, 304 and 1xx.
    public var framing = ContentFraming.none
    /// Whether the upstream's connection may be used again.
    public var keepsAlive = true
    /// Seconds that the upstream keeps an idle connection open, when it said so (`Keep-Alive:
    /// timeout=N`, RFC 2068 §19.7.1).
    public var keepAliveTimeout: UInt32?
    /// Bytes from the first of the status line to the last of the empty line.
    public var byteCount = 0

    /// An empty head.
    public init() {}

    /// Makes the head empty and keeps its storage.
    public mutating func reset() {
        var storage: [FieldLine] = []
        swap(&storage, &fields)
        if !storage.isEmpty { storage.removeAll(keepingCapacity: true) }
        self = ResponseHead()
        swap(&storage, &fields)
    }
}

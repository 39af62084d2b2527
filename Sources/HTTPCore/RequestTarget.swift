public import Bytes

/// Host and path of one request in canonical form: what routes match on and what is forwarded.
///
/// Reused from request to request: `read` keeps the storage, up to a size no peer can raise.
public struct RequestTarget: ~Copyable, Sendable {
    private let inPlace = InPlace()
    /// Bytes of storage that are kept from one request to the next.
    static let keptCapacity = 1024

    private var pathBytes: [UInt8] = []
    /// `host[:port]`.
    private var authorityBytes: [UInt8] = []
    private var hostCount = 0
    /// The `Host` field that `authorityBytes`, `hostCount` and `port` were read from; empty =
    /// another source. Most requests of a connection repeat it.
    private var hostField: [UInt8] = []
    private var features: PathFeatures = []

    /// The canonical readings other than `path` itself; none when `hasOneReading`.
    public private(set) var readings = PathReadings()
    /// Where the query lies in the head's bytes, with its `?`; empty = none.
    public private(set) var query = ByteRange.empty
    /// As given; nil = none.
    public private(set) var port: UInt16?

    /// An empty target: nothing was read.
    public init() {}

    /// The canonical path; begins with `/`.
    public var path: Span<UInt8> {
        @_lifetime(borrow self)
        get { pathBytes.span }
    }

    /// Lower case, without a final dot and without a port, IPv6 in brackets; empty = none
    /// (HTTP/1.0).
    public var host: Span<UInt8> {
        @_lifetime(borrow self)
        get { authorityBytes.span.extracting(0..<hostCount) }
    }

    /// `host[:port]`, as forwarded where the host is preserved.
    public var authority: Span<UInt8> {
        @_lifetime(borrow self)
        get { authorityBytes.span }
    }

    /// Whether the request named a host.
    public var hasHost: Bool { hostCount > 0 }

    /// Whether no server reads the path otherwise: it has none of `%`, `;`, `//`, `/.`, `./`,
    /// capitals, a final `/` or `.`.
    public var hasOneReading: Bool { features.isEmpty }

    /// Makes the target empty, and gives back storage that is larger than most requests need.
    public mutating func reset() {
        resetHost()
        resetPath()
    }

    private mutating func resetHost() {
        authorityBytes.removeAll(keepingUpTo: RequestTarget.keptCapacity)
        hostField.removeAll(keepingUpTo: RequestTarget.keptCapacity)
        hostCount = 0
        port = nil
    }

    private mutating func resetPath() {
        pathBytes.removeAll(keepingUpTo: RequestTarget.keptCapacity)
        if !features.isEmpty { readings.removeAll() }
        features = []
        query = .empty
    }

    /// Reads the target and the `Host` field of a head (RFC 9112 §3.2); `bytes` are those the head
    /// was parsed from.
    ///
    /// What `OPTIONS *`, `CONNECT` and `TRACE` ask is not judged here: the caller refuses the last
    /// two by their method.
    ///
    /// - Throws: the rule broken; the answer is 400. The target is then not to be used.
    public mutating func read(
        _ head: RequestHead,
        in bytes: Span<UInt8>
    ) throws(TargetFailure) {
        resetPath()
        let target = bytes.bytes(head.target)
        var pathStart = 0
        if target.count > 0, target[0] == UInt8(ascii: "/") {
            try readHostField(head, in: bytes)
        } else {
            pathStart = try readAbsoluteForm(target, head: head, in: bytes)
        }
        try readPathAndQuery(target, from: pathStart, offset: head.target.offset)
    }

    /// Reads a path that stands alone: a route's, or what is left of one. What follows a `?` is the
    /// query.
    ///
    /// - Throws: the rule broken.
    public mutating func read(path text: Span<UInt8>) throws(TargetFailure) {
        reset()
        guard text.count > 0, text[0] == UInt8(ascii: "/") else { throw .malformedTarget }
        try readPathAndQuery(text, from: 0, offset: 0)
    }

    private mutating func readPathAndQuery(
        _ target: Span<UInt8>,
        from start: Int,
        offset: UInt32
    ) throws(TargetFailure) {
        let end = try readPath(target.extracting(start..<target.count)) &+ start
        query = try RequestTarget.checkQuery(target, from: end, offset: offset)
        if !features.isEmpty {
            try readings.read(pathBytes, features: features)
        }
    }

    /// - Returns: the index after the path.
    private mutating func readPath(_ text: Span<UInt8>) throws(TargetFailure) -> Int {
        guard text.count > 0, text[0] == UInt8(ascii: "/") else {
            pathBytes.append(UInt8(ascii: "/"))
            return 0
        }
        let (features, end) = try CanonicalPath.read(text, into: &pathBytes)
        self.features = features
        return end
    }

    private static func checkQuery(
        _ target: Span<UInt8>,
        from start: Int,
        offset: UInt32
    ) throws(TargetFailure) -> ByteRange {
        for index in start..<target.count {
            let byte = target[index]
            guard byte &- 0x21 < 0x5E, byte != UInt8(ascii: "#") else { throw .forbiddenQueryByte }
        }
        guard start < target.count else { return .empty }
        return ByteRange(
            offset: offset &+ UInt32(truncatingIfNeeded: start),
            count: UInt32(truncatingIfNeeded: target.count &- start)
        )
    }
}

extension RequestTarget {
    /// Reads the one `Host` field; only HTTP/1.0 may lack it.
    private mutating func readHostField(
        _ head: RequestHead,
        in bytes: Span<UInt8>
    ) throws(TargetFailure) {
        guard let range = try RequestTarget.hostField(head) else {
            guard head.version == .http10 else { throw .missingHost }
            return resetHost()
        }
        let value = bytes.bytes(range)
        if !hostField.isEmpty, hostField.span.equals(value) { return }
        resetHost()
        (hostCount, port) = try HostName.read(value, into: &authorityBytes)
        hostField.append(bytes: value)
    }

    private static func hostField(_ head: RequestHead) throws(TargetFailure) -> ByteRange? {
        var value: ByteRange?
        for line in head.fields where line.id == .host && !line.isAlias {
            guard value == nil else { throw .duplicateHost }
            value = line.value
        }
        return value
    }

    /// Reads scheme and authority of an absolute-form target (RFC 9112 §3.2.2), which `Host` must
    /// agree with.
    ///
    /// - Returns: the index at which path, query or nothing follows.
    private mutating func readAbsoluteForm(
        _ target: Span<UInt8>,
        head: RequestHead,
        in bytes: Span<UInt8>
    ) throws(TargetFailure) -> Int {
        resetHost()
        let (start, defaultPort) = try RequestTarget.scheme(of: target)
        var end = start
        while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?")
        {
            end &+= 1
        }
        let authority = target.extracting(start..<end)
        (hostCount, port) = try HostName.read(authority, into: &authorityBytes)
        guard let field = try RequestTarget.hostField(head) else {
            guard head.version == .http10 else { throw .missingHost }
            return end
        }
        var other: [UInt8] = []
        let (otherCount, otherPort) = try HostName.read(bytes.bytes(field), into: &other)
        guard other.span.extracting(0..<otherCount).equals(host),
            (otherPort ?? defaultPort) == (port ?? defaultPort)
        else { throw .hostMismatch }
        return end
    }

    /// - Returns: the index after `http://` or `https://`, in any case, and the scheme's port.
    private static func scheme(
        of target: Span<UInt8>
    ) throws(TargetFailure) -> (end: Int, port: UInt16) {
        guard let colon = target.firstIndex(of: UInt8(ascii: ":")), colon &+ 2 < target.count,
            target[colon &+ 1] == UInt8(ascii: "/"), target[colon &+ 2] == UInt8(ascii: "/")
        else { throw .malformedTarget }
        let scheme = target.extracting(0..<colon)
        if scheme.equalsIgnoringCase("http") { return (colon &+ 3, 80) }
        guard scheme.equalsIgnoringCase("https") else { throw .unsupportedScheme }
        return (colon &+ 3, 443)
    }
}

import Bytes
import Connections
import EventLoop
import HTTP1
import HTTPCore
import Sessions

/// Decides which of two new access tokens a client gets: the core's, or the upstream's own. Never
/// both.
enum Delivery {
    /// What an upstream's answer does with the session's tokens.
    struct UpstreamFields {
        /// The access tokens that it gives.
        var cookies: [ByteRange] = []
        var fields: [ByteRange] = []
        /// Whether it takes a token away.
        var clears = false
    }

    /// Looks through an answer's head.
    static func fields(
        of head: ResponseHead,
        _ bytes: Span<UInt8>,
        cookieName: Span<UInt8>
    ) -> UpstreamFields {
        var found = UpstreamFields()
        for line in head.fields where !line.isAlias {
            switch line.id {
            case .frontToken, .idRefreshToken:
                if bytes.bytes(line.value).equals("remove") { found.clears = true }
            case .stAccessToken:
                if line.value.isEmpty {
                    found.clears = true
                } else {
                    found.fields.append(line.value)
                }
            case .setCookie:
                guard let value = cookieValue(line.value, bytes, named: cookieName) else { break }
                if isNothing(bytes.bytes(value)) {
                    found.clears = true
                } else {
                    found.cookies.append(value)
                }
            default: break
            }
        }
        return found
    }

    /// The raw value of a `Set-Cookie` of this name; nil for another cookie's.
    private static func cookieValue(
        _ field: ByteRange,
        _ bytes: Span<UInt8>,
        named name: Span<UInt8>
    ) -> ByteRange? {
        let line = bytes.bytes(field)
        let end = line.scan(for: UInt8(ascii: ";"), from: 0, to: line.count)
        guard let pair = CookiePair(0..<end, in: line),
            line.extracting(pair.name).equals(name)
        else { return nil }
        let start = Int(field.offset)
        return ByteRange(start + pair.value.lowerBound..<start + pair.value.upperBound)
    }

    private static func isNothing(_ value: Span<UInt8>) -> Bool {
        value.isEmpty || value.equals("\"\"")
    }

    /// Whether a line of the upstream's gives way to the core's token.
    static func replaces(
        _ line: FieldLine,
        _ bytes: Span<UInt8>,
        cookieName: Span<UInt8>
    ) -> Bool {
        switch line.id {
        case .frontToken, .stAccessToken: true
        case .setCookie: cookieValue(line.value, bytes, named: cookieName) != nil
        default: false
        }
    }

    static func isExposeHeaders(_ line: FieldLine, _ bytes: Span<UInt8>) -> Bool {
        line.id == .other
            && bytes.bytes(line.name).equalsIgnoringCase("access-control-expose-headers")
    }
}

/// The core's token on its way into an answer's head.
struct DeliveredLines: ~Escapable {
    /// `SessionFields.delivery`; empty = nothing is delivered.
    let lines: Span<UInt8>
    let cookieName: Span<UInt8>
    /// As `Access-Control-Expose-Headers` lists the fields.
    let exposedNames: StaticString

    @_lifetime(copy lines, copy cookieName)
    init(lines: Span<UInt8>, cookieName: Span<UInt8>, exposedNames: StaticString) {
        self.lines = lines
        self.cookieName = cookieName
        self.exposedNames = exposedNames
    }

    var isEmpty: Bool { lines.isEmpty }

    /// Bytes that the head grows by.
    var growth: Int { lines.isEmpty ? 0 : lines.count + 256 }

    /// Whether a line of the upstream's passes.
    func passes(_ line: FieldLine, _ bytes: Span<UInt8>) -> Bool {
        if isEmpty { return true }
        if line.id == .cacheControl { return false }
        return !Delivery.replaces(line, bytes, cookieName: cookieName)
    }

    /// Writes the upstream's list of readable fields with ours at its end.
    func appendExposed(_ line: FieldLine, _ bytes: Span<UInt8>, to output: inout Buffer) {
        output.append(bytes.bytes(line.name))
        output.append(": ")
        output.append(bytes.bytes(line.value))
        output.append(line.value.isEmpty ? "" : ", ")
        output.append(exposedNames)
        output.append("\r\n")
    }

    /// Writes the delivery itself; a cache must keep nothing of it.
    func append(isExposed: Bool, to output: inout Buffer) {
        output.append("Cache-Control: no-store\r\n")
        output.append(lines)
        guard !isExposed else { return }
        output.append("Access-Control-Expose-Headers: ")
        output.append(exposedNames)
        output.append("\r\n")
    }
}

extension SharedAuthenticator {
    /// Bytes that a head grows by.
    func deliveryGrowth(_ session: SessionReference?, isOurs: Bool) -> Int {
        guard isOurs else { return 0 }
        return delivered(session, isOurs: true).growth
    }

    /// What is delivered with an answer to a request of this session.
    @_lifetime(borrow self)
    func delivered(_ session: SessionReference?, isOurs: Bool) -> DeliveredLines {
        guard isOurs, let session, session.hasDelivery else {
            return DeliveredLines(lines: Span(), cookieName: Span(), exposedNames: "")
        }
        return DeliveredLines(
            lines: authenticator.delivery(session),
            cookieName: accessTokenCookie.span,
            exposedNames: deliveredNames(session)
        )
    }

    /// Fields of a delivery that pages must be let read, as `Access-Control-Expose-Headers` lists
    /// them.
    func deliveredNames(_ session: SessionReference) -> StaticString {
        let lines = authenticator.delivery(session)
        let name: StaticString = "st-access-token"
        let hasToken =
            lines.count > name.utf8CodeUnitCount
            && lines.extracting(0..<name.utf8CodeUnitCount).equals(name)
        return hasToken ? "front-token, st-access-token" : "front-token"
    }
}

extension Worker {
    /// Whether the core's new token goes with an upstream's answer: the upstream's own goes in its
    /// place if it is this session's, and so does the end of the session.
    mutating func deliversOurs(
        _ exchange: Handle<Exchange>,
        _ upstream: Handle<UpstreamConnection>
    ) -> Bool {
        guard let session = exchanges[exchange].session, session.hasDelivery else { return false }
        let shared = generations[exchanges[exchange].generation].authenticator
        let name = authenticators[shared].accessTokenCookie
        let bytes = upstreams[upstream].transport.input.view
        let found = Delivery.fields(
            of: exchanges[exchange].response,
            bytes.span,
            cookieName: name.span
        )
        guard !found.cookies.isEmpty || !found.fields.isEmpty else { return !found.clears }
        // One token, as the client sends its own; a page may be let read it besides.
        let isUsual =
            session.isCookieBorne
            ? found.cookies.count == 1 && found.fields.count <= 1
            : found.fields.count == 1 && found.cookies.isEmpty
        guard isUsual, !found.clears else { return true }
        let wall = loop.wallMilliseconds
        for (list, isCookie) in [(found.cookies, true), (found.fields, false)] {
            for range in list {
                let isOurs = authenticators[shared].authenticator.isSuccessor(
                    bytes.span.bytes(range),
                    isCookie: isCookie,
                    of: session,
                    wallMilliseconds: wall
                )
                if !isOurs { return true }
            }
        }
        return false
    }
}

import Bytes
import EventLoop
import HTTP1
import HTTPCore
import Sessions

@testable import Proxy

/// A request's head, its bytes and its target, as the walk has them.
struct ParsedRequest {
    var bytes: [UInt8]
    var head = RequestHead()

    init(_ lines: String...) throws {
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        self.bytes = bytes
        var parser = RequestParser()
        _ = try parser.parse(bytes.span, limits: Limits(), into: &head)
        var target = RequestTarget()
        try target.read(head, in: bytes.span)
    }

    /// An exchange that has this head.
    func exchange(client: String = "", requestID: String = "id") -> Exchange {
        var storage = ExchangeStorage()
        storage.head = head
        // Whether it can be read was seen when the request was made.
        try? storage.target.read(head, in: bytes.span)
        storage.requestID = Array(requestID.utf8)
        var exchange = Exchange(
            client: .init(bits: 0),
            generation: .init(bits: 0),
            storage: storage,
            now: Instant(nanoseconds: 0),
            wallMilliseconds: 0
        )
        exchange.forwardedClient = Array(client.utf8)
        return exchange
    }
}

/// An answer's head and its bytes.
struct ParsedResponse {
    var bytes: [UInt8]
    var head = ResponseHead()

    init(_ lines: String...) throws {
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        self.bytes = bytes
        var parser = ResponseParser()
        _ = try parser.parse(bytes.span, limits: Limits(), requestMethod: .get, into: &head)
    }

    func rewritten(
        _ framing: ResponseFraming = .length,
        _ connection: OwnAnswer.Connection = .unnamed,
        isPrivate: Bool = false
    ) -> String {
        var output = Buffer(capacity: 4096)
        _ = ResponseRewrite.write(
            head,
            bytes.span,
            ResponseRewrite.Context(
                framing: framing,
                connection: connection,
                isPrivate: isPrivate
            ),
            nil,
            SharedAuthenticator(
                options: Fixture.options().sessions,
                cacheBytes: 0,
                keys: KeySet()
            ),
            to: &output
        )
        return output.readable.text
    }
}

/// What `write` puts into a buffer.
func written(_ write: (inout Buffer) -> Void) -> String {
    var buffer = Buffer(capacity: 4096)
    write(&buffer)
    return buffer.readable.text
}

/// An IP address, or the test's fault.
func address(_ literal: String, port: UInt16 = 1) -> SocketAddress {
    guard let address = SocketAddress(literal: literal, port: port) else {
        preconditionFailure("no address: \(literal)")
    }
    return address
}

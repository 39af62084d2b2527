import Bytes
import HTTPCore

/// Writes an answer of the gateway's own: a head of fixed fields, then a body whose length is
/// known.
enum OwnAnswer {
    /// What the answer says of its connection (RFC 9112 §9.3).
    enum Connection: Equatable {
        case close
        /// For HTTP/1.0 clients, which need to be told.
        case keepAlive
        case unnamed
        /// A 101 to the WebSocket protocol (RFC 6455 §4.2.2).
        case webSocket
    }

    /// The status line and the fields every own answer has.
    static func appendHead(
        status: UInt16,
        reason: Reason,
        connection: Connection,
        date: inout HTTPDate,
        wallMilliseconds: Int64,
        to output: inout Buffer
    ) {
        output.append("HTTP/1.1 ")
        output.append(decimal: UInt64(status))
        output.append(" ")
        output.append(Status.reasonPhrase(status))
        output.append("\r\nDate: ")
        date.append(secondsSinceEpoch: wallMilliseconds / 1000, to: &output)
        output.append("\r\nCache-Control: no-store\r\n")
        if reason != .none {
            output.append("sallyport-reason: ")
            output.append(reason.code)
            output.append("\r\n")
        }
        switch connection {
        case .close: output.append("Connection: close\r\n")
        case .keepAlive: output.append("Connection: keep-alive\r\n")
        case .webSocket, .unnamed: break
        }
    }

    /// Content fields, the empty line, and the body unless the request was HEAD.
    static func appendContent(
        type: StaticString,
        _ body: Span<UInt8>,
        isHead: Bool,
        to output: inout Buffer
    ) {
        output.append("Content-Type: ")
        output.append(type)
        output.append("\r\nContent-Length: ")
        output.append(decimal: UInt64(body.count))
        output.append("\r\n\r\n")
        if !isHead { output.append(body) }
    }

    static func append(name: StaticString, _ value: Span<UInt8>, to output: inout Buffer) {
        output.append(name)
        output.append(": ")
        output.append(value)
        output.append("\r\n")
    }
}

extension Failure {
    /// The body's media type.
    var contentType: StaticString {
        switch body {
        case .message, .claims: "application/json; charset=utf-8"
        case .problem: "application/problem+json"
        }
    }

    /// The body: the SDKs' own, or a problem (RFC 9457) whose `reason` is the code of
    /// `sallyport-reason`.
    func content() -> [UInt8] {
        var bytes: [UInt8] = []
        switch body {
        case .message(let message):
            bytes.append(text: "{\"message\":\"")
            bytes.append(text: message)
            bytes.append(text: "\"}")
        case .claims(let content):
            bytes = content
        case .problem:
            bytes.append(text: "{\"type\":\"about:blank\",\"title\":\"")
            bytes.append(text: Status.reasonPhrase(status))
            bytes.append(text: "\",\"status\":")
            bytes.append(contentsOf: String(status).utf8)
            if let detail = told {
                bytes.append(text: ",\"detail\":\"")
                bytes.append(text: detail)
                bytes.append(text: "\"")
            }
            bytes.append(text: ",\"reason\":\"")
            bytes.append(text: reason.code)
            bytes.append(text: "\"}")
        }
        return bytes
    }
}

extension [UInt8] {
    mutating func append(text: StaticString) {
        append(contentsOf: text.description.utf8)
    }
}

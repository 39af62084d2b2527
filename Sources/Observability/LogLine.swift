import Bytes
import EventLoop
import HTTPCore

/// One line of the access log: a JSON object (RFC 8259) and a line feed.
///
/// Names come with what stands around them, `,"status":`, so that each is one append.
enum LogLine {
    /// Bytes of a path that are logged; of the other texts `textBytes`.
    static let pathBytes = 4096
    static let textBytes = 256
    /// Bytes of the longest line: every byte of the eight texts escaped in six, and the rest.
    static let maximumBytes = 6 * (pathBytes + 7 * textBytes) + 1024

    static func append(
        _ name: StaticString,
        _ text: Span<UInt8>,
        maximum: Int = textBytes,
        to line: inout Buffer
    ) {
        line.append(name)
        JSONText.append(text, maximum: maximum, to: &line)
    }

    /// Appends a text of ours, which needs no escape; an empty one is `null`.
    static func append(_ name: StaticString, literal: StaticString, to line: inout Buffer) {
        line.append(name)
        guard literal.utf8CodeUnitCount > 0 else {
            line.append("null")
            return
        }
        line.append(UInt8(ascii: "\""))
        line.append(literal)
        line.append(UInt8(ascii: "\""))
    }

    static func append(_ name: StaticString, number: UInt64, to line: inout Buffer) {
        line.append(name)
        line.append(decimal: number)
    }

    /// Appends milliseconds with three decimals; nil is `null`.
    static func append(_ name: StaticString, duration: Duration?, to line: inout Buffer) {
        line.append(name)
        guard let duration else {
            line.append("null")
            return
        }
        let microseconds = Histogram.microseconds(duration)
        line.append(decimal: microseconds / 1000)
        let rest = microseconds % 1000
        var fraction = InlineArray<4, UInt8>(repeating: UInt8(ascii: "."))
        fraction[1] = 0x30 + UInt8(truncatingIfNeeded: rest / 100)
        fraction[2] = 0x30 + UInt8(truncatingIfNeeded: rest / 10 % 10)
        fraction[3] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
        line.append(fraction.span)
    }

    static func append(_ name: StaticString, time: Int64, to line: inout Buffer) {
        line.append(name)
        line.append(UInt8(ascii: "\""))
        Timestamp.append(millisecondsSinceEpoch: time, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    static func append(_ name: StaticString, address: SocketAddress, to line: inout Buffer) {
        line.append(name)
        line.append(UInt8(ascii: "\""))
        address.appendHost(to: &line)
        line.append(UInt8(ascii: "\""))
    }

    static func append(_ name: StaticString, version: HTTPVersion, to line: inout Buffer) {
        switch version {
        case .http10: append(name, literal: "HTTP/1.0", to: &line)
        case .http11: append(name, literal: "HTTP/1.1", to: &line)
        case .http2: append(name, literal: "HTTP/2", to: &line)
        }
    }
}

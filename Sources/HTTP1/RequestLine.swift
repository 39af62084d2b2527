import Bytes
import HTTPCore

/// A request line (RFC 9112 §3): `method SP request-target SP HTTP-version`.
struct RequestLine {
    var method: ByteRange
    var target: ByteRange
    var version: HTTPVersion

    /// - Parameters:
    ///   - bytes: the head the line lies in.
    ///   - line: the line without its CRLF; not empty.
    ///   - maximumTarget: bytes the target may have.
    /// - Throws: the rule that the line breaks.
    init(_ bytes: Span<UInt8>, line: Range<Int>, maximumTarget: Int) throws(HTTP1Failure) {
        let end = line.upperBound
        let methodEnd = bytes.scanToken(from: line.lowerBound, to: end)
        guard methodEnd < end else { throw .missingVersion }
        guard bytes[methodEnd] == 0x20, methodEnd > line.lowerBound else {
            throw Self.failure(at: bytes[methodEnd], else: .invalidMethod)
        }
        let targetStart = methodEnd &+ 1
        let targetEnd = bytes.scanVisible(from: targetStart, to: end)
        guard targetEnd < end else {
            throw targetEnd &- targetStart > maximumTarget ? .targetTooLong : .missingVersion
        }
        guard bytes[targetEnd] == 0x20, targetEnd > targetStart else {
            throw Self.failure(at: bytes[targetEnd], else: .invalidTarget)
        }
        guard targetEnd &- targetStart <= maximumTarget else { throw .targetTooLong }
        method = ByteRange(line.lowerBound..<methodEnd)
        target = ByteRange(targetStart..<targetEnd)
        version = try Self.version(bytes, from: targetEnd &+ 1, to: end)
    }

    private static func version(
        _ bytes: Span<UInt8>,
        from start: Int,
        to end: Int
    ) throws(HTTP1Failure) -> HTTPVersion {
        if let version = HTTPVersion(bytes, from: start, to: end) { return version }
        let odd = bytes.scanVisible(from: start, to: end)
        guard odd == end else { throw failure(at: bytes[odd], else: .malformedVersion) }
        guard end > start else { throw .missingVersion }
        let text = bytes.extracting(start..<end)
        guard text.count == 8, text.extracting(first: 5).equals("HTTP/"), text[5].isDigit,
            text[6] == 0x2E, text[7].isDigit
        else { throw .malformedVersion }
        throw text[5] > 0x31 ? .unsupportedMajorVersion : .unsupportedVersion
    }

    private static func failure(at byte: UInt8, else other: HTTP1Failure) -> HTTP1Failure {
        switch byte {
        case 0x20, 0x09: .requestLineWhitespace
        case 0x0D: .bareCarriageReturn
        default: other
        }
    }
}

extension HTTPVersion {
    /// `HTTP/1.0` or `HTTP/1.1`, in exactly these bytes; nil for anything else.
    init?(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
        guard end &- start == 8 else { return nil }
        let text = bytes.extracting(start..<end)
        if text.equals("HTTP/1.1") {
            self = .http11
        } else if text.equals("HTTP/1.0") {
            self = .http10
        } else {
            return nil
        }
    }
}

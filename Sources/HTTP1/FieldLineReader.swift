import Bytes
import HTTPCore

extension FieldLine {
    /// Reads one field line (RFC 9112 §5).
    ///
    /// - Parameters:
    ///   - bytes: the section the line lies in.
    ///   - line: the line without its CRLF; not empty.
    /// - Throws: the rule that the line breaks.
    init(_ bytes: Span<UInt8>, line: Range<Int>) throws(HTTP1Failure) {
        let colon = bytes.scanToken(from: line.lowerBound, to: line.upperBound)
        guard colon < line.upperBound else { throw .missingColon }
        guard bytes[colon] == 0x3A, colon > line.lowerBound else {
            throw Self.nameFailure(bytes, line: line, at: colon)
        }
        var start = colon &+ 1
        var end = line.upperBound
        while start < end, bytes[start].isWhitespace { start &+= 1 }
        while end > start, bytes[end &- 1].isWhitespace { end &-= 1 }
        let odd = bytes.scanFieldValue(from: start, to: end)
        guard odd == end else {
            throw bytes[odd] == 0x0D ? .bareCarriageReturn : .invalidFieldValue
        }
        let name = ByteRange(line.lowerBound..<colon)
        let meaning = FieldName.lookup(bytes.bytes(name))
        self.init(
            name: name,
            value: ByteRange(start..<end),
            id: meaning.id,
            isAlias: meaning.isAlias
        )
    }

    /// What is wrong with a name that ends at `odd` and not at a colon after at least one byte.
    private static func nameFailure(
        _ bytes: Span<UInt8>,
        line: Range<Int>,
        at odd: Int
    ) -> HTTP1Failure {
        let isFirst = odd == line.lowerBound
        switch bytes[odd] {
        case 0x3A: return .emptyFieldName
        case 0x20, 0x09: return isFirst ? .obsoleteLineFolding : .whitespaceBeforeColon
        case 0x0D: return .bareCarriageReturn
        default: return .invalidFieldName
        }
    }
}

extension UInt8 {
    /// SP or HTAB (RFC 9110 §5.6.3).
    var isWhitespace: Bool { self == 0x20 || self == 0x09 }
}

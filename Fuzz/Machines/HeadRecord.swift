import Bytes
import HTTP1
import HTTPCore

/// What a parser made of a head, of either direction.
struct HeadRecord: Equatable {
    /// Method and target, or the reason phrase.
    var startLine: [ByteRange]
    var status: UInt16 = 0
    var version: HTTPVersion
    var fields: [FieldLine]
    var framing: ContentFraming
    var keepsAlive: Bool
    var expectsContinue = false
    var byteCount: Int

    /// Names and values, for heads whose bytes differ.
    func texts(in bytes: [UInt8]) -> [[UInt8]] {
        (startLine + fields.flatMap { [$0.name, $0.value] }).map { Array(bytes[$0.indices]) }
    }
}

/// What became of a head.
enum HeadOutcome: Equatable {
    case head(HeadRecord)
    case incomplete
    case failed(HTTP1Failure)
}

extension HeadRecord {
    /// The rules that hold for whatever head was accepted (RFC 9112 §2.2, §5).
    func check(in bytes: [UInt8], limits: Limits) throws(BrokenRule) {
        try require(byteCount > 3 && byteCount <= bytes.count, "a head lies in its bytes")
        try require(byteCount <= limits.requestHead, "a head keeps its limit")
        try require(fields.count <= limits.requestFields, "fields keep their limit")
        let head = bytes[..<byteCount]
        try require(head.suffix(4) == [0x0D, 0x0A, 0x0D, 0x0A], "an empty line ends a head")
        for index in head.indices {
            if head[index] == 0x0A {
                try require(index > 0 && head[index - 1] == 0x0D, "no bare line feed")
            } else if head[index] == 0x0D {
                try require(head[index + 1] == 0x0A, "no bare carriage return")
            }
        }
        try checkFields(in: bytes)
        try checkFraming(in: bytes)
    }

    /// Each line is `name:value` with blanks around the value, and one follows the other.
    private func checkFields(in bytes: [UInt8]) throws(BrokenRule) {
        var position = startLine.map { Int($0.end) }.max() ?? 0
        if let feed = bytes[position...].firstIndex(of: 0x0A) { position = feed + 1 }
        for field in fields {
            let (name, value) = (field.name.indices, field.value.indices)
            try require(name.lowerBound == position && !name.isEmpty, "a line begins with a name")
            try require(bytes[name].allSatisfy(Self.isToken), "a name is a token")
            try require(bytes[name.upperBound] == 0x3A, "a colon follows a name")
            try require(value.lowerBound > name.upperBound, "a value follows its name")
            let before = bytes[(name.upperBound + 1)..<value.lowerBound]
            try require(before.allSatisfy(Octets.isBlank), "nothing is lost before a value")
            try require(Octets.trimmed(bytes[value]) == Array(bytes[value]), "a value is trimmed")
            try require(bytes[value].allSatisfy(Self.isContent), "a value has no control byte")
            let rest = bytes[value.upperBound...].prefix { Octets.isBlank($0) }
            position = rest.endIndex + 2
            try require(bytes[rest.endIndex] == 0x0D, "a line ends behind its value")
        }
        try require(position + 2 == byteCount, "no line is lost")
    }

    /// Two readers cannot find different ends (RFC 9112 §6).
    private func checkFraming(in bytes: [UInt8]) throws(BrokenRule) {
        let lengths = values(of: "content-length", in: bytes)
        let codings = values(of: "transfer-encoding", in: bytes)
        try require(lengths.isEmpty || codings.isEmpty, "one framing")
        switch framing {
        case .chunked:
            try require(codings.count == 1, "one coding")
            try require(Octets.matches(codings[0], "chunked"), "chunked alone")
            try require(version == .http11, "no coding before HTTP/1.1")
        case .length(let length):
            let numbers = Set(lengths.map { UInt64(String(decoding: $0, as: UTF8.self)) })
            try require(numbers == [length], "the length that was sent")
        case .none, .untilClose:
            break
        }
    }

    func values(of name: String, in bytes: [UInt8]) -> [[UInt8]] {
        fields.filter { Octets.matches(bytes[$0.name.indices], name) }
            .map { Array(bytes[$0.value.indices]) }
    }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func isContent(_ byte: UInt8) -> Bool {
        byte == 0x09 || (byte >= 0x20 && byte != 0x7F)
    }
}

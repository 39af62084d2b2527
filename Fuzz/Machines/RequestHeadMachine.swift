import Bytes
import HTTP1
import HTTPCore

/// Requests: read alike in any pieces, and what is accepted has one reading.
enum RequestHeadMachine {
    /// So small that every limit is met.
    static var smallLimits: Limits {
        var limits = Limits()
        limits.requestHead = 140
        limits.requestFields = 5
        limits.requestTarget = 24
        return limits
    }

    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        for limits in [Limits(), smallLimits] {
            let whole = read(input, Pieces.whole(input), limits)
            for ends in Pieces.ways(input) {
                try require(read(input, ends, limits) == whole, "pieces do not matter")
            }
            guard case .head(let record) = whole else { continue }
            try check(record, input, limits)
        }
    }

    static func read(_ bytes: [UInt8], _ ends: [Int], _ limits: Limits = Limits()) -> HeadOutcome {
        var parser = RequestParser()
        var head = RequestHead()
        do throws(HTTP1Failure) {
            for end in ends {
                let piece = bytes.span.extracting(first: end)
                guard try parser.parse(piece, limits: limits, into: &head) else { continue }
                return .head(HeadRecord(head))
            }
            return .incomplete
        } catch {
            return .failed(error)
        }
    }

    private static func check(
        _ record: HeadRecord,
        _ input: [UInt8],
        _ limits: Limits
    ) throws(BrokenRule) {
        try record.check(in: input, limits: limits)
        try require(record.startLine[1].count <= limits.requestTarget, "a target keeps its limit")
        let hosts = record.values(of: "host", in: input).count
        try require(hosts == 1 || (hosts == 0 && record.version == .http10), "one Host")
        for field in record.fields {
            let name = input[field.name.indices]
            let folded = Octets.folded(name)
            guard folded != Octets.lowercased(name) else { continue }
            let isFraming = ["content-length", "transfer-encoding"].contains {
                folded.elementsEqual($0.utf8)
            }
            try require(!isFraming, "no name that folds to a framing field")
        }
        if record.framing == .none {
            let framed = ["content-length", "transfer-encoding"].flatMap {
                record.values(of: $0, in: input)
            }
            try require(framed.isEmpty, "framing that was sent counts")
        }
        let head = Array(input[..<record.byteCount])
        try require(read(head, [head.count], limits) == .head(record), "what follows is not read")
        let cut = Array(head.dropLast())
        try require(read(cut, [cut.count], limits) == .incomplete, "a cut head is none")
        try checkWritten(record, input)
    }

    /// The same head written anew is read as the same.
    private static func checkWritten(
        _ record: HeadRecord,
        _ input: [UInt8]
    ) throws(BrokenRule) {
        let texts = record.texts(in: input)
        let version = record.version == .http11 ? "HTTP/1.1" : "HTTP/1.0"
        var written = texts[0] + [0x20] + texts[1] + [0x20] + Array(version.utf8) + Octets.lineEnd
        for index in stride(from: 2, to: texts.count, by: 2) {
            written += texts[index] + [0x3A, 0x20] + texts[index + 1] + Octets.lineEnd
        }
        written += Octets.lineEnd
        var limits = Limits()
        limits.requestHead *= 2
        guard case .head(let again) = read(written, [written.count], limits) else {
            throw BrokenRule(what: "a head written anew is a head")
        }
        try require(again.texts(in: written) == texts, "a head written anew says the same")
        try require(again.framing == record.framing, "a head written anew ends alike")
        try require(again.keepsAlive == record.keepsAlive, "a head written anew persists alike")
    }
}

extension HeadRecord {
    init(_ head: RequestHead) {
        startLine = [head.methodName, head.target]
        version = head.version
        fields = head.fields
        framing = head.framing
        keepsAlive = head.keepsAlive
        expectsContinue = head.expectsContinue
        byteCount = head.byteCount
    }
}

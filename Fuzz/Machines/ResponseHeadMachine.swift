import Bytes
import HTTP1
import HTTPCore

/// Answers: read alike in any pieces, and what is accepted has one reading.
enum ResponseHeadMachine {
    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        for method in [Method.get, .head] {
            for limits in [Limits(), RequestHeadMachine.smallLimits] {
                let whole = read(input, Pieces.whole(input), method, limits)
                for ends in Pieces.ways(input) {
                    let pieces = read(input, ends, method, limits)
                    try require(pieces == whole, "pieces do not matter")
                }
                guard case .head(let record) = whole else { continue }
                try check(record, input, method, limits)
            }
        }
    }

    static func read(
        _ bytes: [UInt8],
        _ ends: [Int],
        _ method: Method,
        _ limits: Limits = Limits()
    ) -> HeadOutcome {
        var parser = ResponseParser()
        var head = ResponseHead()
        do throws(HTTP1Failure) {
            for end in ends {
                let piece = bytes.span.extracting(first: end)
                let isComplete = try parser.parse(
                    piece,
                    limits: limits,
                    requestMethod: method,
                    into: &head
                )
                if isComplete { return .head(HeadRecord(head)) }
            }
            return .incomplete
        } catch {
            return .failed(error)
        }
    }

    private static func check(
        _ record: HeadRecord,
        _ input: [UInt8],
        _ method: Method,
        _ limits: Limits
    ) throws(BrokenRule) {
        try record.check(in: input, limits: limits)
        try require(record.status >= 100 && record.status <= 999, "a status has three digits")
        try require(record.status != 101, "no switch that was not asked for")
        let hasNone = record.status < 200 || [204, 304].contains(record.status) || method == .head
        if hasNone { try require(record.framing == .none, "no content where none can be") }
        if record.framing == .untilClose {
            try require(!record.keepsAlive, "content up to the end is the last")
        }
        let head = Array(input[..<record.byteCount])
        let again = read(head, [head.count], method, limits)
        try require(again == .head(record), "what follows is not read")
        let cut = Array(head.dropLast())
        try require(read(cut, [cut.count], method, limits) == .incomplete, "a cut head is none")
    }
}

extension HeadRecord {
    init(_ head: ResponseHead) {
        startLine = [head.reason]
        status = head.status
        version = head.version
        fields = head.fields
        framing = head.framing
        keepsAlive = head.keepsAlive
        byteCount = head.byteCount
    }
}

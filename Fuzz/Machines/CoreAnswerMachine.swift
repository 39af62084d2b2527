import Bytes
import Connections
import HTTP1
import HTTPCore
import Sessions

/// What cores answer, from the first byte of the head on: read alike in any pieces, taken for no
/// more than it says, and a token out of it is delivered only where it is one.
enum CoreAnswerMachine {
    /// An answer as it was read from a connection.
    enum Outcome: Equatable {
        case answer(status: UInt16, content: [UInt8], end: Int)
        case incomplete, failed
    }

    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        let whole = read(input, Pieces.whole(input))
        for ends in Pieces.ways(input) + Pieces.pairs(input) {
            try require(read(input, ends) == whole, "pieces do not matter")
        }
        guard case .answer(let status, let content, let end) = whole else { return }
        try require(end <= input.count, "no more is read than came")
        try require(content.count <= CallClient.contentMaximum, "an answer keeps its limit")
        try CoreOracle.askVersion(status, content)
        var used: [CoreAnswer] = []
        for version in ["2.9", "2.21"] {
            for question in CoreOracle.questions {
                let answer = try CoreOracle.ask(question, version, status, content)
                guard case .verify = question, !used.contains(answer) else { continue }
                used.append(answer)
                try CorePromotion.use(answer)
            }
        }
    }

    /// As a connection that carries calls does it.
    private static func read(_ bytes: [UInt8], _ ends: [Int]) -> Outcome {
        var answer = CallAnswer()
        var start = 0
        func outcome() -> Outcome {
            .answer(status: answer.head.status, content: answer.content, end: start)
        }
        do throws(HTTP1Failure) {
            for end in ends {
                let piece = bytes.span.extracting(start..<max(start, end))
                let (isComplete, consumed) = try answer.read(piece, to: .post, limits: Limits())
                start += consumed
                if isComplete { return outcome() }
            }
            try answer.end()
            return outcome()
        } catch {
            return error == .incompleteContent ? .incomplete : .failed
        }
    }
}

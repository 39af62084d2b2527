import Bytes
import HTTP1
import HTTPCore

/// Messages one after the other on one connection.
enum MessageStream {
    struct Message {
        var head: HeadRecord
        var method: Method
        /// The head's bytes.
        var bytes: [UInt8]
    }

    /// Wider than the worker's: what it adds is not counted against its peer's limits.
    static var limits: Limits {
        var limits = Limits()
        limits.requestHead *= 2
        limits.requestFields *= 2
        limits.requestTarget *= 2
        return limits
    }

    /// The requests whose heads are whole, and whether another begins or what follows is none.
    /// With `isComplete` it has to be requests and nothing else.
    static func requests(
        _ bytes: [UInt8],
        isComplete: Bool
    ) throws(BrokenRule) -> (messages: [Message], hasRest: Bool) {
        var messages: [Message] = []
        var rest = bytes
        while !rest.isEmpty {
            let outcome = RequestHeadMachine.read(rest, [rest.count], limits)
            guard case .head(let head) = outcome else {
                try require(!isComplete || outcome == .incomplete, "what goes on is a request")
                return (messages, true)
            }
            let own = Array(rest[..<head.byteCount])
            let method = Method.lookup(own.span.bytes(head.startLine[0]))
            messages.append(Message(head: head, method: method, bytes: own))
            let content = end(of: head.framing, Array(rest[head.byteCount...]))
            try require(!isComplete || content != .broken, "what goes on is content")
            guard case .whole(let count) = content else { return (messages, content == .broken) }
            rest = Array(rest[(head.byteCount + count)...])
        }
        return (messages, false)
    }

    /// The answers to requests of these methods; all has to be answers, the last may be cut.
    static func responses(
        _ bytes: [UInt8],
        to methods: ArraySlice<Method>
    ) throws(BrokenRule) -> [Message] {
        var answers: [Message] = []
        var methods = methods
        var rest = bytes
        while !rest.isEmpty {
            let method = methods.first ?? .other
            let outcome = ResponseHeadMachine.read(rest, [rest.count], method, limits)
            guard case .head(let head) = outcome else {
                try require(outcome == .incomplete, "what comes back is an answer")
                return answers
            }
            let own = Array(rest[..<head.byteCount])
            answers.append(Message(head: head, method: method, bytes: own))
            if head.status >= 200 { methods = methods.dropFirst() }
            let content = end(of: head.framing, Array(rest[head.byteCount...]))
            try require(content != .broken, "what comes back is content")
            guard case .whole(let count) = content else { return answers }
            rest = Array(rest[(head.byteCount + count)...])
        }
        return answers
    }

    private enum End: Equatable {
        case whole(Int)
        case cut, broken
    }

    private static func end(of framing: ContentFraming, _ bytes: [UInt8]) -> End {
        var decoder = ContentDecoder(framing)
        var trailers: [FieldLine] = []
        var consumed = 0
        do throws(HTTP1Failure) {
            while true {
                let rest = bytes.span.extracting(consumed...)
                switch try decoder.next(rest, trailers: &trailers) {
                case .content(_, let count), .trailers(let count): consumed += count
                case .needsMore: return .cut
                case .end(let count): return .whole(consumed + count)
                }
            }
        } catch {
            return .broken
        }
    }
}

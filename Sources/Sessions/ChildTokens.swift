internal import Bytes

/// Child tokens that one worker owns: which are at the core, who waits for them, and what was said.
///
/// A token that a refresh made names its parent until the core has seen it (protocol, section 4.4).
/// It is asked about once in the whole process; the answer holds for that very token until it
/// expires or its session ends.
public struct ChildTokens: Sendable {
    /// What to do for who asks.
    public enum Step: Sendable, Equatable {
        /// The first: the core is to be asked.
        case ask
        /// The core was asked; the answer comes.
        case wait
        case answer(CoreAnswer)
    }

    private enum State: Sendable {
        /// Workers that wait.
        case asking([Int])
        case answered(CoreAnswer, handle: [UInt8], expiry: Int64)
    }

    private var states: [TokenKey: State] = [:]
    /// Tokens in the order of their answers, of which some may be gone.
    private var order: [TokenKey] = []
    private var bytes = 0

    /// Bytes of the tokens kept with their answers; the oldest are forgotten, and asked about anew.
    public static let maximumBytes = 16 * 1024 * 1024

    /// Nothing known.
    public init() {}

    /// Tokens that are known or being asked about.
    public var count: Int { states.count }

    /// A worker wants to know of a token whose signature it verified.
    public mutating func wanted(
        _ token: [UInt8],
        by worker: Int,
        wallMilliseconds: Int64
    ) -> Step {
        let token = TokenKey(token)
        switch states[token] {
        case .asking(var workers):
            if !workers.contains(worker) { workers.append(worker) }
            states[token] = .asking(workers)
            return .wait
        case .answered(let answer, _, let expiry) where wallMilliseconds < expiry:
            return .answer(answer)
        case .answered, nil:
            forget(token)
            states[token] = .asking([worker])
            return .ask
        }
    }

    /// The core answered, or could not. Only what it said in favour of the token is kept.
    ///
    /// - Returns: the workers that wait.
    public mutating func answered(
        _ token: [UInt8],
        _ answer: CoreAnswer,
        handle: [UInt8],
        expiry: Int64
    ) -> [Int] {
        let token = TokenKey(token)
        guard case .asking(let workers)? = states.removeValue(forKey: token) else { return [] }
        if case .verified(let newToken) = answer {
            states[token] = .answered(answer, handle: handle, expiry: expiry)
            order.append(token)
            bytes += Self.cost(token, newToken)
            forgetOldest()
        }
        return workers
    }

    /// A session ended: nothing said of its tokens holds any more.
    public mutating func drop(handle: [UInt8]) {
        for (token, state) in states {
            guard case .answered(_, handle, _) = state else { continue }
            forget(token)
        }
    }

    private mutating func forgetOldest() {
        var gone = 0
        while bytes > Self.maximumBytes, gone < order.count {
            forget(order[gone])
            gone += 1
        }
        // What was dropped or asked anew stands in the order still, once each.
        if gone == 0, order.count > 2 * max(states.count, 64) {
            order.removeAll { states[$0] == nil }
        }
        order.removeFirst(gone)
    }

    private mutating func forget(_ token: TokenKey) {
        guard case .answered(.verified(let newToken), _, _)? = states[token] else { return }
        bytes -= Self.cost(token, newToken)
        states[token] = nil
    }

    private static func cost(_ token: TokenKey, _ newToken: [UInt8]?) -> Int {
        token.bytes.count + (newToken?.count ?? 0) + 256
    }
}

import Sessions
import Testing

@Suite struct ChildTokenTests {
    private let token: [UInt8] = [1, 2, 3]
    private let handle: [UInt8] = [9]
    private let promoted = CoreAnswer.verified(newToken: [4])

    @Test func oneQuestionForAllWhoAsk() {
        var tokens = ChildTokens()
        #expect(tokens.wanted(token, by: 0, wallMilliseconds: 0) == .ask)
        #expect(tokens.wanted(token, by: 1, wallMilliseconds: 0) == .wait)
        #expect(tokens.wanted(token, by: 1, wallMilliseconds: 0) == .wait)
        #expect(tokens.answered(token, promoted, handle: handle, expiry: 100) == [0, 1])
        #expect(tokens.wanted(token, by: 2, wallMilliseconds: 99) == .answer(promoted))
        #expect(tokens.wanted(token, by: 2, wallMilliseconds: 100) == .ask)
    }

    @Test(arguments: [
        CoreAnswer.ended, .tryRefresh, .unreachable(.unreachable),
    ])
    func onlyWhatSpeaksForATokenIsKept(_ answer: CoreAnswer) {
        var tokens = ChildTokens()
        _ = tokens.wanted(token, by: 0, wallMilliseconds: 0)
        #expect(tokens.answered(token, answer, handle: handle, expiry: 100) == [0])
        #expect(tokens.wanted(token, by: 0, wallMilliseconds: 0) == .ask)
    }

    @Test func anEndedSessionsTokensAreForgotten() {
        var tokens = ChildTokens()
        for (token, handle) in [([1], [7]), ([2], [8])] as [([UInt8], [UInt8])] {
            _ = tokens.wanted(token, by: 0, wallMilliseconds: 0)
            _ = tokens.answered(token, promoted, handle: handle, expiry: 100)
        }
        tokens.drop(handle: [7])
        #expect(tokens.wanted([1], by: 0, wallMilliseconds: 0) == .ask)
        #expect(tokens.wanted([2], by: 0, wallMilliseconds: 0) == .answer(promoted))
    }

    @Test func theOldestAreForgotten() {
        var tokens = ChildTokens()
        let large = [UInt8](repeating: 0, count: 16 * 1024)
        let fitting = ChildTokens.maximumBytes / (large.count + 258)
        for number in 0...fitting {
            let token = large + [UInt8(number & 255), UInt8(number >> 8)]
            _ = tokens.wanted(token, by: 0, wallMilliseconds: 0)
            _ = tokens.answered(token, .verified(newToken: nil), handle: handle, expiry: 100)
        }
        #expect(tokens.count == fitting)
        #expect(tokens.wanted(large + [0, 0], by: 0, wallMilliseconds: 0) == .ask)
        #expect(tokens.wanted(large + [1, 0], by: 0, wallMilliseconds: 0) != .ask)
    }
}

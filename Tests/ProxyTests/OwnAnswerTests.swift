import Bytes
import EventLoop
import HTTPCore
import Testing

@testable import Proxy

@Suite struct OwnAnswerTests {
    /// 1994-11-06T08:49:37Z, the example of RFC 9110 §5.6.7.
    private static let wall: Int64 = 784_111_777_999

    private func head(
        _ status: UInt16,
        _ reason: Reason,
        _ connection: OwnAnswer.Connection
    ) -> String {
        var date = HTTPDate()
        return written { output in
            OwnAnswer.appendHead(
                status: status,
                reason: reason,
                connection: connection,
                date: &date,
                wallMilliseconds: Self.wall,
                to: &output
            )
        }
    }

    @Test func beginsWithWhatEveryAnswerHas() {
        #expect(
            head(401, .expired, .unnamed) == """
                HTTP/1.1 401 Unauthorized\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                Cache-Control: no-store\r\nsallyport-reason: expired\r\n
                """
        )
    }

    @Test func hasNoReasonWhereAllIsWell() {
        let text = head(200, .none, .unnamed)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && !text.contains("sallyport-reason"))
    }

    @Test func tellsTheConnectionsFate() {
        #expect(head(400, .badRequest, .close).hasSuffix("\r\nConnection: close\r\n"))
        #expect(head(200, .none, .keepAlive).hasSuffix("\r\nConnection: keep-alive\r\n"))
        #expect(!head(200, .none, .unnamed).contains("Connection:"))
    }

    @Test(arguments: [(false, "{}"), (true, "")])
    func endsWithItsContentUnlessTheRequestWasHead(_ isHead: Bool, _ content: String) {
        let body = Array("{}".utf8)
        let text = written { output in
            OwnAnswer.appendContent(
                type: "application/json",
                body.span,
                isHead: isHead,
                to: &output
            )
        }
        #expect(
            text == "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n" + content
        )
    }

    @Test func writesFields() {
        let value = Array("/x".utf8)
        #expect(
            written { OwnAnswer.append(name: "Location", value.span, to: &$0) }
                == "Location: /x\r\n"
        )
    }
}

@Suite struct ConnectionBudgetTests {
    @Test func givesOutItsPlacesOnce() {
        let budget = ConnectionBudget(maximum: 2)
        #expect(budget.take() && budget.take() && !budget.take() && !budget.take())
        budget.giveBack()
        #expect(budget.take() && !budget.take())
    }

    @Test func aSmallerMaximumLetsOthersStay() {
        let budget = ConnectionBudget(maximum: 3)
        #expect(budget.take() && budget.take() && budget.take())
        budget.setMaximum(1)
        budget.giveBack()
        budget.giveBack()
        #expect(!budget.take())
        budget.giveBack()
        #expect(budget.take() && !budget.take())
        budget.setMaximum(2)
        #expect(budget.take() && !budget.take())
    }

    @Test func aMaximumOfNoneAdmitsNobody() {
        #expect(!ConnectionBudget(maximum: 0).take())
    }

    @Test func threadsNeverTakeMoreThanThereAre() throws {
        let budget = ConnectionBudget(maximum: 100)
        let taken = try Mailbox<Int>()
        let threads = try (0..<4).map { _ in
            try Thread.start(name: "taker") {
                var mine = 0
                for _ in 0..<1000 where budget.take() { mine += 1 }
                taken.post(mine)
            }
        }
        for thread in threads { thread.join() }
        var counts: [Int] = []
        taken.drain(into: &counts)
        // A refused take may hold a place for a moment, so that another is refused too.
        let total = counts.reduce(0, +)
        #expect(counts.count == 4 && total <= 100 && total > 96)
        for _ in total..<100 { #expect(budget.take()) }
        #expect(!budget.take())
    }
}

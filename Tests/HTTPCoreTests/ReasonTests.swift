import HTTPCore
import Testing

@Suite struct ReasonTests {
    @Test func everyReasonHasACodeOfItsOwn() {
        var seen = Set<String>()
        for reason in Reason.allCases where reason != .none {
            let code = reason.code.description
            #expect(!code.isEmpty && seen.insert(code).inserted)
            #expect(code.utf8.allSatisfy { $0 == 0x5F || ($0 >= 0x61 && $0 <= 0x7A) })
        }
        #expect(Reason.none.code.description.isEmpty)
    }

    @Test(arguments: [
        (Reason.noSession, "no_session"), (.notASessionToken, "not_a_session_token"),
        (.antiCSRF, "anti_csrf"), (.jwtMissing, "jwt_missing"), (.badRequest, "bad_request"),
        (.tokenNotExposed, "token_not_exposed"), (.upstreamProtocol, "upstream_protocol"),
        (.clientClosed, "client_closed"),
    ])
    func codesAreTheInterface(reason: Reason, code: String) {
        #expect(reason.code.description == code)
    }

    @Test(arguments: [
        (UInt16(100), "Continue"), (200, "OK"), (308, "Permanent Redirect"),
        (413, "Content Too Large"), (431, "Request Header Fields Too Large"),
        (502, "Bad Gateway"), (505, "HTTP Version Not Supported"), (299, ""), (499, ""), (999, ""),
        (0, ""),
    ])
    func phrases(code: UInt16, phrase: String) {
        #expect(Status.reasonPhrase(code).description == phrase)
    }
}

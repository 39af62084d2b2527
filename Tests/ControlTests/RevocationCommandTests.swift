import HTTPCore
import Testing

@testable import Control

@Suite struct RevocationCommandTests {
    private func parse(_ text: String) -> RevocationCommand? {
        try? RevocationCommand.parse(Array(text.utf8))
    }

    @Test func readsBothForms() {
        let sessions = RevocationCommand(target: .sessions(["a", "b"]))
        #expect(parse(#"{"sessionHandles":["a","b"]}"#) == sessions)
        #expect(parse(#"{"core":true,"sessionHandles":["a","b"]}"#) == sessions)
        #expect(
            parse(#"{"sessionHandles":[],"core":false}"#)
                == RevocationCommand(target: .sessions([]), tellsCore: false)
        )
        #expect(parse(#"{"userId":"é"}"#) == RevocationCommand(target: .user("é")))
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"userId":1}"#, #"{"userId":""}"#, #"{"userId":"a","core":false}"#,
        #"{"userId":"a","sessionHandles":["b"]}"#, #"{"sessionHandles":"a"}"#,
        #"{"sessionHandles":[1]}"#, #"{"sessionHandles":["a"],"core":0}"#,
        #"{"sessionHandles":["a"],"other":0}"#, #"{"sessionHandles":["a"]} x"#,
    ])
    func refusesAllElse(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test func hasLimits() {
        let most = String(repeating: "x", count: RevocationCommand.maximumNameBytes)
        #expect(parse(#"{"userId":"\#(most)"}"#) != nil)
        #expect(parse(#"{"userId":"\#(most)x"}"#) == nil)
        let handles = Array(repeating: #""a""#, count: RevocationCommand.maximumHandles)
        #expect(parse(#"{"sessionHandles":[\#(handles.joined(separator: ","))]}"#) != nil)
        let more = (handles + [#""a""#]).joined(separator: ",")
        #expect(parse(#"{"sessionHandles":[\#(more)]}"#) == nil)
    }
}

import Bytes
import HTTPCore
import Testing

@testable import Proxy

/// Where browsers without a session are sent.
@Suite struct SignInTests {
    private func location(_ page: String, _ path: String, _ query: String = "") -> String {
        SignIn.location(
            page: Array(page.utf8),
            path: Array(path.utf8).span,
            query: Array(query.utf8).span
        ).span.text
    }

    @Test func namesTheWayBack() {
        #expect(location("/auth", "/") == "/auth?redirectToPath=%2F")
        #expect(
            location("https://a.example/auth?x=1", "/o/1", "?q=a&b=c#%41")
                == "https://a.example/auth?x=1&redirectToPath=%2Fo%2F1%3Fq%3Da%26b%3Dc%23%2541"
        )
        #expect(location("/a", "/\r\n\u{e9}") == "/a?redirectToPath=%2F%0D%0A%C3%A9")
    }

    @Test func leavesOutWhatNamesAnotherHost() {
        #expect(location("/auth", "//evil.example") == "/auth")
        #expect(location("/auth", "/", "?//evil") == "/auth?redirectToPath=%2F%3F%2F%2Fevil")
    }

    @Test func leavesOutWhatIsTooLong() {
        let path = "/" + String(repeating: "a", count: SignIn.maximumReturnBytes - 3)
        #expect(location("/auth", path, "?b").hasSuffix("a%3Fb"))
        #expect(location("/auth", path, "?bc") == "/auth")
    }

    @Test func theSignInDoesNotLeadToItself() {
        for (path, isItself) in [("/auth", true), ("/auth/x", false), ("/", false)] {
            let bytes = Array(path.utf8)
            let found = SignIn.isItself("/auth?x", bytes.span)
            #expect(found == isItself)
        }
    }
}

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
        // The first slash and the question mark are three bytes each when encoded.
        let path = "/" + String(repeating: "a", count: SignIn.maximumReturnBytes - 7)
        #expect(location("/auth", path, "?b").hasSuffix("a%3Fb"))
        #expect(location("/auth", path, "?bc") == "/auth")
        let query = "?" + String(repeating: "&", count: 1400)
        #expect(location("/auth", "/", query) == "/auth")
    }

    @Test(arguments: [
        ("/auth", "", true), ("/auth", "?a", true), ("/auth/x", "", false), ("/", "?", false),
        ("/x", "?redirectToPath=%2F", true), ("/x", "?a=b&redirectToPath=", true),
        ("/x", "?xredirectToPath=%2F", false), ("/x", "?a=redirectToPath=", false),
        ("/x", "?&&", false), ("/x", "?redirectToPath", false),
    ])
    func theSignInDoesNotLeadToItself(_ path: String, _ query: String, _ isItself: Bool) {
        let (path, query) = (Array(path.utf8), Array(query.utf8))
        let found = SignIn.isItself("/auth?x", path.span, query.span)
        #expect(found == isItself)
    }
}

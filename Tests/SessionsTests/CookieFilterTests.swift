import Bytes
import Foundation
import Sessions
import Testing

@Suite struct CookieFilterTests {
    private func filtered(
        _ value: String,
        _ change: (inout SessionOptions) -> Void = { _ in }
    ) -> String {
        var options = TestTokens.options
        change(&options)
        let filter = CookieFilter(options: options)
        var buffer = Buffer(capacity: 4096)
        let bytes = Array(value.utf8)
        let count = filter.append(value: bytes.span, to: &buffer)
        let text = buffer.readable.text
        let appended = buffer.count
        #expect(count == appended)
        #expect(filter.keepsAnything(of: bytes.span) == (count > 0))
        return text
    }

    @Test(arguments: [
        "a=b", "a=b; c=d", "a=b;c=d", "a=b;  c=d ;e", "a=\"x y\"; c=%20",
        "theme=dark; sAccessTokenX=1",
        "mysAccessToken=1", "a=sAccessToken", "a=sAccessToken; b=c", "x-sAccessToken=1",
        "note=the sAccessToken cookie", "a=b;;c=d", "sAccess=1; Token=2", "a=1; a=2",
        "sAccessToken2=1", "_sAccessToken=1",
    ])
    func leavesOtherCookiesByteForByte(value: String) {
        #expect(filtered(value) == value)
    }

    @Test(arguments: [
        "sAccessToken", "sRefreshToken", "sIdRefreshToken", "sFrontToken", "sAntiCsrf",
        "sIRTFrontend",
        "st-access-token", "st-refresh-token", "st-last-access-token-update",
    ])
    func dropsEverySessionCookie(name: String) {
        #expect(filtered("\(name)=x") == "")
        #expect(filtered("a=b; \(name)=x; c=d") == "a=b; c=d")
        #expect(filtered("\(name)=x; a=b") == "a=b")
        #expect(filtered("a=b; \(name)=x") == "a=b")
        #expect(filtered("a=b;\(name)=x;c=d;\(name)=y;e=f") == "a=b;c=d;e=f")
        #expect(filtered("\(name)=") == "")
        #expect(filtered(name) == "")
    }

    @Test(arguments: [
        ("sAccessToken =x; a=b", "a=b"),
        (" sAccessToken=x; a=b", "a=b"),
        ("\tsAccessToken\t=\tx; a=b", "a=b"),
        ("\"sAccessToken\"=x; a=b", "a=b"),
        ("'sAccessToken'=x; a=b", "a=b"),
        ("SACCESSTOKEN=x; a=b", "a=b"),
        ("%73AccessToken=x; a=b", "a=b"),
        ("sAccess%54oken=x; a=b", "a=b"),
        ("sAccessToken%20=x; a=b", "a=b"),
        ("%20sAccessToken=x; a=b", "a=b"),
        ("+sAccessToken=x; a=b", "a=b"),
        ("sAccessToken[0]=x; a=b", "a=b"),
        ("st.access.token=x; a=b", "a=b"),
        ("st_access_token=x; a=b", "a=b"),
        ("=sAccessToken=x; a=b", "a=b"),
        ("c=d sAccessToken=x; a=b", "a=b"),
        ("c=d, sAccessToken=x; a=b", "a=b"),
        ("c=d,sAccessToken=x; a=b", "a=b"),
        ("c=\"d\" sAccessToken=x; a=b", "a=b"),
        ("c=\"sAccessToken=x\"; a=b", "a=b"),
        ("\u{A0}sAccessToken\u{A0}=x; a=b", "a=b"),
        ("{sAccessToken}=x; a=b", "a=b"),
        ("sAccessToken\"=x; a=b", ""),
    ])
    func dropsWhatSomeReaderWouldTakeForOne(value: String, left: String) {
        #expect(filtered(value) == left)
    }

    @Test(arguments: [
        ("c=\"x; sAccessToken=y; z\"; a=b", "c=\"x; z\"; a=b"),
        ("sAccessToken=\"x; y=z\"; a=b", "a=b"),
        ("sAccessToken=\"x; y=z; a=b", ""),
        ("a=b; sAccessToken=\"x\"; c=d", "a=b; c=d"),
    ])
    func survivesSemicolonsInQuotes(value: String, left: String) {
        #expect(filtered(value) == left)
    }

    @Test(arguments: [
        "", ";", " ; ;", "sAccessToken=x;", "; sAccessToken=x ;;", "sAccessToken=x; sFrontToken=y",
    ])
    func leavesNothingOfNothing(value: String) {
        #expect(filtered(value) == "")
    }

    @Test func usesTheConfiguredNames() {
        let left = filtered("mine=1; yours=2; sAccessToken=3; a=b") {
            $0.accessTokenCookie = "mine"
            $0.refreshTokenCookie = "yours"
        }
        #expect(left == "sAccessToken=3; a=b")
    }

    @Test func appendsNothingWhereItDoesNotFit() {
        let filter = CookieFilter(options: TestTokens.options)
        var buffer = Buffer(capacity: 4)
        let bytes = Array("abc=def".utf8)
        let count = filter.append(value: bytes.span, to: &buffer)
        #expect(count == 0)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }

    /// However a line is cut and joined, no session cookie that an exact reader finds survives.
    @Test func noMutationLeavesASessionCookie() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "sAccessToken", "st-access-token", "=", ";", " ", "\"", "a", "%73", "%", ",", "x=y",
            "[", "+", "\t",
        ]
        let filter = CookieFilter(options: TestTokens.options)
        for _ in 0..<20_000 {
            let parts = (0..<Int.random(in: 1...14, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
            let bytes = Array(parts.joined().utf8)
            var buffer = Buffer(capacity: 1024)
            let count = filter.append(value: bytes.span, to: &buffer)
            let left = buffer.readable.text
            #expect(count <= bytes.count)
            let request = TestRequest([("cookie", left)])
            #expect(request.credentials().cookieCount == 0, "\(parts.joined()) -> \(left)")
            let other = request.credentials(cookieName: "st-access-token")
            #expect(other.cookieCount == 0, "\(parts.joined()) -> \(left)")
            var again = Buffer(capacity: 1024)
            _ = filter.append(value: Array(left.utf8).span, to: &again)
            let second = again.readable.text
            #expect(second.trimmed == left.trimmed)
        }
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}

import Bytes
import HTTPCore
import Sessions
import Testing

@Suite struct CredentialsTests {
    @Test func findsNothingInAnEmptyHead() {
        #expect(TestRequest([]).credentials() == Credentials())
    }

    @Test(arguments: [
        ("Bearer abc", "abc"),
        ("Bearer   abc", "abc"),
        ("Bearer \t abc", "abc"),
        ("Bearer a b", "a b"),
    ])
    func takesWhatFollowsTheScheme(value: String, bearer: String) {
        let request = TestRequest([("Authorization", value)])
        let found = request.credentials()
        #expect(request.text(found.bearer) == bearer)
        #expect(found.authorizationCount == 1)
    }

    @Test(arguments: [
        "bearer abc", "BEARER abc", "Bearer", "Bearer ", "Bearer\tabc", "Basic abc", "Bearerabc",
        "",
    ])
    func takesNoOtherScheme(value: String) {
        let request = TestRequest([("authorization", value)])
        #expect(request.credentials().bearer == nil)
    }

    @Test func takesNoneOfTwoAuthorizationLines() {
        let lines = [("authorization", "Bearer abc"), ("authorization", "Bearer abc")]
        let found = TestRequest(lines).credentials()
        #expect(found.bearer == nil)
        #expect(found.authorizationCount == 2)
    }

    @Test func ignoresNamesThatMerelyFold() {
        let request = TestRequest([("Coo_kie", "sAccessToken=a"), ("authorization", "Basic x")])
        #expect(request.credentials().cookieCount == 0)
    }

    @Test(arguments: [
        ("sAccessToken=abc", "abc", 1),
        ("a=b; sAccessToken=abc; c=d", "abc", 1),
        ("a=b;sAccessToken=abc;c=d", "abc", 1),
        ("a=b;  sAccessToken \t=  abc \t;c=d", "abc", 1),
        ("sAccessToken=\"abc\"", "\"abc\"", 1),
        ("sAccessToken=a=b==", "a=b==", 1),
        ("sAccessToken=a%3Db", "a%3Db", 1),
        ("sAccessToken=", "", 1),
        ("sAccessToken=one; sAccessToken=two", "one", 2),
        (";;sAccessToken=abc;;", "abc", 1),
    ])
    func findsTheCookie(value: String, cookie: String, count: Int) {
        let request = TestRequest([("host", "x"), ("cookie", value)])
        let found = request.credentials()
        #expect(request.text(found.cookie) == cookie)
        #expect(found.cookieCount == count)
    }

    @Test(arguments: [
        "saccesstoken=abc", "SACCESSTOKEN=abc", "sAccessTokenX=abc", "xsAccessToken=abc",
        "sAccessToken", "st-access-token=abc", "\"sAccessToken\"=abc", "", ";", "=",
        "=sAccessToken",
    ])
    func takesNoOtherCookie(value: String) {
        #expect(TestRequest([("cookie", value)]).credentials().cookieCount == 0)
    }

    @Test func countsCookiesOverAllLines() {
        let lines = [
            ("cookie", "sAccessToken=one; a=b"), ("x", "y"), ("cookie", "sAccessToken=two"),
        ]
        let request = TestRequest(lines)
        let found = request.credentials()
        #expect(request.text(found.cookie) == "one")
        #expect(found.cookieCount == 2)
    }

    @Test func usesTheConfiguredName() {
        let request = TestRequest([("cookie", "sAccessToken=one; mine=two")])
        #expect(request.text(request.credentials(cookieName: "mine").cookie) == "two")
    }
}

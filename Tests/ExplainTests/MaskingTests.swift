import Testing

@testable import sallyport

/// No secret is shown, whatever its place.
@Suite struct MaskingTests {
    private static let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"

    private func shown(_ name: String, _ value: String, jwtField: String = "x-jwt") -> String {
        Masking.value(of: name, value, jwtField: jwtField)
    }

    @Test(arguments: [
        ("Authorization", "Bearer secret", "Bearer *** (6 bytes)"),
        ("AUTHORIZATION", "secret", "*** (6 bytes)"),
        ("Proxy-Authorization", "Basic c2VjcmV0", "Basic *** (8 bytes)"),
        ("X-JWT", "Bearer secret", "Bearer *** (6 bytes)"),
        ("Cookie", "a=secret; b=; c", "a=***; b=;***"), ("cookie", "secret", "***"),
        ("Cookie", "a=b=secret;d=secret", "a=***;d=***"),
        ("Set-Cookie", "a=secret; Path=/; Secure", "a=***; Path=/; Secure"),
        ("X-Api-Key", "secret", "*** (6 bytes)"), ("api_key", "secret", "*** (6 bytes)"),
        ("st-access-token", "secret", "*** (6 bytes)"), ("st-access-token", "", ""),
        ("anti-csrf", "secret", "*** (6 bytes)"), ("Anti.CSRF", "secret", "*** (6 bytes)"),
        ("front-token", "secret", "*** (6 bytes)"), ("X-Other", "plain", "plain"),
        (
            "Location", "https://a.test/l?x=1&redirectToPath=%2Fo%3Fcode%3Dsecret",
            "https://a.test/l?x=***&redirectToPath=***"
        ),
        ("Referer", "https://a.test/o?secret", "https://a.test/o?***"),
        ("Host", "app.example.com", "app.example.com"),
    ])
    func fields(_ name: String, _ value: String, _ expected: String) {
        #expect(shown(name, value) == expected)
    }

    @Test func tokensAreMaskedWhereverTheyStand() {
        #expect(shown("X-Other", Self.token) == "***")
        #expect(shown("X-Other", "a \(Self.token), \(Self.token);b") == "a ***, ***;b")
        #expect(Masking.tokens("/x/\(Self.token)") == "/x/***")
        #expect(Masking.tokens("plain") == "plain" && Masking.tokens("") == "")
    }

    @Test(arguments: [
        ("", ""), ("?", "?"), ("?a=secret", "?a=***"), ("?a=1&b=2&c", "?a=***&b=***&***"),
        ("?secret", "?***"), ("?a=", "?a="), ("?a=1&&b=2", "?a=***&&b=***"),
        ("?\(token)=1", "?***"),
    ])
    func queries(_ query: String, _ expected: String) {
        let shown = Masking.query(query)
        #expect(shown == expected && !shown.contains("eyJ"))
    }
}

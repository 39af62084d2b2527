import Testing

@testable import Proxy

@Suite struct ResponseRewriteTests {
    @Test func fieldsKeepTheirOrderAndBytes() throws {
        let response = try ParsedResponse(
            "HTTP/1.1 200 Fine  enough",
            "X-b: 2",
            "x-A:\t1 ",
            "front-token:",
            "Set-Cookie: a=b",
            "Set-Cookie: c=d",
            "Content-Length: 5",
            "Server: x"
        )
        #expect(
            response.rewritten() == """
                HTTP/1.1 200 Fine  enough\r\nX-b: 2\r\nx-A: 1\r\nfront-token: \r\n\
                Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 5\r\nServer: x\r\n\r\n
                """
        )
    }

    @Test func theStatusLineIsOfThisVersionAndMayHaveNoPhrase() throws {
        #expect(
            try ParsedResponse("HTTP/1.0 299 ").rewritten().hasPrefix("HTTP/1.1 299 \r\n")
        )
        #expect(
            try ParsedResponse("HTTP/1.1 404 Gone away").rewritten()
                .hasPrefix("HTTP/1.1 404 Gone away\r\n")
        )
    }

    /// HTTP Garden, server bug 32: some readers take a leading zero for octal.
    @Test(arguments: [("010", "10"), ("0005", "5"), ("00", "0"), ("0", "0"), ("100", "100")])
    func aLengthHasOneSpelling(_ sent: String, _ written: String) throws {
        let response = try ParsedResponse("HTTP/1.1 200 OK", "Content-Length: \(sent)")
        #expect(
            response.rewritten() == "HTTP/1.1 200 OK\r\nContent-Length: \(written)\r\n\r\n"
        )
    }

    @Test func hopByHopFieldsEndHere() throws {
        let response = try ParsedResponse(
            "HTTP/1.1 200 OK",
            "Connection: X-Hop , x-other",
            "x-hop: 1",
            "X-OTHER: 2",
            "Keep-Alive: timeout=5",
            "Transfer-Encoding: chunked",
            "TE: trailers",
            "Upgrade: h2c",
            "Proxy-Authenticate: Basic",
            "sallyport-reason: expired",
            "X-Kept: 3"
        )
        #expect(
            response.rewritten(.chunked)
                == "HTTP/1.1 200 OK\r\nX-Kept: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        #expect(response.rewritten(.untilClose) == "HTTP/1.1 200 OK\r\nX-Kept: 3\r\n\r\n")
    }

    @Test func connectionCannotRemoveWhatMeansSomething() throws {
        let text = try ParsedResponse(
            "HTTP/1.1 200 OK",
            "Connection: close, set-cookie, content-length, cache-control",
            "Set-Cookie: a=b",
            "Content-Length: 0",
            "Cache-Control: no-store"
        ).rewritten()
        #expect(text.contains("Set-Cookie: a=b") && text.contains("Content-Length: 0"))
        #expect(text.contains("Cache-Control: no-store") && !text.contains("close"))
    }

    @Test func oneLengthAtMost() throws {
        let twice = try ParsedResponse(
            "HTTP/1.1 200 OK",
            "Content-Length: 5",
            "X: 1",
            "content-length: 5"
        ).rewritten()
        #expect(twice == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: 1\r\n\r\n")
        let none = try ParsedResponse("HTTP/1.1 204 No Content", "Content-Length: 5").rewritten()
        #expect(none == "HTTP/1.1 204 No Content\r\n\r\n")
        let early = try ParsedResponse("HTTP/1.1 103 Early Hints", "Content-Length: 5", "Link: x")
            .rewritten(.none)
        #expect(early == "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        // What a GET would have got (RFC 9110 §15.4.5).
        let unchanged = try ParsedResponse("HTTP/1.1 304 Not Modified", "Content-Length: 5")
        #expect(unchanged.rewritten(.none).contains("Content-Length: 5"))
    }

    @Test func tellsTheConnectionsFate() throws {
        let response = try ParsedResponse("HTTP/1.1 200 OK", "Connection: keep-alive")
        #expect(response.rewritten(.length, .close).hasSuffix("\r\nConnection: close\r\n\r\n"))
        #expect(
            response.rewritten(.length, .keepAlive).hasSuffix("\r\nConnection: keep-alive\r\n\r\n")
        )
        #expect(response.rewritten() == "HTTP/1.1 200 OK\r\n\r\n")
    }

    @Test(arguments: [
        ("max-age=60", true), ("no-cache", true), ("", true), ("privately", true),
        ("x=private", true), ("stale-while-revalidate=1, max-age=0", true),
        ("private", false), ("Private", false), ("private=\"x\"", false), ("no-store", false),
        ("PUBLIC, max-age=60", false), ("max-age=60, s-maxage=10", false),
        ("max-age=60,\tmust-revalidate ", false), ("must-revalidate", false),
    ])
    func cachesAreToldUnlessTheUpstreamSpoke(_ value: String, _ isAdded: Bool) throws {
        let response = try ParsedResponse("HTTP/1.1 200 OK", "Cache-Control: \(value)", "X: 1")
        let end = "X: 1\r\nCache-Control: private\r\n\r\n"
        #expect(response.rewritten(isPrivate: true).hasSuffix(end) == isAdded)
        #expect(response.rewritten().hasSuffix("X: 1\r\n\r\n"))
    }

    @Test func cachesAreToldWhereThereIsNoRuleAtAll() throws {
        let response = try ParsedResponse("HTTP/1.1 200 OK", "X: 1")
        #expect(response.rewritten(isPrivate: true).hasSuffix("Cache-Control: private\r\n\r\n"))
        #expect(!response.rewritten().contains("Cache-Control"))
    }

    @Test func anyOfSeveralRulesCounts() throws {
        let response = try ParsedResponse(
            "HTTP/1.1 200 OK",
            "Cache-Control: max-age=1",
            "cache-control: public"
        )
        #expect(!response.rewritten(isPrivate: true).contains("private"))
    }
}

import Bytes
import Connections
import EventLoop
import HTTPCore
import Testing

@testable import sallyport

/// The bytes that the arguments stand for, and the listener they lead to.
@Suite struct ExplainRequestTests {
    private func text(
        _ url: String,
        method: String = "GET",
        fields: [String] = [],
        cookies: String? = nil
    ) throws -> String {
        let request = try ExplainRequest(
            method: method,
            url: url,
            fields: fields,
            cookies: cookies
        )
        return String(decoding: request.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("http://a.test", "/", "a.test"), ("HTTPS://a.test/", "/", "a.test"),
        ("http://a.test:8080/x?y=z#part", "/x?y=z", "a.test:8080"),
        ("http://a.test?y", "/?y", "a.test"), ("http://[::1]:80/%2e", "/%2e", "[::1]:80"),
        ("http://a.test//x\\y", "//x\\y", "a.test"),
    ])
    func urls(_ url: String, _ target: String, _ host: String) throws {
        #expect(try text(url) == "GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    }

    @Test func fieldsInTheirOrder() throws {
        let text = try text(
            "http://a.test/x",
            method: "POST",
            fields: ["B: 1", "host: other.test", "A:2"],
            cookies: "c=d"
        )
        #expect(
            text == "POST /x HTTP/1.1\r\nB: 1\r\nhost: other.test\r\nA:2\r\nCookie: c=d\r\n\r\n"
        )
    }

    @Test(arguments: [
        "", "a.test", "ftp://a.test/", "http://", "http:///x", "http://u@a.test/",
        "http://a.test:x/", "http://a.test:65536/", "http://a.test/a b", "http://a.test/a\r\nB: c",
    ])
    func noURLs(_ url: String) {
        #expect(throws: (any Error).self) { try text(url) }
    }

    @Test func nothingBeginsAnotherRequest() {
        for line in ["A: b\r\nC: d", "A: b\nC: d", "A: \0", "no colon"] {
            #expect(throws: (any Error).self) { try text("http://a.test/", fields: [line]) }
        }
        #expect(throws: (any Error).self) { try text("http://a.test/", cookies: "a=b\r\nC: d") }
        for method in ["", "G T", "GET\r\n"] {
            #expect(throws: (any Error).self) { try text("http://a.test/", method: method) }
        }
    }

    @Test func listenerOfPortAndSchemeElseOfScheme() throws {
        let position = SourcePosition(file: "f", line: 1, column: 1)
        let places: [(Bool, UInt16)] = [(false, 80), (true, 443), (true, 8443), (false, 8080)]
        let listeners = places.map { isEncrypted, port in
            var listener = ListenerOptions(address: .v4(0, port: port), position: position)
            listener.standsFor = .init(isEncrypted: isEncrypted, port: port)
            return listener
        }
        func listener(_ url: String) throws -> Int {
            try ExplainRequest(method: "GET", url: url, fields: [], cookies: nil)
                .listener(among: listeners)
        }
        #expect(try listener("http://a.test/") == 0 && listener("https://a.test/") == 1)
        #expect(try listener("https://a.test:8443/") == 2)
        #expect(try listener("http://a.test:8080/") == 3)
        #expect(try listener("https://a.test:8080/") == 1)
    }
}

@Suite struct FieldDifferenceTests {
    private func head(_ lines: String...) throws -> Head {
        let text = (["GET / HTTP/1.1", "Host: a"] + lines + ["", ""]).joined(separator: "\r\n")
        return try Head(Array(text.utf8), limits: Limits())
    }

    @Test func eachFieldOnce() throws {
        let client = try head("A: 1", "B: 2", "a: 3", "Cookie: x=y", "C: 4", "X_Real_IP: 5")
        let upstream = try head("b: 2", "A: 3", "C: 5", "D: 6", "A: 7")
        let lines = FieldDifference.between(client, upstream).map { one in
            "\(one.change) \(one.name) \(one.client ?? "-") \(one.upstream ?? "-")"
        }
        #expect(
            lines == [
                "kept Host a a", "changed A 1 7", "kept B 2 2", "kept a 3 3",
                "removed Cookie x=y -", "changed C 4 5", "removed X_Real_IP 5 -", "added D - 6",
            ]
        )
    }

    @Test func equalOnesBelongTogether() throws {
        let lines = FieldDifference.between(try head("A: 1", "A: 2"), try head("A: 2"))
            .map { "\($0.change) \($0.name) \($0.client ?? "-")" }
        #expect(lines == ["kept Host a", "removed A 1", "kept A 2"])
    }
}

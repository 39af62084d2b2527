import Bytes
import HTTPCore
import Testing

/// "Which request is matched": the target's forms, the path's canonical form, the query.
@Suite struct RequestTargetTests {
    @Test(arguments: [
        ("/", "/"),
        ("/orders/1", "/orders/1"),
        ("/~a-b_c.d", "/~a-b_c.d"),
        ("/a!$&'()*+,=:@b", "/a!$&'()*+,=:@b"),
        ("/a\"<>[]^`{|}", "/a\"<>[]^`{|}"),
        // Escapes of unreserved characters are decoded, in both letter cases.
        ("/%61%62%7a%7A", "/abzz"),
        ("/%41%5A%30%39", "/AZ09"),
        ("/a%2Db%2dc%5Fd%5fe%7Ef%7ef%2Eg%2eh", "/a-b-c_d_e~f~f.g.h"),
        // Other escapes are written in upper case.
        ("/%3a%c3%a9%2b", "/%3A%C3%A9%2B"),
        ("/%3A%C3%A9%2B", "/%3A%C3%A9%2B"),
        ("/a%2fb%5cc", "/a%2Fb%5Cc"),
        ("/100%25", "/100%25"),
        ("/%2541", "/%2541"),
        // The rest is as received.
        ("/A/b;c=d//e/", "/A/b;c=d//e/"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a..b/...c", "/a..b/...c"),
        ("/?/../x", "/"),
    ])
    func readsTheCanonicalPath(_ target: String, _ path: String) {
        #expect(outcome(target) == .path(path))
    }

    @Test(arguments: [
        ("/a b", TargetFailure.forbiddenPathByte),
        ("/a\tb", .forbiddenPathByte),
        ("/a\u{0}b", .forbiddenPathByte),
        ("/a\u{1F}", .forbiddenPathByte),
        ("/a\u{7F}", .forbiddenPathByte),
        ("/é", .forbiddenPathByte),
        ("/a\\b", .forbiddenPathByte),
        ("/a#b", .forbiddenPathByte),
        ("/%", .malformedEscape),
        ("/%4", .malformedEscape),
        ("/%zz", .malformedEscape),
        ("/%4g", .malformedEscape),
        ("/%4?1", .malformedEscape),
        ("/%u002e", .malformedEscape),
        ("/%00", .escapedControl),
        ("/%0a", .escapedControl),
        ("/%0D", .escapedControl),
        ("/%1f", .escapedControl),
        ("/%7F", .escapedControl),
        ("/%2500", .escapedControl),
        ("/%25250a", .escapedControl),
        ("/%c0%ae", .overlongUTF8),
        ("/%C0%AE", .overlongUTF8),
        ("/%c1%9c", .overlongUTF8),
        ("/%e0%80%af", .overlongUTF8),
        ("/%E0%9F%BF", .overlongUTF8),
        ("/%f0%80%80%af", .overlongUTF8),
        ("/%f8%80%80%80%af", .overlongUTF8),
        ("/%fc%80%80%80%80%af", .overlongUTF8),
        ("/%25c0%25ae", .overlongUTF8),
        ("/%25252541", .nestedEscapes),
        ("/a?b c", .forbiddenQueryByte),
        ("/a?\u{1}", .forbiddenQueryByte),
        ("/a?b#c", .forbiddenQueryByte),
        ("/a?é", .forbiddenQueryByte),
        ("/a?\u{7F}", .forbiddenQueryByte),
    ])
    func refuses(_ target: String, _ failure: TargetFailure) {
        #expect(outcome(target) == .refused(failure))
    }

    @Test func refusesEveryByteThatIsNotAllowed() {
        for byte in UInt8.min...UInt8.max {
            let isAllowed =
                byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\\")
                && byte != UInt8(ascii: "#")
                && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "?")
            let path = [UInt8(ascii: "/"), UInt8(ascii: "x"), byte]
            let expected =
                isAllowed ? TargetOutcome.path(String(decoding: path, as: UTF8.self)) : nil
            if let expected {
                #expect(outcome(path) == expected)
            } else if byte != UInt8(ascii: "?") {
                let refused = outcome(path)
                #expect(refused != .path("/x"), "\(byte) \(refused)")
            }
        }
    }

    @Test(arguments: [
        ("/a", ""), ("/a?", "?"), ("/a?b=%2e%2e/../&c;d", "?b=%2e%2e/../&c;d"), ("/a?b?c", "?b?c"),
        ("http://h?q", "?q"), ("http://h/p?q", "?q"), ("/%61?x", "?x"),
    ])
    func leavesTheQueryAsReceived(_ target: String, _ query: String) throws {
        let request = TargetRequest(Array(target.utf8))
        let read = try readTarget(request)
        let text = request.bytes.span.bytes(read.query).text
        #expect(text == query)
    }

    @Test(arguments: [
        "", "*", "a", "a/b", "h:80", "?x", "http:/h", "http:h/x", "//", ":", "http://",
    ])
    func refusesOtherForms(_ target: String) {
        if target == "//" {
            #expect(outcome(target) == .path("//"))
        } else {
            let result = outcome(target)
            #expect([.refused(.malformedTarget), .refused(.malformedHost)].contains(result))
        }
    }

    @Test(arguments: [
        ("http://h/x", "/x"), ("HTTP://h/x", "/x"), ("hTTps://h/x", "/x"), ("http://h", "/"),
        ("http://h?q", "/"), ("http://H:80/x", "/x"), ("https://h:443/x", "/x"), ("http://h.", "/"),
        ("http://h//x", "//x"),
    ])
    func readsAbsoluteForm(_ target: String, _ path: String) {
        #expect(outcome(target) == .path(path))
    }

    @Test(arguments: [
        ("ftp://h/x", TargetFailure.unsupportedScheme),
        ("javascript://h/x", .unsupportedScheme),
        ("http://other/x", .hostMismatch),
        ("http://h:81/x", .hostMismatch),
        ("https://h:80/x", .hostMismatch),
        ("http://u@h/x", .malformedHost),
        ("http:///x", .malformedHost),
        ("http://h#/x", .malformedHost),
        ("http://h\\x", .malformedHost),
        ("http://h:/x", .malformedPort),
        ("http://h:0/x", .malformedPort),
    ])
    func refusesAbsoluteForm(_ target: String, _ failure: TargetFailure) {
        #expect(outcome(target) == .refused(failure))
    }

    @Test func comparesHostAndTargetInCanonicalForm() throws {
        let request = TargetRequest(
            Array("http://A.example:80/".utf8),
            hosts: [Array("a.EXAMPLE.".utf8)]
        )
        let read = try readTarget(request)
        let authority = read.authority.text
        #expect(authority == "a.example:80")
    }

    @Test func needsOneHostButInVersion10() throws {
        let missing = TargetRequest(Array("/".utf8), hosts: [])
        #expect(throws: TargetFailure.missingHost) { try readTarget(missing) }
        let absolute = TargetRequest(Array("http://h/".utf8), hosts: [])
        #expect(throws: TargetFailure.missingHost) { try readTarget(absolute) }
        let twice = TargetRequest(Array("/".utf8), hosts: [Array("h".utf8), Array("h".utf8)])
        #expect(throws: TargetFailure.duplicateHost) { try readTarget(twice) }
        let empty = TargetRequest(Array("/".utf8), hosts: [[]])
        #expect(throws: TargetFailure.malformedHost) { try readTarget(empty) }
        let old = try readTarget(TargetRequest(Array("/".utf8), hosts: [], version: .http10))
        let hasHost = old.hasHost
        let count = old.host.count
        #expect(!hasHost && count == 0)
    }

    @Test(arguments: [
        "/", "/a", "/a/b-c_d~e", "/a.b", "/a?B;%2F//", "/%61",
    ])
    func knowsPathsWithOneReading(_ target: String) throws {
        let read = try readTarget(TargetRequest(Array(target.utf8)))
        let hasOneReading = read.hasOneReading
        let count = read.readings.count
        #expect(hasOneReading && count == 0)
    }

    @Test(arguments: ["/%2F", "/;", "//", "/a//b", "/.a", "/a./b", "/A", "/a/", "/a."])
    func knowsPathsWithSeveral(_ target: String) throws {
        let read = try readTarget(TargetRequest(Array(target.utf8)))
        let hasOneReading = read.hasOneReading
        #expect(!hasOneReading)
    }

    @Test func isReusedWithoutTraces() throws {
        var target = RequestTarget()
        let first = TargetRequest(
            Array("/A;b//c/?q".utf8),
            hosts: [Array("long.example:8443".utf8)]
        )
        try target.read(first.head, in: first.bytes.span)
        let second = TargetRequest(Array("/x".utf8), hosts: [], version: .http10)
        try target.read(second.head, in: second.bytes.span)
        let path = target.path.text
        let authority = target.authority.text
        let readings = target.readings.count
        let (port, query) = (target.port, target.query)
        #expect(path == "/x" && authority == "" && readings == 0 && port == nil && query.isEmpty)
    }
}

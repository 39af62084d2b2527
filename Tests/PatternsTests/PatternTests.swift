import Patterns
import Testing

@Suite struct PatternTests {
    private func result(
        _ source: String,
        _ subject: String,
        caseless: Bool = false
    ) throws -> PatternResult {
        var list = PatternList()
        let index = try list.append(source, caseless: caseless)
        let bytes = Array(subject.utf8)
        return list.match(index, bytes.span)
    }

    @Test(arguments: [
        ("/a/[0-9]+", "/a/12", true), ("/a/[0-9]+", "/a/12x", false),
        ("/a/[0-9]+", "x/a/12", false),
        // Anchored as a whole, whatever the alternatives.
        ("/a|/b", "/a", true), ("/a|/b", "/b", true), ("/a|/b", "/ax", false),
        ("/a|/b", "x/b", false),
        ("/a|/ab", "/ab", true), ("^/a$", "/a", true), ("/a$", "/a\n", false), ("", "", true),
        ("/(?<id>[a-z]+)/\\k<id>", "/ab/ab", true), ("/\\d{3}", "/123", true),
    ])
    func matchesTheWholeSubject(_ source: String, _ subject: String, _ matches: Bool) throws {
        #expect(try result(source, subject) == (matches ? .matched : .noMatch))
    }

    @Test func comparesLettersWithoutCaseWhereAsked() throws {
        #expect(try result("/GetJWT", "/getjwt") == .noMatch)
        #expect(try result("/GetJWT", "/getjwt", caseless: true) == .matched)
    }

    @Test func matchesBytesOfNoEncoding() throws {
        var list = PatternList()
        let index = try list.append("/.", caseless: true)
        let bytes: [UInt8] = [0x2F, 0xFF]
        let result = list.match(index, bytes.span)
        #expect(result == .matched)
    }

    @Test(arguments: [
        ("(a|aa|a[a-z])+/x", String(repeating: "a", count: 2000) + "!/x"),
        ("(a+)+[bc]", String(repeating: "a", count: 40)),
        ("(.*)*x", String(repeating: "y", count: 8000)),
    ])
    func stopsAtTheLimit(_ source: String, _ subject: String) throws {
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try result(source, subject) == .limitReached)
        #expect(clock.now - start < .seconds(1))
    }

    @Test func limitsCannotBeRaisedFromWithin() throws {
        let subject = String(repeating: "a", count: 40)
        #expect(try result("(*LIMIT_MATCH=4000000000)(a+)+[bc]", subject) == .limitReached)
    }

    @Test(arguments: ["(", "[a", "a{2,1}", "\\", "(*UTF)a", "(*UCP)a", "\\C", "(?<n>a)(?<n>b)"])
    func refusesSources(_ source: String) {
        #expect(throws: PatternFailure.self) {
            _ = try result(source, "")
        }
    }

    @Test func saysWhatIsWrongAndWhere() {
        let failure = #expect(throws: PatternFailure.self) {
            _ = try result("/a/[0-", "")
        }
        #expect(failure?.offset == 6 && failure?.message.contains("]") == true)
    }

    @Test func refusesASourceThatIsTooLong() {
        let source = String(repeating: "a", count: 4097)
        #expect(throws: PatternFailure.self) {
            _ = try result(source, "")
        }
    }

    @Test func keepsSeveralInOneList() throws {
        var list = PatternList()
        for source in ["/a", "/b+", "/c"] { _ = try list.append(source, caseless: false) }
        let subject = Array("/bbb".utf8)
        let first = list.match(0, subject.span)
        let second = list.match(1, subject.span)
        let third = list.match(2, subject.span)
        #expect(first == .noMatch && second == .matched && third == .noMatch)
    }
}

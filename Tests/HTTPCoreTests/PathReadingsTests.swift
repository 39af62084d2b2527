import Bytes
import HTTPCore
import TestSupport
import Testing

/// The ways in which servers read a path: each alone, and all together.
@Suite struct PathReadingsTests {
    @Test(arguments: [
        // Escapes decoded until nothing changes, each round.
        ("/a%2Bb", ["/a+b", "~/a+b"]),
        ("/%2561", ["/%61", "/a", "~/%2561", "~/a"]),
        ("/%252561", ["/%2561", "/%61", "/a", "~/a"]),
        ("/100%25", ["/100%", "~/100%"]),
        ("/%25zz", ["/%zz", "~/%zz"]),
        // Path parameters dropped.
        ("/a;b=c/d;e", ["/a/d", "~/a/d"]),
        ("/a%3bb/c", ["/a/c", "/a;b/c", "~/a/c"]),
        ("/a%3Bb/c", ["/a/c", "/a;b/c", "~/a/c"]),
        ("/a;x%2Fb", ["/a", "/a;x/b", "~/a/b"]),
        ("/a;%2Fb", ["/a", "/a;/b", "~/a/b"]),
        // Repeated slashes merged.
        ("/a///b//c", ["/a/b/c", "~/a/b/c"]),
        ("//a", ["/a", "~/a", "/", "~/"]),
        // What follows two slashes taken for an authority.
        ("//a/b", ["/a/b", "/b", "~/b"]),
        ("///a//b", ["/a/b", "//b", "/b", "~/"]),
        ("/%2Fa/%5Cb", ["//a//b", "/b", "~/b"]),
        ("/;x//a/b", ["///a/b", "~/b", "~/a/b"]),
        // `%2F` and `%5C` as slashes.
        ("/a%2fb", ["/a/b", "~/a/b"]),
        ("/a%2Fb", ["/a/b", "~/a/b"]),
        ("/a%5cb", ["/a/b", "/a\\b", "~/a/b"]),
        ("/a%5Cb", ["/a/b", "/a\\b", "~/a/b"]),
        ("/a%252fb", ["/a%2fb", "/a/b", "~/a/b"]),
        // `%3F` and `%23` ending the path.
        ("/a%3fb", ["/a", "/a?b", "~/a"]),
        ("/a%3Fb/c", ["/a", "/a?b/c", "~/a"]),
        ("/a%23b", ["/a", "/a#b", "~/a"]),
        ("/a%2523b", ["/a%23b", "/a#b", "~/a"]),
        // Letters without case.
        ("/Ab/C", ["~/ab/c"]),
        // A final slash, and a segment's trailing dots and spaces, dropped.
        ("/a/", ["/a", "~/a"]),
        ("/a//", ["/a/", "~/a"]),
        ("/a.", ["/a", "~/a"]),
        ("/a./b", ["/a/b", "~/a/b"]),
        ("/a%20", ["/a ", "/a", "~/a"]),
        ("/a.%20/b", ["/a. /b", "/a/b", "~/a/b"]),
        ("/a/.../b", ["/a//b", "~/a/b"]),
        ("/.b", ["~/.b"]),
        // All together, in every order where it matters.
        ("/;%23/b", ["~/", "~/b"]),
        ("/a;%252Fb", ["~/a", "~/a/b"]),
        ("/a;x%3Fy/b", ["~/a", "~/a/b"]),
        ("/a%3B%5Cb%3F;/c", ["~/a", "~/a/b", "~/a/c"]),
        ("/A%253B.x%252F%255cB.%2520/", ["~/a/b"]),
        ("/a%2520;x//%2E.b%23c", ["~/a/..b"]),
    ])
    func readsInEveryWay(_ path: String, _ expected: [String]) throws {
        let all = try readings(path)
        #expect(all.isSuperset(of: expected), "\(all.sorted())")
    }

    @Test func hasNoOtherReadingsThanKnown() throws {
        #expect(try readings("/Ab/C") == ["~/ab/c"])
        #expect(try readings("/.well-known/a") == ["~/.well-known/a"])
        #expect(try readings("/a;b/") == ["/a/", "/a;b", "/a", "~/a", "~/a;b/"])
        #expect(try readings("/a%2Bb") == ["/a+b", "~/a%2bb", "~/a+b"])
    }

    @Test(arguments: [
        "/..", "/.", "/a/..", "/a/../b", "/./a", "/a/./b", "/../", "/a/.%2e/b", "/%2e%2e/a", "/%2E",
        // With spaces, parameters, escapes, slashes of other kinds after the dots.
        "/a/..%20/b", "/a/..%20", "/.%20%20/b", "/..;/a", "/..;x=y/a", "/..%3b/a", "/..%3Bx",
        "/.;/a",
        "/a%2f..%2fb", "/a%2F..", "/..%2Fa", "/..%5ca", "/a%5C..%5Cb", "/a/..%3f/b", "/a/..%23",
        "/a/..%3Fx", "/..%20;x/b", "/..;%20/b", "/a/.%20./b", "/..%20./b",
        // Encoded more than once.
        "/%252e%252e/a", "/%252E/a", "/%25252e/a", "/%25%32%65%25%32%65/a", "/..%252fa",
        "/..%255Ca",
        "/..%253ba", "/..%2520/a", "/.%252e/a", "/a;/%2e%2e", "/a//..//b", "/%252e%252e../a",
        "/%252F%252e..", "/%252e..%3Fa",
        "/%23=.;/%252e..", "/.%252e%2e%2520%252F",
        "/x%3F/..%255C/a",
    ])
    func findsDotSegments(_ path: String) {
        #expect(outcome(path) == .refused(.dotSegment))
    }

    @Test(arguments: [
        "/...", "/..a", "/a..", "/.a", "/a/...b", "/a.../b", "/a%20../b", "/....", "/.../x",
    ])
    func leavesOtherDotsAlone(_ path: String) {
        let result = outcome(path)
        #expect(result != .refused(.dotSegment))
    }

    @Test func everyReadingBeginsWithASlashAndTheLastIsAFixedPoint() throws {
        var random = SeededGenerator(seed: 42)
        for _ in 0..<20_000 {
            let path = randomPath(using: &random)
            guard let target = try? readTarget(TargetRequest(path)) else { continue }
            for index in 0..<target.readings.count {
                let first = target.readings[index][0]
                #expect(first == UInt8(ascii: "/"))
            }
            guard target.readings.count > 0 else { continue }
            let canonical = target.path.copied()
            let again = try readTarget(TargetRequest(canonical))
            let same = again.path.equals(target.path)
            #expect(same, "canonical form is not final: \(canonical)")
        }
    }

    @Test func readsEveryPathOfTheLargestTarget() {
        for unit in ["%25", "/", ";", ".", "%20", "%2F", "A", "/a;", "%252e", "a."] {
            let count = 8 * 1024 / unit.utf8.count
            let path = "/" + String(repeating: unit, count: count)
            let result = outcome(path)
            #expect(result != .path(""))
        }
    }
}

/// A path of pieces that have second readings.
func randomPath(using random: inout SeededGenerator) -> [UInt8] {
    let pieces = [
        "/", "/", "a", "b", "A", ".", "..", ";", "%2F", "%2f", "%5C", "%3B", "%3F", "%23", "%20",
        "%25",
        "%2e", "%252e", "%61", "%41", "%252F", "%253b", "x", "=", "%C3%A9", "%c0", "\\",
    ]
    var path = Array("/".utf8)
    for _ in 0..<Int.random(in: 0...9, using: &random) {
        path += Array((pieces.randomElement(using: &random) ?? "").utf8)
    }
    return path
}

import HTTPCore
import Policy
import TestSupport
import Testing

/// Seeded random requests against the slow reference.
@Suite struct RandomRequestTests {
    private static let routes = [
        route("root", .prefix("/"), session: .public),
        route("a", .prefix("/a")),
        route("ab", .prefix("/a/b")),
        route("x", .exact("/x")),
        route("deep", .exact("/a/b/x")),
        route("B", .prefix("/B")),
        route("host", .prefix("/a"), hosts: [.exact("one.two.h"), .wildcard("h")]),
        route("wild", .exact("/a/x"), hosts: [.wildcard("two.h")]),
        route("last", .prefix("/b/x"), hosts: [.wildcard("h")]),
    ]
    private static let hosts = ["h", "one.two.h", "two.h", "x.two.h", "y.h", "other"]
    private static let pieces = [
        "/", "/", "/", "a", "b", "A", "B", "x", ".", "..", ";", "=", "%2F", "%2f", "%5C", "%3B",
        "%3b",
        "%3F", "%23", "%20", "%25", "%2e", "%61", "%41", "%252F", "%253b", "%252e", "%2520", "%c0",
        "%C3%A9", "\\", "?",
    ]

    private func path(using random: inout SeededGenerator, pieces: Int) -> [UInt8] {
        var path = Array("/".utf8)
        for _ in 0..<Int.random(in: 0...pieces, using: &random) {
            path += Array((RandomRequestTests.pieces.randomElement(using: &random) ?? "").utf8)
        }
        return path
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func whatIsMatchedIsMatchedInEveryReading(_ seed: UInt64) throws {
        let routes = RandomRequestTests.routes
        let table = try RouteTable(routes)
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<2000 {
            let target = path(using: &random, pieces: 7)
            let host = RandomRequestTests.hosts.randomElement(using: &random) ?? "h"
            let met = table.met(target, host: host)
            let text = String(decoding: target, as: UTF8.self)
            let plain = Array(target.prefix { $0 != UInt8(ascii: "?") })
            guard let canonical = SlowReference.canonical(plain),
                let readings = SlowReference.readings(canonical)
            else {
                #expect(met.isBadRequest, "\(text) on \(host): \(met)")
                continue
            }
            let expected = Set(readings.map { SlowReference.route($0, host: host, in: routes) })
            let only = expected.count == 1 ? expected.first : nil
            switch only {
            case nil: #expect(met == .ambiguous, "\(text) on \(host): \(met)")
            case .some(nil): #expect(met == .noRoute, "\(text) on \(host): \(met)")
            case .some(let index?):
                accepted += 1
                #expect(met == .route(routes[index].name), "\(text) on \(host): \(met)")
            }
        }
        #expect(accepted > 200)
    }

    @Test func neverTrapsOnAnyBytes() throws {
        let table = try RouteTable(
            RandomRequestTests.routes + [
                route("pattern", .pattern("/[a-z]+/(x|y)*", prefix: "/")),
                route("strip", .prefix("/s"), strips: true),
            ]
        )
        var random = SeededGenerator(seed: 99)
        for _ in 0..<10_000 {
            let count = Int.random(in: 0...30, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let met = table.met([UInt8(ascii: "/")] + bytes)
            #expect(met != .route(""))
            let other = path(using: &random, pieces: 12)
            let forwarded = try? table.forwarded("/s" + String(decoding: other, as: UTF8.self))
            #expect(forwarded?.hasPrefix("//") != true)
        }
    }
}

import Bytes
import HTTPCore
import Testing

@Suite struct RandomTargets {
    private static let corpus = [
        "/", "/a/b/c", "/orders/1?x=y", "/a%2Fb/%41/..;x/", "/a//b/./c/..", "/A.b./c%20;p=1/%252e",
        "http://host:80/a/b?c", "/%C3%A9/%7e", "/%25%32%65/x",
    ]
    private static let dictionary = [
        "/", "//", "..", ".", "%2e", "%2E", "%2f", "%5c", "%25", "%3b", ";", "%3f", "%23", "%00",
        "%c0%ae", "%20", " ", "\\", "#", "?", "A", "%41", "%u002e", "%e0%80%af", "%", "%4",
    ]

    @Test func `the canonical form of a canonical form is itself`() {
        var mutator = Mutator(corpus: Self.corpus, dictionary: Self.dictionary)
        for _ in 0..<Fuzzing.rounds {
            let bytes = mutator.next()
            guard let path = Self.path(of: bytes) else { continue }
            #expect(path.first == 0x2F, "\(bytes)")
            #expect(Self.path(of: path) == path, "\(bytes)")
        }
    }

    @Test func `a canonical path has no dot segment and no byte that ends it`() {
        var mutator = Mutator(corpus: Self.corpus, dictionary: Self.dictionary)
        for _ in 0..<Fuzzing.rounds {
            guard let path = Self.path(of: mutator.next()) else { continue }
            let segments = path.split(separator: 0x2F, omittingEmptySubsequences: false)
            #expect(
                !segments.contains { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) }
            )
            #expect(path.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x23 && $0 != 0x3F })
        }
    }

    private static func path(of target: [UInt8]) -> [UInt8]? {
        var bytes = target
        var head = RequestHead()
        head.target = ByteRange(0..<bytes.count)
        let host = ByteRange(bytes.count + 4..<bytes.count + 8)
        let name = ByteRange(bytes.count..<bytes.count + 4)
        bytes += Array("Hosthost".utf8)
        head.fields = [FieldLine(name: name, value: host, id: .host, isAlias: false)]
        var read = RequestTarget()
        do throws(TargetFailure) {
            try read.read(head, in: bytes.span)
        } catch {
            return nil
        }
        return read.path.copied()
    }
}

import Bytes
import Cryptography
import JOSE
import Sessions

/// Plays the driver of a `KeyFetcher` and writes its actions down in words. Requests are numbered
/// as they are sent.
struct FetcherDriver {
    var fetcher: KeyFetcher
    /// Milliseconds since the start.
    var clock: UInt64 = 0
    private(set) var sent: [KeyFetcher.CoreRequest] = []

    /// Where the wall clock starts.
    static let start = TestTokens.now

    init(locations: Int = 1, _ change: (inout SessionOptions) -> Void = { _ in }) {
        fetcher = KeyFetcher(options: Self.options(locations: locations, change))
    }

    static func options(
        locations: Int = 1,
        _ change: (inout SessionOptions) -> Void = { _ in }
    ) -> SessionOptions {
        var options = TestTokens.options
        let first = options.core.locations[0]
        options.core.locations = (0..<locations).map { index in
            var location = first
            location.host = "core\(index)"
            location.basePath = index == 0 ? "" : "/base\(index)"
            return location
        }
        change(&options)
        return options
    }

    var now: KeyFetcher.Time {
        KeyFetcher.Time(
            nanoseconds: clock * 1_000_000,
            wallMilliseconds: Self.start + Int64(clock)
        )
    }

    /// Milliseconds until the next tick is due.
    var dueIn: Int64? {
        fetcher.nextDeadline.map { Int64($0 / 1_000_000) - Int64(clock) }
    }

    mutating func tick() -> [String] { words(fetcher.tick(now)) }

    mutating func wanted(
        _ question: KeyQuestion,
        worker: Int = 0,
        seen: UInt64? = nil
    ) -> [String] {
        let seen = seen ?? fetcher.keys.sequence
        return words(
            fetcher.wanted(worker: worker, question: question, seenSequence: seen, now: now)
        )
    }

    mutating func answered(_ id: UInt64, _ status: UInt16 = 200, _ body: String = "") -> [String] {
        let bytes = Array(body.utf8)
        return words(
            fetcher.answered(request: named(id), status: status, body: bytes.span, now: now)
        )
    }

    mutating func failed(_ id: UInt64) -> [String] {
        words(fetcher.failed(request: named(id), now: now))
    }

    /// The ID of a request by its number; one that was never used where there is no such request.
    private func named(_ number: UInt64) -> UInt64 {
        number <= sent.count ? sent[Int(number) - 1].id : .max
    }

    mutating func restore(_ keys: KeySet) -> [String] { words(fetcher.restore(keys)) }

    mutating func replace(_ options: SessionOptions) -> [String] {
        words(fetcher.replaceOptions(options, now: now))
    }

    private mutating func words(_ actions: [KeyFetcher.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .send(let request):
                sent.append(request)
                return "\(sent.count): \(request.method) \(request.location)\(request.path)"
            case .publish(let set):
                let web = "web \(set.webKnowledge) \(set.webKeys.count)"
                let legacy = "legacy \(set.legacyKnowledge) \(set.legacyKeys.count)"
                return "publish \(set.sequence): \(web), \(legacy)"
            case .answer(let worker, let answer):
                let outcome = answer.failed ? "failed" : "ok"
                return "answer \(worker): \(answer.question) \(answer.sequence) \(outcome)"
            }
        }
    }
}

/// Bodies as cores write them.
enum CoreBodies {
    static func webKeys(_ keyIDs: String...) -> String {
        keys(keyIDs.map { TestTokens.dynamic.webKey($0) })
    }

    static func keys(_ keys: [JSONWebKey]) -> String {
        String(decoding: JSONWebKey.serialized(keys), as: UTF8.self)
    }

    static let versions = #"{"versions":["2.9","2.21","5.2","2.7","2.20","2.10","3.0"]}"#

    private static func key(_ key: TestKey) -> String {
        String(decoding: Base64.encodeStandard(key.key.subjectPublicKeyInfo.span), as: UTF8.self)
    }

    /// A handshake with these keys, each ending `seconds` after the tests' start.
    static func handshake(_ keys: [(TestKey, seconds: Int64)]) -> String {
        let list = keys.map { one in
            let expiry = FetcherDriver.start + one.seconds * 1000
            let created = FetcherDriver.start - 1000
            return
                #"{"publicKey":"\#(key(one.0))","expiryTime":\#(expiry),"createdAt":\#(created)}"#
        }
        return #"{"status":"OK","jwtSigningPublicKeyList":[\#(list.joined(separator: ","))]}"#
    }

    static let oneLegacyKey = handshake([(TestTokens.dynamic, seconds: 86_400)])

    /// As CDI 2.7 and 2.8 answer.
    static let singleKey =
        #"{"status":"OK","jwtSigningPublicKey":"\#(key(TestTokens.dynamic))","#
        + #""jwtSigningPublicKeyExpiryTime":\#(FetcherDriver.start + 1000)}"#
}

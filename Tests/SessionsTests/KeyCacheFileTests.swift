import Bytes
import Cryptography
import JOSE
import JSON
import Sessions
import Testing

/// The file of the last keys: what is written is read, and nothing else is.
@Suite struct KeyCacheFileTests {
    private static let now = TestTokens.now
    private static let day: Int64 = 24 * 3600 * 1000
    private static let options = FetcherDriver.options(locations: 2)

    private static var keys: KeySet {
        var keys = TestTokens.keys
        keys.webConfirmedAt = now - 1000
        keys.legacyConfirmedAt = now - 2000
        return keys
    }

    private static func written(_ keys: KeySet = keys) throws -> [UInt8] {
        try #require(KeyCacheFile.serialized(keys, of: options.core))
    }

    private static func read(
        _ bytes: [UInt8],
        at wall: Int64 = now,
        _ options: SessionOptions = options
    ) -> Result<KeySet, KeyCacheFailure> {
        do throws(KeyCacheFailure) {
            let keys = try KeyCacheFile.keys(
                from: bytes.span,
                options: options,
                wallMilliseconds: wall
            )
            return .success(keys)
        } catch {
            return .failure(error)
        }
    }

    private static func failure(
        _ bytes: [UInt8],
        at wall: Int64 = now,
        _ options: SessionOptions = options
    ) -> KeyCacheFailure? {
        if case .failure(let failure) = read(bytes, at: wall, options) { failure } else { nil }
    }

    /// The file with members changed and a digest that fits.
    private static func forged(_ change: (inout JSONObject) -> Void) throws -> [UInt8] {
        let bytes = try written()
        let value = try JSONValue.parse(bytes.span)
        var members = try #require(value.object)
        members["sha256"] = nil
        change(&members)
        let text = JSONValue.object(members).serialized()
        let digest = SHA256.digest(text.span)
        let digits = digest.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        members["sha256"] = .string(digits.joined())
        return JSONValue.object(members).serialized()
    }

    @Test func whatIsWrittenIsRead() throws {
        var expected = Self.keys
        expected.sequence = 0
        #expect(try Self.read(Self.written()).get() == expected)
        #expect(try Self.read(Self.forged { _ in }).get() == expected)
    }

    @Test func kindsAreApart() throws {
        var keys = Self.keys
        keys.legacyKeys = []
        keys.legacyKnowledge = .absent
        keys.webKeys = []
        keys.webKnowledge = .unknown
        let read = try Self.read(Self.written(keys)).get()
        #expect(read.webKnowledge == .unknown && read.legacyKnowledge == .absent)
        #expect(read.legacyConfirmedAt == keys.legacyConfirmedAt)
        var options = Self.options
        options.acceptsLegacyTokens = false
        let web = try Self.read(Self.written(), options).get()
        #expect(web.webKnowledge == .known && web.legacyKnowledge == .unknown)
        #expect(web.legacyKeys.isEmpty)
        #expect(try Self.failure(Self.written(keys), options) == .stale)
    }

    @Test func everyShorterFileIsRefused() throws {
        let bytes = try Self.written()
        for count in 0..<bytes.count {
            let cut = Array(bytes.prefix(count))
            guard Self.failure(cut) == .damaged else {
                Issue.record("\(count) bytes of \(bytes.count)")
                return
            }
        }
    }

    /// One bit of each byte, a different one from byte to byte.
    @Test func everyChangedByteIsRefused() throws {
        let bytes = try Self.written()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1 << UInt8(index % 8)
            guard case .failure = Self.read(changed) else {
                Issue.record("byte \(index) of \(bytes.count)")
                return
            }
        }
    }

    @Test func largestFile() throws {
        let bytes = try Self.written()
        let space = [UInt8](repeating: 0x20, count: KeyCacheFile.maximumBytes - bytes.count)
        #expect(Self.failure(bytes + space) == nil)
        #expect(Self.failure(bytes + space + [0x20]) == .tooLarge)
        var keys = Self.keys
        let name = [UInt8](repeating: 0x61, count: 9000)
        keys.webKeys = (0..<64).map { index in
            JSONWebKey(
                keyID: Array("\(index)".utf8) + name,
                modulus: keys.webKeys[0].modulus,
                exponent: keys.webKeys[0].exponent
            )
        }
        #expect(KeyCacheFile.serialized(keys, of: Self.options.core) == nil)
    }

    @Test func otherCores() throws {
        for change in [
            { $0.core.locations[1].port = 3568 }, { $0.core.locations[0].host = "other" },
            { $0.core.locations[1].basePath = "/base2" }, { $0.core.locations.swapAt(0, 1) },
            { _ = $0.core.locations.removeLast() },
        ] as [(inout SessionOptions) -> Void] {
            var options = Self.options
            change(&options)
            #expect(try Self.failure(Self.written(), options) == .otherCores)
        }
        var options = Self.options
        options.core.apiKey = "another"
        #expect(try Self.failure(Self.written(), options) == nil)
    }

    @Test func instants() throws {
        var keys = Self.keys
        keys.webConfirmedAt = Self.now + 60_000
        // A clock set back a little: confirmed now, and no later.
        #expect(try Self.read(Self.written(keys)).get().webConfirmedAt == Self.now)
        keys.webConfirmedAt = Self.now + 60_001
        #expect(try Self.failure(Self.written(keys)) == .fromTheFuture)
        keys = Self.keys
        keys.legacyConfirmedAt = Self.now + 60_001
        #expect(try Self.failure(Self.written(keys)) == .fromTheFuture)
        // Each kind ends by its own instant.
        let bytes = try Self.written()
        let first = try Self.read(bytes, at: Self.now - 2000 + Self.day).get()
        #expect(first.webKnowledge == .known && first.legacyKnowledge == .unknown)
        #expect(Self.failure(bytes, at: Self.now - 1001 + Self.day) == nil)
        #expect(Self.failure(bytes, at: Self.now - 1000 + Self.day) == .stale)
    }

    @Test func endedLegacyKeysAreLeftOut() throws {
        var keys = Self.keys
        keys.webKnowledge = .unknown
        keys.legacyKeys = [
            TestTokens.dynamic.legacyKey(createdAt: 0, expiry: Self.now),
            TestTokens.fixed.legacyKey(createdAt: 0, expiry: Self.now + 1),
        ]
        let bytes = try Self.written(keys)
        #expect(try Self.read(bytes).get().legacyKeys == [keys.legacyKeys[1]])
        #expect(Self.failure(bytes, at: Self.now + 1) == .stale)
    }

    @Test(
        arguments: [
            ("another format", "format", .string("sallyport keys 2")), ("no cores", "cores", nil),
            ("cores a text", "cores", .string("http://core0:3567")), ("no kind", "web", .null),
            ("keys missing", "web", .object(["confirmedAt": .integer(1)])),
            ("no instant", "web", .object(["keys": .array([])])),
            (
                "an instant before the epoch", "legacy",
                .object(["confirmedAt": .integer(-1), "keys": .array([])])
            ),
            (
                "a fraction", "legacy",
                .object(["confirmedAt": .string("1"), "keys": .array([])])
            ),
            (
                "65 keys", "web",
                .object([
                    "confirmedAt": .integer(1),
                    "keys": .array([JSONValue](repeating: .null, count: 65)),
                ])
            ),
            (
                "no key", "web",
                .object(["confirmedAt": .integer(1), "keys": .array([.object([:])])])
            ),
            (
                "no legacy key", "legacy",
                .object(["confirmedAt": .integer(1), "keys": .array([.object([:])])])
            ),
        ] as [(String, String, JSONValue?)]
    )
    func damagedWithAFittingDigest(_ what: String, _ name: String, _ value: JSONValue?) throws {
        #expect(try Self.failure(Self.forged { $0[name] = value }) == .damaged)
    }

    @Test func fetcherStartsWithThem() throws {
        var driver = FetcherDriver(locations: 2)
        let keys = try Self.read(Self.written()).get()
        #expect(driver.restore(keys) == ["publish 1: web known 2, legacy known 1"])
        #expect(driver.restore(keys) == [])
        // They are fetched again all the same, and who has not seen them is told at once.
        #expect(driver.wanted(.unknownKeyID, seen: 0) == ["answer 0: unknownKeyID 1 ok"])
        #expect(driver.wanted(.newerLegacyKey, seen: 0) == ["answer 0: newerLegacyKey 1 ok"])
        #expect(driver.dueIn == 0)
        #expect(driver.tick().count == 2)
        #expect(driver.failed(1).count == 1)
        #expect(driver.failed(3) == [])
        #expect(driver.fetcher.keys.webConfirmedAt == keys.webConfirmedAt)
        #expect(driver.wanted(.unknownKeyID, seen: 1) == ["answer 0: unknownKeyID 1 failed"])
    }
}

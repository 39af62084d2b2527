import Cryptography
import JOSE
import JSON
import Sessions

/// Key sets as cores answer, and as the file of the last keys has them: what is taken is usable and
/// named once, and a broken answer takes nothing away.
enum KeySetMachine {
    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        if let keys = try? JSONWebKey.set(from: input.span) {
            try check(keys)
            let written = JSONWebKey.serialized(keys)
            guard written.count <= JSONWebKey.maximumSetBytes else { return }
            let again = try? JSONWebKey.set(from: written.span)
            try require(again == keys, "a set that was written is read")
        }
        for status in [200, 404, 500] as [UInt16] { try fetch(input, status: status) }
        try restore(input)
        if let file = file(of: input) { try restore(file) }
    }

    /// The input as both kinds of a file whose digest fits; nil when it is no JSON.
    private static func file(of input: [UInt8]) -> [UInt8]? {
        guard let value = try? JSONValue.parse(input.span) else { return nil }
        let cores = KnownKeys.options.core.locations.map { JSONValue.string($0.url) }
        let kind: JSONValue = .object([
            "confirmedAt": value["confirmedAt"] ?? .integer(KnownKeys.now),
            "keys": value["keys"] ?? value["jwtSigningPublicKeyList"] ?? value,
        ])
        var members: JSONObject = ["format": "sallyport keys 1", "cores": .array(cores)]
        members[value["keys"] == nil ? "legacy" : "web"] = kind
        let digest = SHA256.digest(JSONValue.object(members).serialized().span)
        let digits = digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        members["sha256"] = .string(digits.joined())
        return JSONValue.object(members).serialized()
    }

    /// What a file gives is usable, confirmed no later than now, and written as it was read.
    private static func restore(_ file: [UInt8]) throws(BrokenRule) {
        let (options, now) = (KnownKeys.options, KnownKeys.now)
        guard
            let keys = try? KeyCacheFile.keys(
                from: file.span,
                options: options,
                wallMilliseconds: now
            )
        else { return }
        try check(keys.webKeys)
        for key in keys.legacyKeys {
            let numbers = try? RSANumbers(subjectPublicKeyInfo: key.subjectPublicKeyInfo.span)
            try require(numbers != nil && key.expiry > now, "a legacy key of a file is a key")
        }
        try require(keys.webConfirmedAt <= now, "no key was confirmed later than now")
        try require(keys.legacyConfirmedAt <= now, "no legacy key was confirmed later than now")
        guard let written = KeyCacheFile.serialized(keys, of: options.core) else { return }
        let again = try? KeyCacheFile.keys(
            from: written.span,
            options: options,
            wallMilliseconds: now
        )
        try require(again == keys, "a file that was written is read")
    }

    private static func check(_ keys: [JSONWebKey]) throws(BrokenRule) {
        try require(keys.count <= JSONWebKey.maximumKeys, "a set keeps its limit")
        try require(Set(keys.map(\.keyID)).count == keys.count, "each ID names one key")
        for key in keys {
            try require(!key.keyID.isEmpty, "a key has an ID")
            let bits = key.modulus.count * 8
            try require(bits >= 2048 && bits <= 8192, "a modulus is of a suitable size")
            try require(key.modulus.first != 0, "a number begins with no zero")
            try require((key.exponent.last ?? 0) & 1 == 1, "an exponent is odd")
        }
    }

    /// The answer to everything a fetcher asks, after an answer that brought keys.
    private static func fetch(_ input: [UInt8], status: UInt16) throws(BrokenRule) {
        var fetcher = KeyFetcher(options: KnownKeys.options)
        let known = KnownKeys.set(at: KnownKeys.now)
        var time = KeyFetcher.Time(nanoseconds: 1 << 40, wallMilliseconds: KnownKeys.now)
        try run(&fetcher, time, JSONWebKey.serialized(known.webKeys), status: 200)
        try require(fetcher.keys.webKeys == known.webKeys, "a good answer is taken")
        time.nanoseconds += 1 << 50
        try run(&fetcher, time, input, status: status)
        try check(fetcher.keys.webKeys)
        for key in fetcher.keys.legacyKeys {
            let numbers = try? RSANumbers(subjectPublicKeyInfo: key.subjectPublicKeyInfo.span)
            try require(numbers != nil, "a legacy key is a key")
        }
        if status != 404 {
            try require(!fetcher.keys.webKeys.isEmpty, "a broken answer takes nothing away")
        }
        try require(fetcher.nextDeadline != nil, "a fetch ends")
    }

    private static func run(
        _ fetcher: inout KeyFetcher,
        _ time: KeyFetcher.Time,
        _ body: [UInt8],
        status: UInt16
    ) throws(BrokenRule) {
        var actions = fetcher.tick(time)
        var rounds = 0
        while let action = actions.popLast() {
            rounds += 1
            try require(rounds < 64, "a fetch asks a bounded number of times")
            guard case .send(let request) = action else { continue }
            actions += fetcher.answered(
                request: request.id,
                status: status,
                body: body.span,
                now: time
            )
        }
    }
}

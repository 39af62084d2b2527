import Bytes
import Foundation
import JOSE
import JSON
import Sessions
import Testing

/// The recorded tokens beside this file.
enum Fixtures {
    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        let token: String
        let expected: String

        var testDescription: String { name }
    }

    /// One call of `/recipe/session/verify` on a real core.
    struct VerifyCall: Sendable, CustomTestStringConvertible {
        let name: String
        let token: String
        let wallMilliseconds: Int64
        let status: String
        let message: String
        let userID: String?
        let handle: String?
        let keys: KeySet

        var testDescription: String { name }
    }

    private static func text(_ name: String) -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let file = folder.appending(path: "Fixtures").appending(path: name)
        return (try? Data(contentsOf: file)).map { Array($0) } ?? []
    }

    private static func parse(_ bytes: [UInt8]) -> JSONValue {
        (try? JSONValue.parse(bytes.span)) ?? .null
    }

    private static let tokenVectors = parse(text("token-vectors.json"))

    static let vectors: [Vector] = (tokenVectors["vectors"]?.array ?? []).map {
        Vector(
            name: $0["name"]?.string ?? "",
            token: $0["token"]?.string ?? "",
            expected: $0["expected"]?.string ?? ""
        )
    }

    /// The keys of the vectors.
    static let vectorKeys: KeySet = {
        var set = KeySet()
        set.sequence = 1
        set.webKeys = webKeys(tokenVectors["jwks"])
        set.webKnowledge = .known
        set.webConfirmedAt = TestTokens.now
        let key = tokenVectors["legacySigningPublicKey"]?.string ?? ""
        set.legacyKeys = [
            LegacyKey(
                subjectPublicKeyInfo: Base64.decodeStandard(Array(key.utf8).span) ?? [],
                createdAt: 1_700_000_000_000,
                expiry: 4_102_444_800_000
            )
        ]
        set.legacyKnowledge = .known
        set.legacyConfirmedAt = TestTokens.now
        return set
    }()

    static let verifyCalls: [VerifyCall] = text("verify-vectors.jsonl")
        .split(separator: UInt8(ascii: "\n")).map { verifyCall(parse(Array($0))) }

    private static func verifyCall(_ line: JSONValue) -> VerifyCall {
        let wall = line["at_ms"]?.int64 ?? 0
        return VerifyCall(
            name: "\(line["core"]?.string ?? "") \(line["name"]?.string ?? "")",
            token: line["input"]?["accessToken"]?.string ?? "",
            wallMilliseconds: wall,
            status: line["core_status"]?.string ?? "",
            message: line["core_message"]?.string ?? "",
            userID: line["session"]?["userId"]?.string,
            handle: line["session"]?["handle"]?.string,
            keys: keys(line, wall)
        )
    }

    private static func keys(_ line: JSONValue, _ wall: Int64) -> KeySet {
        var set = KeySet()
        set.sequence = 1
        set.webKeys = webKeys(line["jwks"])
        set.webKnowledge = .known
        set.webConfirmedAt = wall
        for entry in line["signing_public_keys"]?.array ?? [] {
            let text = entry["publicKey"]?.string ?? ""
            set.legacyKeys.append(
                LegacyKey(
                    subjectPublicKeyInfo: Base64.decodeStandard(Array(text.utf8).span) ?? [],
                    createdAt: entry["createdAt"]?.int64 ?? 0,
                    expiry: entry["expiryTime"]?.int64 ?? .max
                )
            )
        }
        set.legacyKnowledge = .known
        set.legacyConfirmedAt = wall
        return set
    }

    private static func webKeys(_ value: JSONValue?) -> [JSONWebKey] {
        let bytes = value?.serialized() ?? []
        return (try? JSONWebKey.set(from: bytes.span)) ?? []
    }
}

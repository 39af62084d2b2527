internal import Bytes
internal import Cryptography
public import JSON

/// A public RSA key that verifies RS256 signatures, as a JSON Web Key names it (RFC 7517, RFC 7518
/// §6.3).
public struct JSONWebKey: Sendable, Equatable {
    /// Bytes of a key set.
    public static let maximumSetBytes = 64 * 1024
    /// Keys of a key set, usable or not.
    public static let maximumKeys = 64

    /// `kid` in UTF-8; never empty.
    public var keyID: [UInt8]
    /// `n`: big-endian, without zeros before it; of 2048 to 8192 bits.
    public var modulus: [UInt8]
    /// `e`: big-endian, without zeros before it; odd, from 3 to 2^32.
    public var exponent: [UInt8]

    /// Takes the parts as they are; `RSANumbers` checks the numbers.
    public init(keyID: [UInt8], modulus: [UInt8], exponent: [UInt8]) {
        self.keyID = keyID
        self.modulus = modulus
        self.exponent = exponent
    }

    /// Reads a key set (RFC 7517 §5). Members it does not know mean nothing.
    ///
    /// A key that cannot verify RS256 (another type, use or algorithm; unsuitable numbers; no ID)
    /// is skipped, and so is every key whose ID another usable one has: which was meant is
    /// unknowable.
    ///
    /// - Returns: the usable keys in their order; may be none.
    public static func set(from json: Span<UInt8>) throws(JOSEFailure) -> [JSONWebKey] {
        guard json.count <= maximumSetBytes else { throw .setTooLarge }
        let set: JSONValue
        do {
            set = try JSONValue.parse(json)
        } catch {
            throw .notJSON(error)
        }
        guard let members = set["keys"]?.array else { throw .notAKeySet }
        guard members.count <= maximumKeys else { throw .tooManyKeys }
        return usable(among: members)
    }

    /// The keys among the members of a set that can verify RS256 and whose ID no other one has.
    public static func usable(among members: [JSONValue]) -> [JSONWebKey] {
        let usable = members.compactMap { JSONWebKey($0) }
        return usable.filter { key in usable.count { $0.keyID == key.keyID } == 1 }
    }

    /// The key set's JSON.
    public static func serialized(_ keys: [JSONWebKey]) -> [UInt8] {
        JSONValue.object(["keys": .array(keys.map(\.json))]).serialized()
    }

    /// Nil for a key that cannot verify RS256.
    private init?(_ value: JSONValue) {
        guard value["kty"]?.string == "RSA", Self.mayVerify(value),
            let keyID = value["kid"]?.string, !keyID.isEmpty,
            let modulus = Self.number(value["n"]), let exponent = Self.number(value["e"]),
            let numbers = try? RSANumbers(modulus: modulus.span, exponent: exponent.span)
        else { return nil }
        self.keyID = Array(keyID.utf8)
        self.modulus = numbers.modulus
        self.exponent = numbers.exponent
    }

    /// Whether `use`, `alg` and `key_ops`, each where it is there, allow RS256 (RFC 7517
    /// §4.2–§4.4).
    private static func mayVerify(_ value: JSONValue) -> Bool {
        if let use = value["use"], use != .string("sig") { return false }
        if let algorithm = value["alg"], algorithm != .string("RS256") { return false }
        guard let operations = value["key_ops"] else { return true }
        return operations.array?.contains(.string("verify")) ?? false
    }

    /// A `Base64urlUInt` (RFC 7518 §2), zeros before it allowed.
    private static func number(_ value: JSONValue?) -> [UInt8]? {
        guard let text = value?.string else { return nil }
        return Base64.decodeURL(Array(text.utf8).span)
    }
}

extension JSONWebKey {
    /// The key's JSON: members in the order SuperTokens cores write them.
    public var json: JSONValue {
        .object([
            "kty": .string("RSA"),
            "kid": .string(String(decoding: keyID, as: UTF8.self)),
            "n": .string(String(decoding: Base64.encodeURL(modulus.span), as: UTF8.self)),
            "e": .string(String(decoding: Base64.encodeURL(exponent.span), as: UTF8.self)),
            "alg": .string("RS256"),
            "use": .string("sig"),
        ])
    }
}

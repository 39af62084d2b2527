import Bytes
import Cryptography
import JOSE
import JSON

/// A JWT that was verified as any service would do it that knows JWTs and nothing else (RFC 7519
/// §7.2, RS256 only).
struct DemoToken {
    let header: JSONObject
    let claims: JSONObject

    /// What is wrong with a request's token.
    enum Failure: Error, Equatable {
        /// There is none.
        case absent
        /// A key that was not among those fetched.
        case unknownKey
        /// Anything else, in words.
        case invalid(String)
    }

    /// Verifies a request's token; `fields` are the values of every `Authorization` it has, and
    /// `nowSeconds` counts from the epoch.
    init(
        authorization fields: [String],
        keys: [JSONWebKey],
        nowSeconds: Int64
    ) throws(Failure) {
        guard let field = fields.first else { throw .absent }
        guard fields.count == 1 else { throw .invalid("more than one Authorization") }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw .invalid("Authorization is no bearer token")
        }
        let token = Array(parts[1].utf8)
        guard let ranges = CompactJWS.split(token.span),
            let header = Self.object(token.span.bytes(ranges.header)),
            let claims = Self.object(token.span.bytes(ranges.payload)),
            let signature = Base64.decodeURL(token.span.bytes(ranges.signature))
        else { throw .invalid("the token is no JWT") }
        guard header["alg"]?.string == "RS256" else { throw .invalid("the algorithm is not RS256") }
        let keyID = Array((header["kid"]?.string ?? "").utf8)
        guard let found = keys.first(where: { $0.keyID == keyID }) else { throw .unknownKey }
        let message = token.span.bytes(ranges.signed)
        guard
            let key = try? RSAPublicKey(
                modulus: found.modulus.span,
                exponent: found.exponent.span
            ), key.verifySHA256(signature: signature.span, message: message)
        else { throw .invalid("the signature is wrong") }
        guard let expiry = claims["exp"]?.double else { throw .invalid("exp is missing") }
        guard expiry > Double(nowSeconds) else { throw .invalid("the token has expired") }
        self.header = header
        self.claims = claims
    }

    private static func object(_ text: Span<UInt8>) -> JSONObject? {
        guard let bytes = Base64.decodeURL(text) else { return nil }
        return try? JSONValue.parse(bytes.span).object
    }
}

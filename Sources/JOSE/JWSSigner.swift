public import Cryptography

/// Makes signed tokens.
public enum JWSSigner {
    /// How a token's parts are written.
    public enum Encoding: Sendable {
        /// base64url without padding: RFC 7515.
        case url
        /// Base64 with padding: legacy session tokens.
        case standard
    }

    /// Signs by RS256 and gives the compact serialisation; `header` is the protected header's JSON
    /// and must name that algorithm itself.
    public static func sign(
        header: [UInt8],
        payload: [UInt8],
        key: borrowing RSAPrivateKey,
        encoding: Encoding
    ) throws(JOSEFailure) -> [UInt8] {
        var token = encode(header, encoding)
        token.append(CompactJWS.dot)
        token.append(contentsOf: encode(payload, encoding))
        let signature: [UInt8]
        do {
            signature = try key.signSHA256(token.span)
        } catch {
            throw .cannotSign(error)
        }
        token.append(CompactJWS.dot)
        token.append(contentsOf: encode(signature, encoding))
        return token
    }

    private static func encode(_ bytes: [UInt8], _ encoding: Encoding) -> [UInt8] {
        switch encoding {
        case .url: Base64.encodeURL(bytes.span)
        case .standard: Base64.encodeStandard(bytes.span)
        }
    }
}

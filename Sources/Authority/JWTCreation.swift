internal import Bytes
internal import JSON

extension AuthorityService {
    /// `POST /recipe/jwt`: signs what the caller gives, with the static key unless told otherwise.
    func createJWT(
        _ body: [UInt8],
        _ version: CDIVersion,
        nowMilliseconds: Int64
    ) -> AuthorityResponse {
        guard let input = (try? JSONValue.parse(body.span))?.object else {
            return .text(400, "Invalid Json Input")
        }
        guard let algorithm = input["algorithm"]?.string else { return .invalid("algorithm") }
        guard let domain = input["jwksDomain"]?.string else { return .invalid("jwksDomain") }
        guard let payload = input["payload"]?.object else { return .invalid("payload") }
        guard let validity = input["validity"]?.wholeSeconds else { return .invalid("validity") }
        var kind = KeyKind.static
        if version > .lastLegacy, let choice = input["useStaticSigningKey"] {
            guard let isStatic = choice.bool else { return .invalid("useStaticSigningKey") }
            kind = isStatic ? .static : .dynamic
        }
        guard validity > 0 else {
            // The core's own words, though it means "greater than".
            return .text(400, "validity must be greater than or equal to 0")
        }
        guard algorithm.uppercased() == "RS256" else {
            return .json(["status": "UNSUPPORTED_ALGORITHM_ERROR"])
        }
        let seconds = nowMilliseconds / 1000
        var claims: JSONObject = [
            "iat": .integer(seconds), "exp": .integer(AuthorityKeys.sum(seconds, validity)),
            "iss": .string(domain),
        ]
        // Claims of the caller's win, those three too (cores from 6.0 on).
        for member in payload.members { claims[member.name] = member.value }
        guard let jwt = try? keys.sign(claims, with: kind) else {
            return .text(500, "Internal Error")
        }
        return .json(["status": "OK", "jwt": .string(jwt)])
    }
}

extension AuthorityResponse {
    fileprivate static func invalid(_ field: String) -> AuthorityResponse {
        .text(400, "Field name '\(field)' is invalid in JSON input")
    }
}

extension JSONValue {
    /// A number without its fraction: SDKs send validities such as 3628.908.
    fileprivate var wholeSeconds: Int64? {
        if let int64 { return int64 }
        return double.flatMap { Int64(exactly: $0.rounded(.towardZero)) }
    }
}

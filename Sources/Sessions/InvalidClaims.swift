internal import Bytes

extension Authenticator {
    /// The body of the answer to a request whose session does not meet a list of claims: only then
    /// is its token, or the one that took its place, read a second time.
    ///
    /// - Parameters:
    ///   - list: the route's, of `SessionOptions.claims`.
    ///   - session: what the request was authenticated as.
    ///   - wallMilliseconds: the time it was authenticated at.
    /// - Returns: `{"message":"invalid claim","claimValidationErrors":[…]}`; of at most
    ///   `maximumClaimAnswerBytes`.
    public func invalidClaims(
        _ list: Int,
        of session: SessionReference,
        wallMilliseconds: Int64
    ) -> [UInt8] {
        let token = accessToken(session)
        guard let read = AccessToken.parse(token.span) else { return ClaimAnswer().content }
        return claims.answer(list, read.payload, wallMilliseconds: wallMilliseconds)
    }

    /// Bytes of such a body, with what is around its errors.
    public static let maximumClaimAnswerBytes = ClaimAnswer.maximumBytes + 64
}

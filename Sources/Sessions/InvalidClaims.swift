internal import Bytes
public import HTTPCore

extension Authenticator {
    /// The body of the answer to a request whose session does not meet a list of claims: only then
    /// is its token read a second time.
    ///
    /// - Parameters:
    ///   - list: the route's, of `SessionOptions.claims`.
    ///   - session: what the request was authenticated as.
    ///   - head: the request's.
    ///   - bytes: what the head was read from.
    ///   - wallMilliseconds: the time it was authenticated at.
    /// - Returns: `{"message":"invalid claim","claimValidationErrors":[…]}`; of at most
    ///   `maximumClaimAnswerBytes`.
    public func invalidClaims(
        _ list: Int,
        of session: SessionReference,
        head: borrowing RequestHead,
        bytes: Span<UInt8>,
        wallMilliseconds: Int64
    ) -> [UInt8] {
        let found = Credentials.find(head: head, bytes: bytes, cookieName: cookieName.span)
        let range = session.isCookieBorne ? found.cookie : found.bearer
        guard let range else { return ClaimAnswer().content }
        let credential = bytes.bytes(range)
        let token =
            session.isCookieBorne ? CookieValue.decoded(credential) : credential.copied()
        guard let read = AccessToken.parse(token.span) else { return ClaimAnswer().content }
        return claims.answer(list, read.payload, wallMilliseconds: wallMilliseconds)
    }

    /// Bytes of such a body, with what is around its errors.
    public static let maximumClaimAnswerBytes = ClaimAnswer.maximumBytes + 64
}

internal import Bytes
public import HTTPCore

// Sessions that a core had a word in: child tokens, and looks into its database.
extension Authenticator {
    /// A child token's signature is verified; the core decides the rest, once it was asked.
    mutating func child(
        _ token: AccessToken,
        _ bytes: [UInt8],
        _ proof: Proof,
        _ credential: Span<UInt8>,
        _ kind: CredentialKind,
        _ moment: Moment
    ) -> Authentication {
        guard let answer = moment.answer else {
            return .childOfRefresh(
                ChildToken(
                    question: .verify(
                        token: bytes,
                        handle: token.sessionHandle,
                        checksDatabase: false
                    ),
                    token: bytes,
                    handle: token.sessionHandle,
                    expiry: token.expiry,
                    isCookieBorne: kind == .cookie,
                    antiCSRFToken: token.antiCSRFToken
                )
            )
        }
        let wall = moment.wallMilliseconds
        do throws(SessionRefusal) {
            let session: VerifiedSession
            if let newToken = try Self.newToken(answer) {
                session = try successor(
                    newToken,
                    of: token.sessionHandle,
                    proof,
                    to: kind,
                    replacing: credential,
                    isSeedEra: moment.isSeedEra,
                    wall
                )
            } else {
                session = try self.session(token, bytes, proof, wall)
            }
            return hold(session, credential, kind, wall)
        } catch {
            return .refused(error)
        }
    }

    /// The session of a token that a core gave in place of a verified one. Its signature is not
    /// verified, since the core's keys would say what the core said, but it must be one: nothing
    /// else is written into fields.
    private func successor(
        _ bytes: [UInt8],
        of handle: [UInt8],
        _ proof: Proof,
        to kind: CredentialKind,
        replacing replaced: Span<UInt8>,
        isSeedEra: Bool,
        _ wall: Int64
    ) throws(SessionRefusal) -> VerifiedSession {
        guard let token = AccessToken.parse(bytes.span), token.sessionHandle == handle,
            token.signature != nil, wall < token.expiry
        else {
            throw SessionRefusal(
                reason: .coreUnreachable,
                answer: .unavailable,
                detail: CoreFailure.malformed.detail
            )
        }
        var session = try session(token, bytes, proof, wall)
        session.newToken = bytes
        session.delivery = SessionFields(options: options).delivery(
            of: token,
            bytes: bytes,
            to: kind,
            replaced: replaced,
            isSeedEra: isSeedEra,
            wallMilliseconds: wall
        )
        return session
    }

    /// What the core said, where the session may be used.
    private static func newToken(_ answer: CoreAnswer) throws(SessionRefusal) -> [UInt8]? {
        switch answer {
        case .verified(let newToken): return newToken
        case .ended:
            throw SessionRefusal(reason: .revoked, answer: .unauthorised, clearsTokens: true)
        case .tryRefresh: throw tryRefresh(.expired)
        case .unreachable(let failure):
            throw SessionRefusal(
                reason: .coreUnreachable,
                answer: .unavailable,
                detail: failure.detail
            )
        case .information, .keys, .handles, .revoked: throw unavailable
        }
    }
}

extension Authenticator {
    /// The question whether the core still knows a held session.
    public func databaseCheck(_ reference: SessionReference) -> CoreQuestion {
        .verify(
            token: accessToken(reference),
            handle: sessionHandle(reference).copied(),
            checksDatabase: true
        )
    }

    /// Goes on with a held session after its database check.
    ///
    /// - Parameters:
    ///   - reference: the session's; held still where it is in what is returned, else given back.
    ///   - answer: the core's.
    ///   - isSeedEra: whether the client's SDK is one that sends `sIdRefreshToken`.
    ///   - wall: now, in milliseconds since the epoch.
    /// - Returns: the session as the core has it now, or why it may not be used.
    public mutating func checked(
        _ reference: SessionReference,
        _ answer: CoreAnswer,
        isSeedEra: Bool,
        wallMilliseconds wall: Int64
    ) -> Authentication {
        do throws(SessionRefusal) {
            guard let newToken = try Self.newToken(answer) else { return .session(reference) }
            let kind = reference.isCookieBorne ? CredentialKind.cookie : .bearer
            let credential = cache.bytes(.credential, of: reference).copied()
            let session = try successor(
                newToken,
                of: sessionHandle(reference).copied(),
                Proof(key: 0, until: .max),
                to: kind,
                replacing: credential.span,
                isSeedEra: isSeedEra,
                wall
            )
            cache.release(reference)
            return hold(session, credential.span, kind, isListed: false, wall)
        } catch {
            cache.release(reference)
            return .refused(error)
        }
    }

    /// The lines that give the client its new access token; empty when there is none.
    @_lifetime(borrow self)
    public func delivery(_ reference: SessionReference) -> Span<UInt8> {
        cache.bytes(.delivery, of: reference)
    }

    /// The access token that the session now has.
    func accessToken(_ reference: SessionReference) -> [UInt8] {
        let newToken = cache.bytes(.newToken, of: reference)
        if !newToken.isEmpty { return newToken.copied() }
        let credential = cache.bytes(.credential, of: reference)
        return reference.isCookieBorne ? CookieValue.decoded(credential) : credential.copied()
    }

    /// Whether an upstream's own access token is this session's: then it is the one that the client
    /// gets.
    public mutating func isSuccessor(
        _ credential: Span<UInt8>,
        isCookie: Bool,
        of reference: SessionReference,
        wallMilliseconds wall: Int64
    ) -> Bool {
        let bytes = isCookie ? CookieValue.decoded(credential) : credential.copied()
        guard let token = AccessToken.parse(bytes.span), wall < token.expiry,
            sessionHandle(reference).equals(token.sessionHandle.span),
            case .verified = verify(token, bytes, wallMilliseconds: wall)
        else { return false }
        return true
    }

    /// The lines that tell a client that its session has ended, and the names it must be let read.
    public func clearing(isSeedEra: Bool) -> [UInt8] {
        SessionFields(options: options).clearing(isSeedEra: isSeedEra)
    }

    /// Whether the client's SDK is one of those that set `sIdRefreshToken`.
    public static func isSeedEra(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        hasSessionMarker(head, bytes)
    }
}

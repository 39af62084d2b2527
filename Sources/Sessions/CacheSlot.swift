internal import Bytes

/// One place of the verified-token cache: its entry's bytes in one block of memory, and what is
/// known of the entry.
///
/// The block holds the field, then the credential (unless the field ends with it), user, handle,
/// anti-CSRF token, the token that took its place with the lines that deliver it, and the ends of
/// claims where there are some.
@safe
struct CacheSlot {
    private var block: UnsafeMutablePointer<UInt8>?
    private(set) var blockBytes = 0
    private var fieldBytes = 0
    private var tokenOffset = 0
    private var credentialOffset = 0
    private var credentialBytes = 0
    private var userBytes = 0
    private var handleBytes = 0
    private var antiCSRFBytes = 0
    private var claimLists = 0
    private var newTokenBytes = 0
    private var deliveryBytes = 0

    private(set) var hash: UInt64 = 0
    private(set) var kind = CredentialKind.cookie
    private(set) var format = TokenFormat.v1
    private(set) var jwtIsAccessToken = false
    private(set) var jwtIsTooLong = false
    private(set) var keyIdentity: UInt32 = 0
    /// Milliseconds since the epoch.
    private(set) var expiry: Int64 = 0
    private(set) var addedAt: Int64 = 0
    private var claimFailures = ClaimFailures.all
    /// The least of the ends.
    private var claimsEnd = Int64.max
    /// When the token was made: milliseconds since the epoch.
    private(set) var createdAt: Int64 = 0
    /// The epoch of `RevokedSessions` at which the session was found to stand; 0 = it was not
    /// looked for.
    var checkedEpoch: UInt64 = 0
    /// The mark up to which the core said that the session stands: milliseconds since the epoch.
    var confirmedMark = Int64.min

    /// Which of the place's entries this is, one after the other.
    var generation: UInt32 = 0
    /// Requests that read the entry now.
    var pins: UInt32 = 0
    /// The next place of the same bucket, or of the free list.
    var next: UInt32 = CacheSlot.none
    /// Whether look-ups find the entry.
    var isListed = false
    /// Whether it was found since the clock's hand passed.
    var isReferenced = false
    /// Whether it was found since its session was last taken as one in use.
    var isInUse = false

    /// No place.
    static let none = UInt32.max

    init() {
        unsafe block = nil
    }

    /// Bytes an entry occupies.
    static func cost(_ session: VerifiedSession, credential: Span<UInt8>) -> Int {
        let shared = sharesCredential(session, credential)
        let bytes =
            session.field.count + session.user.count + session.sessionHandle.count
            + session.antiCSRFToken.count + session.newToken.count + session.delivery.count
            + (shared ? 0 : credential.count) + session.claims.ends.count * endBytes
        // What the allocator rounds up and adds.
        return (bytes + 31) & ~15
    }

    /// Stores an entry in a free place.
    mutating func fill(
        _ session: VerifiedSession,
        credential: Span<UInt8>,
        kind: CredentialKind,
        hash: UInt64,
        addedAt: Int64
    ) {
        let shared = Self.sharesCredential(session, credential)
        blockBytes = Self.cost(session, credential: credential)
        fieldBytes = session.field.count
        tokenOffset = session.tokenOffset
        credentialOffset = shared ? fieldBytes - credential.count : fieldBytes
        credentialBytes = credential.count
        userBytes = session.user.count
        handleBytes = session.sessionHandle.count
        antiCSRFBytes = session.antiCSRFToken.count
        newTokenBytes = session.newToken.count
        deliveryBytes = session.delivery.count
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: blockBytes)
        unsafe block = unsafe memory
        unsafe Self.copy(session.field.span, to: memory)
        if !shared { unsafe Self.copy(credential, to: memory + fieldBytes) }
        var end = unsafe memory + userOffset
        unsafe Self.append(session.user.span, at: &end)
        unsafe Self.append(session.sessionHandle.span, at: &end)
        unsafe Self.append(session.antiCSRFToken.span, at: &end)
        unsafe Self.append(session.newToken.span, at: &end)
        unsafe Self.append(session.delivery.span, at: &end)
        fill(session.claims)
        self.hash = hash
        self.kind = kind
        format = session.format
        jwtIsAccessToken = session.jwtIsAccessToken
        jwtIsTooLong = session.jwtIsTooLong
        keyIdentity = session.keyIdentity
        expiry = session.expiry
        self.addedAt = addedAt
        createdAt = session.createdAt
        checkedEpoch = 0
        confirmedMark = .min
    }

    private mutating func fill(_ claims: ClaimVerdicts) {
        claimFailures = claims.failures
        claimLists = claims.ends.count
        claimsEnd = claims.ends.min() ?? .max
        guard let block = unsafe block else { return }
        var place = unsafe block + claimEndsOffset
        for end in claims.ends {
            for shift in 0..<UInt64(Self.endBytes) {
                unsafe place.initialize(
                    to: UInt8(truncatingIfNeeded: UInt64(bitPattern: end) >> (shift * 8))
                )
                unsafe place += 1
            }
        }
    }

    /// Bytes of one list's end.
    private static let endBytes = 8

    /// Which lists of claims the session does not meet at this time.
    func claimFailures(wallMilliseconds: Int64) -> ClaimFailures {
        guard wallMilliseconds > claimsEnd else { return claimFailures }
        var failures = claimFailures
        let ends = span(at: claimEndsOffset, count: claimLists * Self.endBytes)
        for list in 0..<claimLists {
            var end: UInt64 = 0
            for byte in 0..<Self.endBytes {
                end |= UInt64(ends[list * Self.endBytes + byte]) << UInt64(byte * 8)
            }
            if wallMilliseconds > Int64(bitPattern: end) { failures.insert(list) }
        }
        return failures
    }

    /// Gives the block back; the place is free then.
    mutating func clear() {
        deallocate()
        unsafe block = nil
        blockBytes = 0
        generation &+= 1
    }

    /// Frees the block without noting it: for the cache's end.
    func deallocate() {
        if let block = unsafe block { unsafe block.deallocate() }
    }

    /// Whether the entry's credential is exactly these bytes.
    func matches(_ credential: Span<UInt8>) -> Bool {
        credential.count == credentialBytes
            && span(at: credentialOffset, count: credentialBytes).equals(credential)
    }

    /// The runs of bytes that are read from an entry.
    enum Part {
        /// The value of the field that carries the JWT.
        case field
        /// The JWT alone.
        case token
        case user
        case sessionHandle
        case antiCSRFToken
        /// The credential as it was sent.
        case credential
        case newToken
        case delivery
    }

    /// One run of the entry in a place; lives as long as the places are only read.
    @_lifetime(borrow slots)
    static func bytes(
        _ part: Part,
        ofSlot index: Int,
        in slots: borrowing [CacheSlot]
    ) -> Span<UInt8> {
        unsafe _overrideLifetime(slots[index].bytes(part), borrowing: slots)
    }

    @_lifetime(borrow self)
    private func bytes(_ part: Part) -> Span<UInt8> {
        switch part {
        case .field: span(at: 0, count: fieldBytes)
        case .token: span(at: tokenOffset, count: fieldBytes - tokenOffset)
        case .user: span(at: userOffset, count: userBytes)
        case .sessionHandle: span(at: userOffset + userBytes, count: handleBytes)
        case .antiCSRFToken: span(at: antiCSRFOffset, count: antiCSRFBytes)
        case .credential: span(at: credentialOffset, count: credentialBytes)
        case .newToken: span(at: antiCSRFOffset + antiCSRFBytes, count: newTokenBytes)
        case .delivery:
            span(at: antiCSRFOffset + antiCSRFBytes + newTokenBytes, count: deliveryBytes)
        }
    }

    /// Whether a new token is to be given to the client.
    var hasDelivery: Bool { deliveryBytes > 0 }

    private var antiCSRFOffset: Int { userOffset + userBytes + handleBytes }

    private var claimEndsOffset: Int {
        antiCSRFOffset + antiCSRFBytes + newTokenBytes + deliveryBytes
    }

    private var userOffset: Int { max(fieldBytes, credentialOffset + credentialBytes) }

    @_lifetime(borrow self)
    private func span(at offset: Int, count: Int) -> Span<UInt8> {
        guard let block = unsafe block, count > 0 else { return Span() }
        let bytes = unsafe UnsafeBufferPointer(start: block + offset, count: count)
        let span = unsafe Span(_unsafeElements: bytes)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// A bearer token of the new era is its own JWT: its bytes end the field.
    private static func sharesCredential(
        _ session: VerifiedSession,
        _ credential: Span<UInt8>
    ) -> Bool {
        let start = session.field.count - credential.count
        guard start >= 0, !credential.isEmpty else { return false }
        return session.field.span.extracting(start..<session.field.count).equals(credential)
    }

    private static func append(_ bytes: Span<UInt8>, at end: inout UnsafeMutablePointer<UInt8>) {
        unsafe copy(bytes, to: end)
        unsafe end += bytes.count
    }

    private static func copy(_ bytes: Span<UInt8>, to memory: UnsafeMutablePointer<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress else { return }
            unsafe memory.update(from: from, count: source.count)
        }
    }
}

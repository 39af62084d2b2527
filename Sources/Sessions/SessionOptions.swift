public import Bytes

/// The core to ask for keys.
public struct CoreOptions: Sendable, Equatable {
    /// One core: `http://host:port/base`, or `https`.
    public struct Location: Sendable, Equatable {
        /// A name, or an address without brackets.
        public var host: String
        /// The TCP port.
        public var port: UInt16
        /// Begins with `/` and does not end with one; empty for none.
        public var basePath: String
        /// Whether it is spoken to in TLS: `https`.
        public var isEncrypted: Bool
        /// Where the URL stands, for errors about it.
        public var position: SourcePosition

        /// A core at `http://host:port` and `basePath`, or at `https`.
        public init(
            host: String,
            port: UInt16,
            basePath: String,
            isEncrypted: Bool = false,
            position: SourcePosition
        ) {
            self.host = host
            self.port = port
            self.basePath = basePath
            self.isEncrypted = isEncrypted
            self.position = position
        }

        /// Host and port as a `Host` field has them.
        public var authority: String {
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }

        /// The location as its URL has it.
        public var url: String {
            "\(isEncrypted ? "https" : "http")://\(authority)\(basePath)"
        }

        /// Whether both are the same, wherever they are written: a line above them changes nothing.
        public static func == (left: Location, right: Location) -> Bool {
            left.host == right.host && left.port == right.port && left.basePath == right.basePath
                && left.isEncrypted == right.isEncrypted
        }
    }

    /// Tried in order; never empty.
    public var locations: [Location]
    /// Sent as `api-key`; empty = not sent.
    public var apiKey: String = ""
    /// For one request to one core, from the connect to the last byte.
    public var timeout = Duration.seconds(2)

    /// Cores to be asked without a key, two seconds each.
    public init(locations: [Location]) {
        self.locations = locations
    }
}

/// What sessions are accepted and what is made of them: `sessions` in the configuration.
public struct SessionOptions: Sendable, Equatable {
    /// Which key IDs a V3+ session token may have.
    public enum SigningKeys: Sendable { case dynamic, `static`, any }
    /// Where a token may come from.
    public enum TokenTransfer: Sendable { case any, cookie, header }
    /// Where the JWT comes from.
    public enum JWTSource: Sendable { case auto, payload, accessToken }

    /// What a cookie-borne session asks of requests that may change something, against requests
    /// that other sites' pages make (protocol, section 3.4).
    public enum AntiCSRF: Sendable {
        /// A method other than GET and HEAD, from another site, needs a `rid` field or a listed
        /// origin.
        case auto
        /// Nothing.
        case none
        /// A method other than GET needs a `rid` field, as the SDK's `VIA_CUSTOM_HEADER`.
        case customHeader
        /// A method other than GET needs the session's `anti-csrf`, as the SDK's `VIA_TOKEN`.
        case token
    }

    /// What the cookie `sIdRefreshToken` means, which the SDKs of the seed era set beside their
    /// tokens and those after them take for a session to be renewed (protocol, section 3).
    public enum LegacyIDRefresh: Sendable {
        /// Alone, that a refresh may bring a session; beside a token, nothing.
        case ignore
        /// V1 and V2 tokens from a cookie count only beside it, as in the seed era's SDKs.
        case require
        /// Every request that has it is asked to refresh, as in the SDKs after them.
        case refuse
    }

    /// The session cookies that the gateway writes: what it must have in common with the back end's
    /// SDK, or browsers would keep two of a name.
    public struct Cookies: Sendable, Equatable {
        /// The attribute `SameSite`.
        public enum SameSite: String, Sendable {
            case strict = "Strict", lax = "Lax", none = "None"
        }

        /// The attribute `Domain`; empty = none, so that the cookie is the host's own.
        public var domain = ""
        /// The access token cookie's path.
        public var path = "/"
        /// The refresh token cookie's path.
        public var refreshPath = "/auth/session/refresh"
        /// Whether browsers send them through TLS alone.
        public var isSecure = true
        /// Whether browsers send them from other sites.
        public var sameSite = SameSite.lax
        /// A domain that cookies were set for in the past: what ends a session ends these, too. Nil
        /// = none; empty = the host's own.
        public var olderDomain: String?
        /// Whether a new access token also goes to the page, in `st-access-token` beside its cookie
        /// (protocol, section 3.7).
        public var exposesAccessToken = false

        /// The SDKs' defaults for a service of one site.
        public init() {}
    }

    /// Whom to ask for keys, and of sessions.
    public var core: CoreOptions
    /// Whether V3, V4 and V5 tokens are accepted.
    public var acceptsJWTTokens = true
    /// Whether V1 and V2 tokens are accepted.
    public var acceptsLegacyTokens = true
    /// Which key IDs are accepted.
    public var signingKeys = SigningKeys.dynamic
    /// Where a token may come from.
    public var tokenTransfer = TokenTransfer.any
    /// What the cookie `sIdRefreshToken` means.
    public var legacyIDRefresh = LegacyIDRefresh.ignore
    /// What is asked of requests whose session came in a cookie.
    public var antiCSRF = AntiCSRF.auto
    /// The access token's cookie; exact.
    public var accessTokenCookie = "sAccessToken"
    /// The refresh token's cookie, which never reaches an upstream.
    public var refreshTokenCookie = "sRefreshToken"
    /// How session cookies are written.
    public var cookies = Cookies()
    /// Whether the core is asked about every session token.
    public var checksDatabase = false
    /// Whether the core is told of tokens that a refresh made, and their successors are delivered.
    public var verifiesChildren = true
    /// Status of every refusal of a session.
    public var expiredStatus: UInt16 = 401
    /// Status where a session's claims are not as a route wants them; never `expiredStatus`.
    public var invalidClaimStatus: UInt16 = 403
    /// What routes want of claims: the sessions' own list, and those of routes.
    public var claims = ClaimLists()
    /// Where the JWT comes from.
    public var jwtSource = JWTSource.auto
    /// The payload's property, where the payload has no `_jwtPName`.
    public var jwtProperty = "jwt"
    /// Whether a session without a JWT is refused; else it passes without.
    public var jwtRequired = true
    /// The field the JWT goes into, lower case.
    public var jwtField = "authorization"
    /// Before the JWT, with a space; empty = the bare token.
    public var jwtScheme = "Bearer"
    /// Keys are fetched again from half this age on.
    public var keysMaximumAge = Duration.seconds(4 * 3600)
    /// Keys that no core confirmed for so long verify nothing.
    public var keysMaximumStale = Duration.seconds(24 * 3600)
    /// At least this lies between two fetches for keys that tokens name.
    public var unknownKeyCooldown = Duration.milliseconds(500)
    /// Where the last keys are kept for the next start; empty = nowhere.
    public var keysCacheFile = ""
    /// Bytes of the verified-token caches of all workers.
    public var tokenCacheBytes = 64 * 1024 * 1024
    /// A token is verified anew when its verdict is so old.
    public var tokenCacheMaximumAge = Duration.seconds(300)
    /// How sessions are dropped before their tokens end.
    public var revocation = RevocationOptions()

    /// The defaults, which `docs/configuration.md` lists.
    public init(core: CoreOptions) {
        self.core = core
    }

    /// How long a request waits for a key: until the cooldown is over, and for the core.
    public var longestKeyWait: Duration {
        core.timeout + min(unknownKeyCooldown, KeyFetcher.longestHold)
    }
}

import Bytes
import HTTPCore
import Sessions
import TLS

/// `sessions`.
enum SessionReader {
    private static let longest = Duration.seconds(365 * 24 * 3600)
    private static let defaultCore = "http://127.0.0.1:3567"

    /// - Parameters:
    ///   - file: the whole configuration.
    ///   - coreTLS: how https cores are spoken to.
    /// - Returns: the options; what is wrong is reported.
    static func read(
        _ file: inout Section,
        coreTLS: inout TLSClientOptions
    ) -> SessionOptions {
        let core = CoreOptions(
            locations: [
                CoreOptions.Location(
                    host: "127.0.0.1",
                    port: 3567,
                    basePath: "",
                    position: .builtIn
                )
            ]
        )
        var options = SessionOptions(core: core)
        file.section("sessions") { section in
            section.section("core") { section in
                read(core: &section, into: &options.core)
                let isUsed = options.core.locations.contains(where: \.isEncrypted)
                let tls = TLSClientReader.read(&section, isUsed: isUsed, servers: "a core")
                if let tls { coreTLS = tls }
            }
            accessTokens(&section, into: &options)
            section.choice(
                "signing_keys",
                ["dynamic": .dynamic, "static": .static, "any": .any],
                into: &options.signingKeys
            )
            section.choice(
                "token_transfer",
                ["any": .any, "cookie": .cookie, "header": .header],
                into: &options.tokenTransfer
            )
            section.choice(
                "anti_csrf",
                ["auto": .auto, "none": .none, "custom_header": .customHeader, "token": .token],
                into: &options.antiCSRF
            )
            section.choice(
                "legacy_id_refresh",
                ["ignore": .ignore, "require": .require, "refuse": .refuse],
                into: &options.legacyIDRefresh
            )
            section.section("cookie_names") { cookieNames(&$0, into: &options) }
            section.boolean("check_database", into: &options.checksDatabase)
            section.boolean("verify_children", into: &options.verifiesChildren)
            section.section("cookies") { cookies(&$0, into: &options.cookies) }
            notYet(&section)
            statuses(&section, into: &options)
            options.claims = ClaimLists(ClaimReader.read(&section) ?? [])
            section.section("revocation") { RevocationReader.read(&$0, into: &options.revocation) }
            section.section("jwt") { jwt(&$0, into: &options) }
            section.section("keys") { keys(&$0, into: &options) }
            section.section("token_cache") { section in
                section.size("size", in: (1 << 20)...(1 << 40), into: &options.tokenCacheBytes)
                section.duration(
                    "maximum_age",
                    in: .seconds(1)...(.seconds(24 * 3600)),
                    into: &options.tokenCacheMaximumAge
                )
            }
        }
        return options
    }

    private static func read(core section: inout Section, into core: inout CoreOptions) {
        if let position = section.keyPosition("urls") {
            let reading = section.reading
            let urls = section.set("urls") { text, _ in URLs.core(text, reading) }
            if let urls, !urls.isEmpty { core.locations = urls }
            if case .list(let items, _)? = section.peek("urls"), items.isEmpty {
                section.report.error(
                    position,
                    "`sessions.core.urls` is empty",
                    "write at least one, such as [\(defaultCore)]"
                )
            }
        } else {
            _ = section.value("urls")
        }
        core.apiKey = SecretReader.read(&section, "api_key") ?? ""
        section.duration("timeout", into: &core.timeout)
    }

    private static func accessTokens(_ section: inout Section, into options: inout SessionOptions) {
        let words = ["jwt", "legacy"]
        guard let position = section.keyPosition("access_tokens") else {
            _ = section.value("access_tokens")
            return
        }
        let formats = section.set("access_tokens") { text, report -> String? in
            if words.contains(text.value) { return text.value }
            report.error(
                text.position,
                "\(text.quoted) is not a format of access tokens",
                Spelling.remedy(for: text.value, among: words, called: "formats")
            )
            return nil
        }
        guard let formats else { return }
        if case .list(let items, _)? = section.peek("access_tokens"), items.isEmpty {
            section.report.error(
                position,
                "`sessions.access_tokens` is empty: no session could be accepted",
                "write jwt, legacy, or both"
            )
        }
        options.acceptsJWTTokens = formats.contains("jwt")
        options.acceptsLegacyTokens = formats.contains("legacy")
    }

    private static func cookieNames(_ section: inout Section, into options: inout SessionOptions) {
        cookieName("access_token", &section, into: &options.accessTokenCookie)
        cookieName("refresh_token", &section, into: &options.refreshTokenCookie)
        if options.accessTokenCookie == options.refreshTokenCookie {
            section.report.error(
                section.position,
                "both cookies have the same name",
                "give the access token's and the refresh token's cookie names of their own"
            )
        }
    }

    private static func cookieName(
        _ key: String,
        _ section: inout Section,
        into name: inout String
    ) {
        guard let text = section.text(key) else { return }
        if Names.isToken(text.value) {
            name = text.value
        } else {
            section.report.error(
                text.position,
                "\(text.quoted) is not a cookie name",
                "write letters, digits, `-` and `_`, such as sAccessToken"
            )
        }
    }

    private static func cookies(
        _ section: inout Section,
        into cookies: inout SessionOptions.Cookies
    ) {
        if let text = domain("domain", &section) { cookies.domain = text }
        cookies.olderDomain = domain("older_domain", &section)
        if let text = path("path", &section) { cookies.path = text }
        if let text = path("refresh_path", &section) { cookies.refreshPath = text }
        section.boolean("secure", into: &cookies.isSecure)
        section.boolean("expose_access_token", into: &cookies.exposesAccessToken)
        section.choice(
            "same_site",
            ["lax": .lax, "strict": .strict, "none": .none],
            into: &cookies.sameSite
        )
        if cookies.sameSite == .none, !cookies.isSecure {
            section.report.error(
                section.keyPosition("same_site") ?? section.position,
                "browsers drop cookies with SameSite=None that are not secure",
                "write secure: true, or same_site: lax"
            )
        }
    }

    private static func domain(_ key: String, _ section: inout Section) -> String? {
        guard let text = section.text(key) else { return nil }
        let bytes = text.value.utf8
        if bytes.allSatisfy({ $0.isTokenByte && $0 < 0x7F }) { return text.value }
        section.report.error(
            text.position,
            "\(text.quoted) is not a cookie's domain",
            "write a host name such as example.com, or \"\" for the host's own"
        )
        return nil
    }

    private static func path(_ key: String, _ section: inout Section) -> String? {
        guard let text = section.text(key) else { return nil }
        let bytes = text.value.utf8
        let isPath =
            bytes.first == UInt8(ascii: "/")
            && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") }
        if isPath { return text.value }
        section.report.error(
            text.position,
            "\(text.quoted) is not a cookie's path",
            "write a path such as /"
        )
        return nil
    }

    private static func notYet(_ section: inout Section) {
    }

    /// Front ends refresh a session at one of the two and not at the other.
    private static func statuses(_ section: inout Section, into options: inout SessionOptions) {
        var expired = Int(options.expiredStatus)
        var invalid = Int(options.invalidClaimStatus)
        section.integer("expired_status", in: 400...499, into: &expired)
        section.integer("invalid_claim_status", in: 400...499, into: &invalid)
        guard expired == invalid else {
            options.expiredStatus = UInt16(expired)
            options.invalidClaimStatus = UInt16(invalid)
            return
        }
        if let position = section.keyPosition("invalid_claim_status") {
            section.report.error(
                position,
                "`sessions.invalid_claim_status` is `expired_status` too",
                "write another: front ends refresh at that one and not at this"
            )
        } else {
            section.report.error(
                section.keyPosition("expired_status") ?? section.position,
                "`sessions.expired_status` is the status of an invalid claim",
                "write another, such as 401: front ends refresh at this one and not at \(invalid)"
            )
        }
    }

    private static func jwt(_ section: inout Section, into options: inout SessionOptions) {
        section.choice(
            "source",
            ["auto": .auto, "payload": .payload, "access_token": .accessToken],
            into: &options.jwtSource
        )
        if let text = section.text("property") {
            if Names.isLabel(text.value) {
                options.jwtProperty = text.value
            } else {
                section.report.error(
                    text.position,
                    "`sessions.jwt.property` is \(text.quoted)",
                    "write the payload's property, such as jwt"
                )
            }
        }
        section.boolean("required", into: &options.jwtRequired)
        if let text = section.text("field"),
            let name = FieldNames.settable(text, besides: .authorization, section.report)
        {
            options.jwtField = name
        }
        if let text = section.text("scheme") {
            if text.value.isEmpty || Names.isToken(text.value) {
                options.jwtScheme = text.value
            } else {
                section.report.error(
                    text.position,
                    "\(text.quoted) is not an authentication scheme",
                    "write one word such as Bearer, or \"\" for the bare token"
                )
            }
        }
    }

    /// A file that the gateway puts in place itself, so that its folder must let it.
    private static func ownFile(_ text: Text, _ section: Section) -> String {
        let path = section.reading.resolve(text.value)
        section.report.names(path, at: text.position, isReplaced: true)
        if let problem = OwnFile.whyNotReplaceable(path) {
            section.report.error(
                text.position,
                "the file \(text.quoted) cannot be written: \(problem)",
                "make the folder and let this user write there, such as /var/lib/sallyport"
            )
        }
        return path
    }

    private static func keys(_ section: inout Section, into options: inout SessionOptions) {
        let range = Duration.seconds(1)...longest
        section.duration("maximum_age", in: range, into: &options.keysMaximumAge)
        section.duration("maximum_stale", in: range, into: &options.keysMaximumStale)
        section.duration("unknown_key_cooldown", into: &options.unknownKeyCooldown)
        if let text = section.text("cache_file"), !text.value.isEmpty {
            options.keysCacheFile = ownFile(text, section)
        }
        if options.keysMaximumStale < options.keysMaximumAge {
            section.report.error(
                section.keyPosition("maximum_stale") ?? section.position,
                "`sessions.keys.maximum_stale` is shorter than `maximum_age`",
                "write at least \(Quantities.text(options.keysMaximumAge))"
                    + ", or a shorter maximum_age"
            )
        }
    }
}

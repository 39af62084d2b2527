import Bytes
import JOSE
import Sessions

/// The keys of a core that exists no more, whose tokens the corpora hold.
enum KnownKeys {
    /// A time at which the tokens are valid, in milliseconds since the epoch.
    static let now: Int64 = 1_800_000_000_000

    static let dynamicID = Array("d-1700000000000".utf8)
    static let staticID = Array("s-2de612a5-a5ba-413e-9216-4c43e2e78c86".utf8)

    static let dynamicModulus =
        "s740PjwI4t0N00X7uQljPNzAG4p2sB1gbaqAsr5WHK5-ElWGe1Y7ClAqzqbqAAvCrS0mFS-qdBX4yUuli0n0E5"
        + "44RvAAszXUXzYUY0UMqutpXP3-4n6SaU-fbdFV_K8-KHpshdZYT-Ik6dhOKPqSStbZ0-YtPIhVddkGEyl0iedd"
        + "Ju9ts5ZyJvuLkBeAWtp4URq_1_UVGEOPamhb_sRroqg8nB6A6jg3j_HxQDJfGK3sGnYrgGCooD9Zk6vT9koOqE"
        + "HtINlO3RbEjTe23NgRuUICD3c5FbwFOuaGcJMFsWFPAmAztlB_xoXr9sim0kes15sx3BIblSAGTr4aoBJ6bQ"

    static let staticModulus =
        "k7Tpr_NWnt1e6GeEXyuIF94e_2i1VCQnmcYeIjH-0US4VsS0MMd2hNw48y4oprCzIPhtB1N_vjC9MQZwQrBjnU"
        + "NODArMF4mcdfnZrcdNN5TEu_ka0lK4S3VBpFw_lIQJ1u3kQdHAxWuG-hZsf2ZTdsjKyIsMHrZ4XlyJxfnIEcCw"
        + "VFOthY9MMt6V7vZVWGC4XfvgCn9bucoaGsUb6d7XutUZaLYHUKOYBkvwFuEB1ym2Y36wg9SRpINXwSwYCcJiTx"
        + "2nrH_KawwH4ieuudYOM460Z48AW5zhMRYF6Aoax2EH-Dc_GU6M0oV5v28MXncwEadtq916MLF8irPbw1s2WQ"

    /// The key with the first modulus, as the handshake gives it.
    static let legacy =
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs740PjwI4t0N00X7uQljPNzAG4p2sB1gbaqAsr5WHK"
        + "5+ElWGe1Y7ClAqzqbqAAvCrS0mFS+qdBX4yUuli0n0E544RvAAszXUXzYUY0UMqutpXP3+4n6SaU+fbdFV/K8+"
        + "KHpshdZYT+Ik6dhOKPqSStbZ0+YtPIhVddkGEyl0ieddJu9ts5ZyJvuLkBeAWtp4URq/1/UVGEOPamhb/sRroq"
        + "g8nB6A6jg3j/HxQDJfGK3sGnYrgGCooD9Zk6vT9koOqEHtINlO3RbEjTe23NgRuUICD3c5FbwFOuaGcJMFsWFP"
        + "AmAztlB/xoXr9sim0kes15sx3BIblSAGTr4aoBJ6bQIDAQAB"

    static var options: SessionOptions {
        let location = CoreOptions.Location(
            host: "core.test",
            port: 3567,
            basePath: "",
            position: .builtIn
        )
        var options = SessionOptions(core: CoreOptions(locations: [location]))
        options.signingKeys = .any
        options.tokenCacheBytes = 64 * 1024
        return options
    }

    /// What control publishes at `wallMilliseconds`.
    static func set(at wallMilliseconds: Int64) -> KeySet {
        set(
            web: [key(dynamicID, dynamicModulus), key(staticID, staticModulus)],
            legacy: Base64.decodeStandard(Array(legacy.utf8).span) ?? [],
            at: wallMilliseconds
        )
    }

    static func set(web: [JSONWebKey], legacy: [UInt8], at wallMilliseconds: Int64) -> KeySet {
        var set = KeySet()
        set.sequence = 1
        set.webKeys = web
        set.legacyKeys = [
            LegacyKey(
                subjectPublicKeyInfo: legacy,
                createdAt: 1_700_000_000_000,
                expiry: 4_102_444_800_000
            )
        ]
        set.webKnowledge = .known
        set.legacyKnowledge = .known
        set.webConfirmedAt = wallMilliseconds
        set.legacyConfirmedAt = wallMilliseconds
        return set
    }

    private static func key(_ keyID: [UInt8], _ modulus: String) -> JSONWebKey {
        JSONWebKey(
            keyID: keyID,
            modulus: Base64.decodeURL(Array(modulus.utf8).span) ?? [],
            exponent: [1, 0, 1]
        )
    }
}

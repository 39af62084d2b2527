import Bytes
import Connections
import Cryptography
import EventLoop
import HTTPCore
import JOSE
import Policy
import Sessions
import TLS
import Upstreams

@testable import Proxy

/// The configuration of these tests: one upstream, and a route for each rule.
enum Fixture {
    static let position = SourcePosition(file: "sallyport.yaml", line: 1, column: 1)
    static let loopback = SocketAddress.v4(0x7F00_0001, port: 0)

    static func route(
        _ name: String,
        _ rule: SessionRule,
        action: RouteAction = .forward(upstream: 0)
    ) -> RouteOptions {
        var route = RouteOptions(
            name: name,
            position: position,
            path: .prefix("/\(name)"),
            action: action
        )
        route.session = rule
        return route
    }

    static func options(
        listeners: [ListenerOptions] = [ListenerOptions(address: loopback, position: position)]
    ) -> GatewayOptions {
        var sessions = SessionOptions(
            core: CoreOptions(locations: [
                .init(host: "core.test", port: 3567, basePath: "", position: position)
            ])
        )
        sessions.tokenCacheBytes = 1 << 20
        let target = TargetAddress.http(host: "api.test", port: 8080)
        var options = GatewayOptions(
            listeners: listeners,
            sessions: sessions,
            upstreams: [UpstreamOptions(name: "api", position: position, targets: [target])],
            routes: [
                route("public", .public), route("private", .required),
                route("optional", .optional), route("untouched", .passthrough),
                route("jwt", .required, action: .respondJWT(exposesAccessToken: true)),
            ]
        )
        options.limits.connections = 16
        return options
    }

    static func source(
        _ options: GatewayOptions = options(),
        number: Int = 1,
        certificates: [[CertificateMaterial]] = [[]],
        upstream: SocketAddress? = nil
    ) -> GenerationSource {
        let target = TargetID(upstream: 0, target: 0)
        return GenerationSource(
            number: number,
            options: options,
            certificates: certificates,
            addresses: upstream.map { [target: [$0]] } ?? [:]
        )
    }
}

/// A core's key pair, made once, and the tokens it signs.
final class CoreKey: @unchecked Sendable {
    static let shared = CoreKey()
    static let keyID = "d-1700000000000"
    private let key: RSAPrivateKey

    private init() {
        do {
            key = try RSAPrivateKey.generate()
        } catch {
            preconditionFailure("no key")
        }
    }

    /// What the control thread posts once a core answered.
    func keys(sequence: UInt64 = 1) -> KeySet {
        let numbers = key.modulusAndExponent
        var set = KeySet()
        set.sequence = sequence
        set.webKeys = [
            JSONWebKey(
                keyID: Array(Self.keyID.utf8),
                modulus: numbers.modulus,
                exponent: numbers.exponent
            )
        ]
        set.webKnowledge = .known
        set.webConfirmedAt = WallClock.milliseconds
        set.legacyKnowledge = .absent
        set.legacyConfirmedAt = WallClock.milliseconds
        return set
    }

    /// A session token (V5) that is valid for `seconds` from now on.
    func token(user: String = "user-1", seconds: Int64 = 3600) -> String {
        let now = WallClock.milliseconds / 1000
        let header =
            #"{"kid":"\#(Self.keyID)","typ":"JWT","version":"5","alg":"RS256"}"#
        let payload =
            #"{"iat":\#(now - 100),"exp":\#(now + seconds),"sub":"\#(user)","tId":"public","#
            + #""rsub":"\#(user)","sessionHandle":"handle","refreshTokenHash1":"hash","#
            + #""parentRefreshTokenHash1":null,"antiCsrfToken":null}"#
        let token = try? JWSSigner.sign(
            header: Array(header.utf8),
            payload: Array(payload.utf8),
            key: key,
            encoding: .url
        )
        return String(decoding: token ?? [], as: UTF8.self)
    }
}

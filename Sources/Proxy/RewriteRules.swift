import Bytes
import Connections
import EventLoop
import HTTPCore
import Policy
import Sessions
import TLS
import Upstreams

/// What the rewriting of heads needs of a configuration, prepared once.
struct RewriteRules: ~Copyable {
    let ownFields: OwnFields
    /// Override fields that are readmitted.
    let passFields: [[UInt8]]
    let corsOrigins: OriginList
    let corsAllowHeaders: [UInt8]
    let corsMaximumAge: [UInt8]
    let trustedProxies: TrustedProxies
    /// The `Host` sent to each target of each upstream; nil = the client's.
    let hosts: [[[UInt8]?]]
    /// Each target's own name, for clients that sent none.
    let ownNames: [[[UInt8]]]
    /// For each listener whether it answers 308 to https.
    private let redirecting: [Bool]
    /// `:port` of the https listener, empty when it is the default one.
    private let httpsPort: [UInt8]
    private let certificateNames: [String]
    private let routeHosts: [HostPattern]

    init(_ source: GenerationSource) {
        let options = source.options
        ownFields = OwnFields(
            jwt: Array(options.sessions.jwtField.utf8),
            requestID: Array(options.forwarding.requestIDField.utf8)
        )
        passFields = options.forwarding.passFields.map { Array($0.utf8) }
        corsOrigins = OriginList(options.forwarding.corsOrigins)
        let allowed =
            ["content-type", "rid", "anti-csrf", "authorization", "st-auth-mode", "fdi-version"]
            + options.forwarding.corsAllowHeaders
        corsAllowHeaders = Array(allowed.joined(separator: ", ").utf8)
        let seconds = options.forwarding.corsMaximumAge.milliseconds / 1000
        corsMaximumAge = Array(String(seconds).utf8)
        trustedProxies = TrustedProxies(options.forwarding.trustedProxies)
        hosts = options.upstreams.map(Self.hosts)
        ownNames = options.upstreams.map { $0.targets.map(Self.ownName) }
        redirecting = options.listeners.map(\.redirectToHTTPS)
        httpsPort = Self.httpsPort(options.listeners)
        certificateNames = source.certificates.flatMap { $0.flatMap(\.names) }
        routeHosts = options.routes.flatMap(\.hosts)
    }

    private static func hosts(of upstream: UpstreamOptions) -> [[UInt8]?] {
        upstream.targets.map { target in
            switch upstream.host {
            case .preserve: nil
            case .name(let name): Array(name.utf8)
            case .target: ownName(of: target)
            }
        }
    }

    private static func ownName(of target: TargetAddress) -> [UInt8] {
        switch target {
        case .http(let host, let port): authority(host, port, byDefault: 80)
        case .https(let host, let port): authority(host, port, byDefault: 443)
        case .unix: Array("localhost".utf8)
        }
    }

    private static func authority(
        _ host: String,
        _ port: UInt16,
        byDefault usual: UInt16
    ) -> [UInt8] {
        let name = host.contains(":") ? "[\(host)]" : host
        return Array((port == usual ? name : "\(name):\(port)").utf8)
    }

    private static func httpsPort(_ listeners: [ListenerOptions]) -> [UInt8] {
        for case let place in listeners.map(\.place) where place.isEncrypted {
            return place.port == 0 || place.port == 443 ? [] : Array(":\(place.port)".utf8)
        }
        return []
    }

    /// Whether `forwarding.pass_fields` lets an override field through.
    func readmits(_ name: Span<UInt8>) -> Bool {
        for field in passFields where OwnFields.foldsEqual(name, field.span) { return true }
        return false
    }

    func redirects(listener: Int) -> Bool {
        redirecting.indices.contains(listener) && redirecting[listener]
    }

    /// Whether a certificate or a route names the host, so that a redirect leads to no stranger's.
    func namesHost(_ host: Span<UInt8>) -> Bool {
        let name = host.text
        for pattern in routeHosts where Self.matches(pattern, name) { return true }
        for certificate in certificateNames {
            let pattern: HostPattern =
                certificate.hasPrefix("*.")
                ? .wildcard(String(certificate.dropFirst(2))) : .exact(certificate.lowercased())
            if Self.matches(pattern, name) { return true }
        }
        return false
    }

    private static func matches(_ pattern: HostPattern, _ name: String) -> Bool {
        switch pattern {
        case .exact(let exact):
            return exact == name || "[\(exact)]" == name
        case .wildcard(let suffix):
            return name.hasSuffix(".\(suffix.lowercased())")
                && name.utf8.count > suffix.utf8.count + 1
        }
    }

    /// The origin a redirect leads to, such as `https://app.example.com:8443`.
    func httpsOrigin(host: [UInt8]) -> [UInt8] {
        Array("https://".utf8) + host + httpsPort
    }
}

import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Policy
import Sessions
import TLS
import Upstreams

/// One configuration in one worker, compiled. It lives until its last exchange ends, so that no
/// request is judged by another configuration's route.
struct Generation: ~Copyable {
    let inPlace = InPlace()
    let number: Int
    let options: GatewayOptions
    let routes: RouteTable
    let rewrite: RewriteRules
    let antiCSRF: AntiCSRF
    /// Whether it has `passthrough` routes, and their answers may end sessions.
    let watchesSignOuts: Bool
    let names: RecordNames
    /// Each upstream's `response_timeout`.
    let responseTimeouts: [Duration]
    /// Each upstream's `tunnel_idle`; zero = none.
    let tunnelIdles: [Duration]
    /// Each route's `response_idle`.
    let responseIdles: [Duration]
    let authenticator: Handle<SharedAuthenticator>
    let pool: Handle<SharedPool>
    /// What its route indices begin at in the metrics.
    let metricsBase: Int
    /// For each route whether the core is asked about every session token.
    let databaseChecks: [Bool]
    /// Exchanges that name it.
    var uses = 0

    func checksDatabase(_ route: Int) -> Bool {
        databaseChecks.indices.contains(route) && databaseChecks[route]
    }
}

/// The names that records show, as bytes.
struct RecordNames: ~Copyable {
    let routes: [[UInt8]]
    let upstreams: [[UInt8]]
    /// By `Method.rawValue`.
    let methods = Method.allCases.map { Array($0.name.description.utf8) }
    /// For each upstream the place of its first target among all targets.
    let firstTargets: [Int]

    init(_ options: GatewayOptions) {
        routes = options.routes.map { Array($0.name.utf8) }
        upstreams = options.upstreams.map { Array($0.name.utf8) }
        var first = 0
        firstTargets = options.upstreams.map { group in
            defer { first += group.targets.count }
            return first
        }
    }
}

/// An authenticator with its cache. Generations with equal `sessions` options share it, so that a
/// reload leaves the cache warm.
struct SharedAuthenticator: ~Copyable {
    var authenticator: Authenticator
    let cookies: CookieFilter
    let accessTokenCookie: [UInt8]
    let options: SessionOptions
    /// Generations that name it.
    var uses = 0

    init(options: SessionOptions, cacheBytes: Int, keys: KeySet) {
        authenticator = Authenticator(options: options, cacheBytes: cacheBytes)
        authenticator.replaceKeys(keys)
        cookies = CookieFilter(options: options)
        accessTokenCookie = Array(options.accessTokenCookie.utf8)
        self.options = options
    }
}

/// The connections of one set of upstreams; generations with equal `upstreams` share it.
struct SharedPool: ~Copyable {
    var pool: UpstreamPool
    let options: [UpstreamOptions]
    /// What its upstreams trust and show; nil for an upstream without https targets.
    let materials: [TLSClientMaterial?]
    /// The names that certificates must be for, where they are not the targets' hosts.
    let serverNames: [String?]
    /// The same, ready for use.
    var tls: [UpstreamTLS?]
    /// What each target's name resolved to: a list for each target of each upstream.
    var addresses: [[[SocketAddress]]]
    /// For each upstream how many exchanges were called from its queue and have not leased yet.
    var promised: [Int]
    var uses = 0

    init(_ source: GenerationSource) throws(TLSFailure) {
        let options = source.options.upstreams
        var tls: [UpstreamTLS?] = []
        for (upstream, group) in options.enumerated() {
            guard source.clientTLS.upstreams.indices.contains(upstream),
                source.options.upstreamTLS.indices.contains(upstream),
                let material = source.clientTLS.upstreams[upstream]
            else {
                tls.append(nil)
                continue
            }
            let serverName = source.options.upstreamTLS[upstream]?.serverName
            tls.append(try UpstreamTLS(group, serverName: serverName, material))
        }
        pool = UpstreamPool(options)
        self.options = options
        materials = source.clientTLS.upstreams
        serverNames = source.options.upstreamTLS.map { $0?.serverName }
        self.tls = tls
        self.addresses = options.map { $0.targets.map { _ in [] } }
        promised = options.map { _ in 0 }
        for (target, list) in source.addresses { setAddresses(target, list) }
    }

    /// Whether others came before a request that wants a connection now.
    func hasQueue(_ upstream: Int) -> Bool {
        promised[upstream] > 0 || pool.waiterCount(upstream: upstream) > 0
    }

    mutating func setAddresses(_ target: TargetID, _ list: [SocketAddress]) {
        guard addresses.indices.contains(target.upstream),
            addresses[target.upstream].indices.contains(target.target)
        else { return }
        addresses[target.upstream][target.target] = list
        pool.setAddresses(target, count: list.count)
    }
}

/// What one upstream's https targets are spoken to with.
struct UpstreamTLS {
    let context: TLSClientContext
    /// The name that each target's certificate must have.
    let serverNames: [String]
    /// What each target gave last to resume.
    var sessions: [TLSSession?]

    init(
        _ options: UpstreamOptions,
        serverName: String?,
        _ material: TLSClientMaterial
    ) throws(TLSFailure) {
        context = try TLSClientContext(material)
        serverNames = options.targets.map { serverName ?? $0.endpoint?.host ?? "" }
        sessions = options.targets.map { _ in nil }
    }

    /// A connection to one of the targets, that has sent nothing yet.
    func connection(to target: Int) throws(TLSFailure) -> TLSConnection {
        try TLSConnection(
            context: context,
            serverName: serverNames[target],
            session: sessions[target]
        )
    }
}

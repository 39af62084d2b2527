import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Proxy
import Sessions
import TLS
import Upstreams

/// SIGHUP, and names that resolve anew.
extension ControlLoop {
    /// Reads the configuration again. On any error everything old stays.
    mutating func reload() {
        guard drainDeadline == nil else { return }
        switch surroundings.reload() {
        case .failure(let failure):
            metrics.increment(.reloadsFailed)
            for line in failure.lines { surroundings.log(.error, line, []) }
            surroundings.log(.error, "reload refused: the old configuration stays", [])
        case .success(let loaded):
            adopt(loaded)
        }
    }

    private mutating func adopt(_ loaded: LoadedConfiguration) {
        for line in loaded.warnings { surroundings.log(.warning, line, []) }
        let loaded = withoutWhatNeedsARestart(loaded)
        let old = configuration.options
        if loaded.options.log.access != old.log.access {
            if let failure = accessLog.replaceOutput(loaded.options.log.access) {
                surroundings.log(.error, "access log stays as it is", [("error", failure.message)])
            }
        }
        let revocation = loaded.options.sessions.revocation
        revocations.table.replaceLimits(entries: revocation.entries, keep: revocation.keep)
        poll.replaceInterval(revocation.poll, now: loop.now)
        connections.setMaximum(loaded.options.limits.connections)
        tunnels.setMaximum(loaded.options.limits.tunnels)
        configuration = loaded
        generation += 1
        unresolvedSince.removeAll()
        addresses = literalAddresses(loaded.options, keeping: addresses, of: old)
        replaceCores(old.sessions.core, by: loaded.options.sessions.core)
        resolveCores()
        adoptCores()
        pendingGeneration = (generation, workers.count, false)
        broadcast(
            .generation(
                GenerationSource(
                    number: generation,
                    options: loaded.options,
                    certificates: loaded.certificates,
                    clientTLS: loaded.clientTLS,
                    addresses: addresses,
                    coreAddresses: knownCoreAddresses
                )
            )
        )
        perform(fetcher.replaceOptions(loaded.options.sessions, now: time))
        resolveTargets()
    }

    /// Forgets calls to cores that others take the place of. Where a core's name stays, so do its
    /// addresses: it may resolve late, or no more.
    private mutating func replaceCores(_ old: CoreOptions, by new: CoreOptions) {
        guard !new.hasSameCores(as: old) else { return }
        let known = coreAddresses
        coreGeneration = generation
        coreAddresses = new.locations.map { location in
            let index = old.locations.firstIndex {
                $0.host == location.host && $0.port == location.port
            }
            return index.flatMap { known[$0] }
        }
        coreReports = Array(repeating: nil, count: new.locations.count)
        unresolvedCalls.removeAll()
        for id in keyCalls.keys { calls.cancel(id, loop: loop) }
        keyCalls.removeAll()
        poll.forget(now: loop.now)
    }

    /// What only a restart can change stays as it is, and the log says so.
    private func withoutWhatNeedsARestart(_ new: LoadedConfiguration) -> LoadedConfiguration {
        var loaded = new
        let old = configuration.options
        if !Self.sameListeners(old, loaded.options) {
            surroundings.log(.warning, "changed listeners: needs a restart", [])
            loaded.options.listeners = old.listeners
            loaded.certificates = configuration.certificates
        }
        if loaded.options.workers != old.workers {
            surroundings.log(.warning, "changed worker count: needs a restart", [])
            loaded.options.workers = old.workers
        }
        if loaded.options.admin != old.admin {
            surroundings.log(.warning, "changed admin address: needs a restart", [])
            loaded.options.admin = old.admin
        }
        let file = old.sessions.revocation.file
        if loaded.options.sessions.revocation.file != file {
            surroundings.log(.warning, "changed sessions.revocation.file: needs a restart", [])
            loaded.options.sessions.revocation.file = file
        }
        if loaded.options.limits.connections > connectionsAtStart {
            surroundings.log(
                .warning,
                "limits.connections above that of the start: needs a restart",
                [("connections", String(connectionsAtStart))]
            )
            loaded.options.limits.connections = connectionsAtStart
        }
        return loaded
    }

    /// Certificates may change with a reload; addresses, and whether there is TLS, may not.
    private static func sameListeners(_ old: GatewayOptions, _ new: GatewayOptions) -> Bool {
        old.listeners.count == new.listeners.count
            && zip(old.listeners, new.listeners).allSatisfy {
                $0.address == $1.address && ($0.tls == nil) == ($1.tls == nil)
                    && $0.redirectToHTTPS == $1.redirectToHTTPS
            }
    }

    /// Addresses known at once: literals and paths, and names that were resolved before.
    private func literalAddresses(
        _ options: GatewayOptions,
        keeping known: [TargetID: [SocketAddress]],
        of old: GatewayOptions
    ) -> [TargetID: [SocketAddress]] {
        var byTarget: [TargetAddress: [SocketAddress]] = [:]
        for (id, list) in known where old.upstreams.indices.contains(id.upstream) {
            byTarget[old.upstreams[id.upstream].targets[id.target]] = list
        }
        var result: [TargetID: [SocketAddress]] = [:]
        for (upstream, group) in options.upstreams.enumerated() {
            for (index, target) in group.targets.enumerated() {
                let id = TargetID(upstream: upstream, target: index)
                if let list = Self.literal(target) ?? byTarget[target] { result[id] = list }
            }
        }
        return result
    }

    private static func literal(_ target: TargetAddress) -> [SocketAddress]? {
        switch target {
        case .unix(let path): [.unix(path: path)]
        case .http(let host, let port), .https(let host, let port):
            SocketAddress(literal: host, port: port).map { [$0] }
        }
    }
}

extension ControlLoop {
    /// Asks for every target that is a name; literals are known at once.
    mutating func resolveTargets() {
        nextNames = loop.now + Self.namesInterval
        guard !isRehearsal else { return }
        let number = generation
        for (upstream, group) in configuration.options.upstreams.enumerated() {
            for (index, target) in group.targets.enumerated() {
                let id = TargetID(upstream: upstream, target: index)
                if let list = Self.literal(target) {
                    addresses[id] = list
                    continue
                }
                guard let (host, port) = target.endpoint else { continue }
                let mailbox = mailbox
                resolver.resolve(host: host, port: port) { result in
                    _ = mailbox.post(.resolved(generation: number, id, try? result.get()))
                }
            }
        }
    }

    /// Says once, and then every minute, that a name does not resolve.
    private mutating func reportUnresolved(_ target: TargetID) {
        if let last = unresolvedSince[target], loop.now - last < .seconds(60) { return }
        unresolvedSince[target] = loop.now
        surroundings.log(
            .warning,
            "a target's name does not resolve",
            [("target", name(of: target))]
        )
    }

    private func name(of target: TargetID) -> String {
        let group = configuration.options.upstreams[target.upstream]
        return "\(group.name) \(group.targets[target.target].url)"
    }

    /// A failure keeps the last set, and is tried again soon.
    mutating func resolved(_ number: Int, _ target: TargetID, _ found: [SocketAddress]?) {
        guard number == generation else { return }
        guard let found, !found.isEmpty else {
            reportUnresolved(target)
            nextNames = min(nextNames, loop.now + Self.namesRetry)
            return
        }
        if unresolvedSince.removeValue(forKey: target) != nil {
            surroundings.log(
                .info,
                "a target's name resolves again",
                [("target", name(of: target))]
            )
        }
        guard addresses[target] != found else { return }
        addresses[target] = found
        broadcast(.addresses(generation: number, target, found))
    }
}

import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Policy
import Sessions
import TLS
import Upstreams

extension Worker {
    /// Compiles a configuration and makes it the one of new exchanges.
    mutating func adopt(_ source: GenerationSource) throws(WorkerFailure) {
        guard !generations.isFull else {
            throw WorkerFailure(message: "too many earlier configurations still have requests")
        }
        let routes: RouteTable
        do {
            routes = try RouteTable(source.options.routes)
        } catch {
            throw WorkerFailure(message: "the routes do not compile")
        }
        let contexts = try makeContexts(source)
        let authenticator = sharedAuthenticator(for: source.options)
        let pool = try sharedPool(for: source, serverContexts: contexts)
        guard let authenticator, let pool else {
            removeContexts(contexts)
            throw WorkerFailure(message: "too many earlier configurations still have requests")
        }
        let rewrite = RewriteRules(source)
        let antiCSRF = AntiCSRF(
            mode: source.options.sessions.antiCSRF,
            origins: rewrite.corsOrigins
        )
        let generation = Generation(
            number: source.number,
            options: source.options,
            routes: routes,
            rewrite: rewrite,
            antiCSRF: antiCSRF,
            watchesSignOuts: source.options.sessions.revocation.watch
                && source.options.routes.contains { $0.session == .passthrough },
            names: RecordNames(source.options),
            responseTimeouts: source.options.upstreams.map(\.responseTimeout),
            tunnelIdles: source.options.upstreams.map(\.tunnelIdle),
            responseIdles: source.options.routes.map {
                $0.responseIdle ?? source.options.timeouts.responseIdle
            },
            authenticator: authenticator,
            pool: pool,
            metricsBase: metrics.adopt(
                routeNames: source.options.routes.map(\.name),
                upstreamTargets: Self.targetNames(source.options.upstreams)
            ),
            databaseChecks: source.options.routes.map {
                $0.checksDatabase ?? source.options.sessions.checksDatabase
            }
        )
        guard let handle = generations.insert(generation) else { return }
        let revocation = source.options.sessions.revocation
        revoked.replaceLimits(entries: revocation.entries, keep: revocation.keep)
        authenticators[authenticator].uses += 1
        pools[pool].uses += 1
        replaceContexts(contexts)
        chunks.growLarge(to: Self.largeChunkBytes(source.options.limits))
        noteUnresolved(source)
        adoptCores(source)
        let previous = current
        current = handle
        retireIfUnused(previous)
    }

    /// Frees a generation that is neither current nor named by an exchange.
    mutating func retireIfUnused(_ handle: Handle<Generation>) {
        guard handle != current, generations.contains(handle), generations[handle].uses == 0,
            let gone = generations.remove(handle)
        else { return }
        authenticators[gone.authenticator].uses -= 1
        if authenticators[gone.authenticator].uses == 0 {
            authenticatorHandles.removeAll { $0 == gone.authenticator }
            _ = authenticators.remove(gone.authenticator)
        }
        pools[gone.pool].uses -= 1
        guard pools[gone.pool].uses == 0 else { return }
        let idle = pools[gone.pool].pool.takeAllIdle()
        for bits in idle { dropIdle(Handle(bits: bits)) }
        _ = pools.remove(gone.pool)
    }

    /// A target whose name never resolved cannot be up.
    private mutating func noteUnresolved(_ source: GenerationSource) {
        var place = 0
        for (upstream, group) in source.options.upstreams.enumerated() {
            for target in group.targets.indices {
                let id = TargetID(upstream: upstream, target: target)
                if source.addresses[id]?.isEmpty ?? true {
                    metrics.setUpstream(target: place, isUp: false, at: loop.wallMilliseconds)
                }
                place += 1
            }
        }
    }

    private static func targetNames(
        _ upstreams: [UpstreamOptions]
    ) -> [(upstream: String, target: String)] {
        upstreams.flatMap { group in
            group.targets.map { (group.name, $0.url) }
        }
    }

    private mutating func sharedAuthenticator(
        for options: GatewayOptions
    ) -> Handle<SharedAuthenticator>? {
        for handle in authenticatorHandles
        where authenticators[handle].options == options.sessions { return handle }
        let made = authenticators.insert(
            SharedAuthenticator(
                options: options.sessions,
                cacheBytes: options.sessions.tokenCacheBytes / max(surroundings.workers, 1),
                keys: keys
            )
        )
        if let made { authenticatorHandles.append(made) }
        return made
    }

    private mutating func sharedPool(
        for source: GenerationSource,
        serverContexts: [Handle<TLSServerContext>?]
    ) throws(WorkerFailure) -> Handle<SharedPool>? {
        if generations.contains(current) {
            let handle = generations[current].pool
            let options = source.options.upstreams
            if pools[handle].options.elementsEqual(options, by: { $0.isSame(as: $1) }),
                pools[handle].materials == source.clientTLS.upstreams,
                pools[handle].serverNames == source.options.upstreamTLS.map({ $0?.serverName })
            {
                for (target, list) in source.addresses { pools[handle].setAddresses(target, list) }
                return handle
            }
        }
        do throws(TLSFailure) {
            return pools.insert(try SharedPool(source))
        } catch {
            removeContexts(serverContexts)
            throw WorkerFailure(message: error.message)
        }
    }
}

extension Worker {
    /// A context for each listener with TLS, before any takes the place of an old one.
    private mutating func makeContexts(
        _ source: GenerationSource
    ) throws(WorkerFailure) -> [Handle<TLSServerContext>?] {
        var made: [Handle<TLSServerContext>?] = []
        for (index, listener) in source.options.listeners.enumerated() {
            guard let tls = listener.tls else {
                made.append(nil)
                continue
            }
            do throws(TLSFailure) {
                let context = try TLSServerContext(
                    options: tls,
                    materials: source.certificates[index],
                    tickets: tickets
                )
                guard let handle = tlsContexts.insert(context) else {
                    throw TLSFailure(problem: "too many TLS contexts", remedy: "restart")
                }
                made.append(handle)
            } catch {
                removeContexts(made)
                throw WorkerFailure(message: error.message)
            }
        }
        return made
    }

    private mutating func replaceContexts(_ contexts: [Handle<TLSServerContext>?]) {
        removeContexts(tlsHandles)
        tlsHandles = contexts
    }

    private mutating func removeContexts(_ handles: [Handle<TLSServerContext>?]) {
        for case .some(let handle) in handles { _ = tlsContexts.remove(handle) }
    }

    /// Each worker has a socket of its own for a TCP address (`SO_REUSEPORT`). A path can be bound
    /// once: the first worker serves `unix:` listeners.
    mutating func openListeners(_ options: [ListenerOptions]) throws(WorkerFailure) {
        for (index, listener) in options.enumerated() {
            if case .unix = listener.address, surroundings.index > 0 { continue }
            do {
                let opened = try Listener(listener, index: index)
                guard let handle = listeners.insert(opened) else { continue }
                listenerHandles.append(handle)
                try watch(handle)
            } catch {
                let place = "\(listener.position): error: cannot listen on \(listener.address)"
                throw WorkerFailure(message: "\(place): \(error.message)")
            }
        }
    }
}

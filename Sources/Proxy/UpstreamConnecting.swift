import Bytes
import Connections
import EventLoop
import Observability
import TLS
import Upstreams

/// From a lease to a connection that carries the exchange, or to the next target.
extension Worker {
    /// Where the upstream may have no more connections, an idle one makes room for a new one.
    mutating func lease(
        for exchange: Handle<Exchange>,
        _ pool: Handle<SharedPool>,
        _ upstream: Int
    ) -> UpstreamPool.Lease {
        while true {
            let lease = pools[pool].pool.lease(
                upstream: upstream,
                tried: exchanges[exchange].triedTargets,
                freshOnly: exchanges[exchange].wantsFreshConnection
            )
            guard case .reuse(let idle, _) = lease, exchanges[exchange].wantsFreshConnection else {
                return lease
            }
            drop(Handle(bits: idle))
        }
    }

    /// Opens a connection to one target for an exchange that has its permit.
    mutating func connect(_ exchange: Handle<Exchange>, _ target: TargetID, address: Int) {
        let pool = generations[exchanges[exchange].generation].pool
        let options = pools[pool].options[target.upstream]
        let addresses = pools[pool].addresses[target.upstream][target.target]
        exchanges[exchange].state = .connecting
        guard addresses.indices.contains(address),
            let opened = open(addresses[address], exchange, target, address, pool, options)
        else {
            connectFailed(exchange, target, address: address)
            return
        }
        exchanges[exchange].upstream = opened
        upstreams[opened].deadline = loop.now + options.connectTimeout
        armTimer(opened)
    }

    private mutating func open(
        _ address: SocketAddress,
        _ exchange: Handle<Exchange>,
        _ target: TargetID,
        _ index: Int,
        _ pool: Handle<SharedPool>,
        _ options: UpstreamOptions
    ) -> Handle<UpstreamConnection>? {
        let tls: TLSConnection?
        do throws(TLSFailure) {
            tls = try encryption(to: target, pool)
        } catch {
            return nil
        }
        do throws(SystemFailure) {
            let connection = UpstreamConnection(
                socket: try Socket.connect(to: address),
                tls: tls,
                owner: exchange.bits,
                pool: pool.bits,
                upstream: target.upstream,
                target: target.target,
                address: index,
                idleTimeout: options.idleTimeout
            )
            guard let handle = upstreams.insert(connection) else { return nil }
            guard watch(handle) else {
                _ = upstreams.remove(handle)
                return nil
            }
            return handle
        } catch {
            return nil
        }
    }

    /// - Returns: false when the system watches no further socket.
    private mutating func watch(_ upstream: Handle<UpstreamConnection>) -> Bool {
        do throws(SystemFailure) {
            try loop.add(
                upstreams[upstream].transport.socket,
                token: EventToken(kind: EventKind.upstream, bits: upstream.bits)
            )
            return true
        } catch {
            return false
        }
    }

    mutating func connected(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams[upstream].transport.socket.takeError() == 0 else {
            connectFailed(upstream)
            return
        }
        guard upstreams[upstream].transport.isEncrypted else {
            established(upstream)
            return
        }
        beginHandshake(upstream)
    }

    /// Connected, and TLS is established where there is any: the exchange goes on.
    mutating func established(_ upstream: Handle<UpstreamConnection>) {
        let exchange = Handle<Exchange>(bits: upstreams[upstream].owner)
        upstreams[upstream].deadline = .distantFuture
        cancelTimer(upstream)
        guard exchanges.contains(exchange) else {
            drop(upstream)
            return
        }
        upstreams[upstream].state = .exchanging
        noteTarget(upstream, isUp: true)
        guard upstreams[upstream].transport.input.isEmpty else {
            answeredTooEarly(exchange, upstream)
            return
        }
        rewrite(exchange, upstream)
        // The event may have brought an answer already, and its edge is announced once.
        if upstreams.contains(upstream), upstreams[upstream].transport.mayRead { queue(upstream) }
    }

    /// Nothing was sent, so another address or target may be tried.
    mutating func connectFailed(_ upstream: Handle<UpstreamConnection>) {
        let exchange = Handle<Exchange>(bits: upstreams[upstream].owner)
        let target = upstreams[upstream].targetID
        let address = upstreams[upstream].address
        noteTarget(upstream, isUp: false)
        if exchanges.contains(exchange) {
            exchanges[exchange].upstream = nil
            exchanges[exchange].connectFault = upstreams[upstream].transport.fault
        }
        forget(upstream)
        if exchanges.contains(exchange) { connectFailed(exchange, target, address: address) }
    }

    /// How many connects one request may cost.
    static let connectsMaximum = 16

    private mutating func connectFailed(
        _ exchange: Handle<Exchange>,
        _ target: TargetID,
        address: Int
    ) {
        let pool = generations[exchanges[exchange].generation].pool
        let hasAnother = pools[pool].pool.connectFailed(target, address: address)
        serveWaiter(pool, target.upstream)
        exchanges[exchange].connects += 1
        if !hasAnother { exchanges[exchange].triedTargets |= 1 << UInt64(target.target & 63) }
        guard exchanges[exchange].permit != nil,
            exchanges[exchange].connects < Self.connectsMaximum
        else {
            refuseUnreachable(exchange)
            return
        }
        exchanges[exchange].state = .awaitingUpstream
        exchangeQueue.append(exchange)
    }

    private mutating func noteTarget(_ upstream: Handle<UpstreamConnection>, isUp: Bool) {
        metrics.increment(isUp ? .upstreamConnectsSucceeded : .upstreamConnectsFailed)
        let pool = Handle<SharedPool>(bits: upstreams[upstream].pool)
        guard pools.contains(pool) else { return }
        let target = upstreams[upstream].targetID
        if isUp { pools[pool].pool.connected(target) }
        guard pool == generations[current].pool else { return }
        metrics.setUpstream(
            target: generations[current].names.firstTargets[target.upstream] + target.target,
            isUp: isUp,
            at: loop.wallMilliseconds
        )
    }
}

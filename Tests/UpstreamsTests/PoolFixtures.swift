import Bytes
import Upstreams

/// A pool of upstreams with so many targets each, every target resolved to `addresses`.
func makePool(
    _ targets: [Int] = [1],
    maximum: Int = 2,
    addresses: Int = 1
) -> UpstreamPool {
    let options = targets.enumerated().map { index, count in
        var upstream = UpstreamOptions(
            name: "upstream-\(index)",
            position: .builtIn,
            targets: (0..<count).map { .http(host: "target", port: UInt16($0)) }
        )
        upstream.maximumConnections = maximum
        return upstream
    }
    var pool = UpstreamPool(options)
    for (upstream, count) in targets.enumerated() {
        for target in 0..<count {
            pool.setAddresses(TargetID(upstream: upstream, target: target), count: addresses)
        }
    }
    return pool
}

let first = TargetID(upstream: 0, target: 0)
let second = TargetID(upstream: 0, target: 1)
let third = TargetID(upstream: 0, target: 2)

/// What a run of calls gave, to compare afterwards: `#expect` takes no borrowed pool.
func leases(_ pool: inout UpstreamPool, _ count: Int) -> [UpstreamPool.Lease] {
    (0..<count).map { _ in pool.lease(upstream: 0) }
}

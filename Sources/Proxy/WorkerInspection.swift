import Bytes
import Connections
package import EventLoop
import Sessions

/// What whoever turns a worker by hand asks of it: the tests and the fuzz targets.
extension Worker {
    /// Where the first listener listens; nil once the worker drains.
    package var firstAddress: SocketAddress? {
        listenerHandles.first.map { listeners[$0].address }
    }

    /// What is held for requests that run. With nobody connected it is empty, or something was
    /// forgotten: an exchange that does not end, a chunk that was not given back.
    package var leftovers: [String] {
        let counts = [
            "exchanges": exchanges.count,
            "chunks lent": chunks.lent,
            "uses of the generation": generations[current].uses,
            "pinned sessions": pinnedSessions,
            "queued clients": clientQueue.count,
            "queued upstreams": upstreamQueue.count,
            "queued exchanges": exchangeQueue.count,
        ]
        return counts.filter { $0.value != 0 }.map { "\($0.key): \($0.value)" }.sorted()
    }

    private var pinnedSessions: Int {
        var pinned = 0
        for handle in authenticatorHandles {
            pinned += authenticators[handle].authenticator.statistics.pinned
        }
        return pinned
    }
}

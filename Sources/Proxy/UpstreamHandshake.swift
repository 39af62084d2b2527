import Bytes
import Connections
import EventLoop
import TLS
import Upstreams

/// TLS to upstreams: the handshake between the connect and the first request, and what is kept of
/// it.
extension Worker {
    /// Reads of one event: a handshake takes two or three.
    private static let readsMaximum = 16

    /// The TLS of a new connection to a target; nil for a target in cleartext.
    func encryption(
        to target: TargetID,
        _ pool: Handle<SharedPool>
    ) throws(TLSFailure) -> TLSConnection? {
        guard pools[pool].options[target.upstream].targets[target.target].isEncrypted else {
            return nil
        }
        guard let tls = pools[pool].tls[target.upstream] else {
            throw TLSFailure(problem: "no TLS for an https target", remedy: "see `check`")
        }
        return try tls.connection(to: target.target)
    }

    /// The connect is over; the deadline of it goes on for the handshake.
    mutating func beginHandshake(_ upstream: Handle<UpstreamConnection>) {
        upstreams[upstream].state = .handshaking
        guard upstreams[upstream].transport.beginHandshake(&chunks) else {
            connectFailed(upstream)
            return
        }
        handshake(upstream)
    }

    /// Sends and reads as far as it goes now.
    mutating func handshake(_ upstream: Handle<UpstreamConnection>) {
        for _ in 0..<Self.readsMaximum {
            // The last of the handshake goes out with the request.
            guard !upstreams[upstream].transport.isEstablished else {
                established(upstream)
                return
            }
            guard upstreams[upstream].transport.flush(&chunks) != .failed else {
                connectFailed(upstream)
                return
            }
            switch upstreams[upstream].transport.receive(from: &chunks) {
            case .progressed:
                continue
            case .nothing:
                return
            case .ended, .failed:
                // The alert that tells the server why.
                _ = upstreams[upstream].transport.flush(&chunks)
                connectFailed(upstream)
                return
            }
        }
        connectFailed(upstream)
    }

    /// Whether an idle connection may stay: tickets may come late, an answer to nothing may not.
    mutating func staysIdle(_ upstream: Handle<UpstreamConnection>) -> Bool {
        guard upstreams[upstream].transport.isEncrypted else { return false }
        for _ in 0..<Self.readsMaximum {
            switch upstreams[upstream].transport.receive(from: &chunks) {
            case .progressed:
                guard upstreams[upstream].transport.input.isEmpty else { return false }
            case .nothing:
                return upstreams[upstream].transport.flush(&chunks) == .done
            case .ended, .failed:
                return false
            }
        }
        return false
    }

    /// Keeps what the target gave to resume, for its next connection.
    mutating func keepSession(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams[upstream].transport.isEncrypted,
            let session = upstreams[upstream].transport.takeSession()
        else { return }
        let pool = Handle<SharedPool>(bits: upstreams[upstream].pool)
        guard pools.contains(pool) else { return }
        let target = upstreams[upstream].target
        pools[pool].tls[upstreams[upstream].upstream]?.sessions[target] = session
    }

    /// Tells the target that nothing was cut off, as far as the socket takes it.
    mutating func sayGoodbye(_ upstream: Handle<UpstreamConnection>) {
        guard upstreams[upstream].transport.isEncrypted, !upstreams[upstream].transport.ended,
            upstreams[upstream].transport.waiting == 0
        else { return }
        upstreams[upstream].transport.queueCloseNotify(&chunks)
        _ = upstreams[upstream].transport.flush(&chunks)
    }

    /// No target could be reached; the log says what TLS had against the last.
    mutating func refuseUnreachable(_ exchange: Handle<Exchange>) {
        guard let fault = exchanges[exchange].connectFault else {
            refuse(exchange, .upstreamUnreachable)
            return
        }
        refuse(exchange, .upstreamUntrusted(fault.reason))
    }
}

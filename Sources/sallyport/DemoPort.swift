import EventLoop
import Foundation

/// Where the demo's gateway listens: a port that is free on every loopback address of the machine,
/// so that nobody else answers for `localhost`.
struct DemoPort {
    let number: UInt16
    /// Whether the machine has `::1`.
    let hasIPv6: Bool

    /// The wanted port, or a free one when that is in use.
    static func choose(wanted: UInt16) throws(DemoFailure) -> DemoPort {
        do throws(SystemFailure) {
            if let port = try probe(wanted) { return port }
            // The port the system gives for IPv4 may be in use for IPv6.
            for _ in 0..<16 {
                if let port = try probe(0) { return port }
            }
        } catch {
            throw DemoFailure("cannot listen on 127.0.0.1:\(wanted): \(error.message)")
        }
        throw DemoFailure("no port of 127.0.0.1 and ::1 is free")
    }

    /// The port so many after this one; 0, for any, where there is none.
    func after(_ distance: UInt16) -> UInt16 {
        let (port, overflow) = number.addingReportingOverflow(distance)
        return overflow ? 0 : port
    }

    /// A port that is free now, for who listens later: `wanted`, or another when that is in use.
    static func forLater(_ wanted: UInt16) throws(SystemFailure) -> UInt16 {
        do throws(SystemFailure) {
            let socket = try Socket.listen(on: loopback(wanted), sharesPort: false)
            return socket.localAddress?.port ?? wanted
        } catch {
            guard error.code == EADDRINUSE, wanted != 0 else { throw error }
            return try forLater(0)
        }
    }

    /// 127.0.0.1 with a port.
    static func loopback(_ port: UInt16) -> SocketAddress { .v4(0x7F00_0001, port: port) }

    /// Listens for a moment, not sharing the port as the gateway's workers will do.
    ///
    /// - Returns: nil when the port is in use.
    private static func probe(_ wanted: UInt16) throws(SystemFailure) -> DemoPort? {
        do throws(SystemFailure) {
            let socket = try Socket.listen(on: loopback(wanted), sharesPort: false)
            let port = socket.localAddress?.port ?? wanted
            guard let hasIPv6 = probeIPv6(port) else { return nil }
            return DemoPort(number: port, hasIPv6: hasIPv6)
        } catch {
            guard error.code == EADDRINUSE else { throw error }
            return nil
        }
    }

    /// Whether the machine has `::1`; nil when the port is in use there.
    private static func probeIPv6(_ port: UInt16) -> Bool? {
        do throws(SystemFailure) {
            let address = SocketAddress.v6(high: 0, low: 1, port: port, scope: 0)
            _ = try Socket.listen(on: address, sharesPort: false)
            return true
        } catch {
            return error.code == EADDRINUSE ? nil : false
        }
    }
}

import Control
import EventLoop
import Foundation

/// What the events of the services' loop name.
enum DemoEvent {
    static let end: UInt8 = 1
    static let authority = (listener: UInt8(2), connection: UInt8(3))
    static let service = (listener: UInt8(4), connection: UInt8(5))
    static let backEnd = (listener: UInt8(6), connection: UInt8(7))
    static let call: UInt8 = 8
}

/// The loop of the demo's services, and their listeners.
struct DemoListeners: ~Copyable {
    var loop: EventLoop
    var authority: ServiceServer
    var service: ServiceServer
    var backEnd: ServiceServer
    /// A port for the gateway's admin listener.
    let admin: UInt16

    /// Listens on the ports after the gateway's, and elsewhere where those are in use. The loop
    /// also waits for `end`.
    static func open(
        after port: DemoPort,
        end: WakeUp
    ) throws(DemoFailure) -> DemoListeners {
        do throws(SystemFailure) {
            let loop = try EventLoop(maximumEvents: 64)
            let token = EventToken(kind: DemoEvent.end, bits: 0)
            try loop.addLevelTriggered(descriptor: end.descriptor, token: token)
            let authority = try listen(port.after(1), DemoEvent.authority, loop)
            let service = try listen(port.after(2), DemoEvent.service, loop)
            let backEnd = try listen(port.after(3), DemoEvent.backEnd, loop)
            return DemoListeners(
                loop: loop,
                authority: authority,
                service: service,
                backEnd: backEnd,
                admin: try DemoPort.forLater(port.after(4))
            )
        } catch {
            throw DemoFailure("cannot listen on 127.0.0.1: \(error.message)")
        }
    }

    private static func listen(
        _ wanted: UInt16,
        _ kinds: (listener: UInt8, connection: UInt8),
        _ loop: borrowing EventLoop
    ) throws(SystemFailure) -> ServiceServer {
        do throws(SystemFailure) {
            let address = DemoPort.loopback(wanted)
            return try ServiceServer.open(on: address, kinds: kinds, loop: loop)
        } catch {
            guard error.code == EADDRINUSE, wanted != 0 else { throw error }
            return try listen(0, kinds, loop)
        }
    }
}

import EventLoop
import HTTPCore
import Observability
import Proxy

extension ControlLoop {
    /// Opens everything the control thread needs.
    static func open(_ options: GatewayOptions) throws(GatewayFailure) -> Opened {
        let opened: Opened
        do throws(SystemFailure) {
            let loop = try EventLoop(maximumEvents: 128)
            let signals = try Signals.descriptor(for: [
                SignalNumber.terminate, SignalNumber.interrupt, SignalNumber.hangUp,
            ])
            let mailbox = try Mailbox<ControlMessage>()
            try loop.addLevelTriggered(
                descriptor: signals.descriptor,
                token: EventToken(kind: ControlEvent.signals, bits: 0)
            )
            try loop.addLevelTriggered(
                descriptor: mailbox.descriptor,
                token: EventToken(kind: ControlEvent.mailbox, bits: 0)
            )
            opened = Opened(
                loop: loop,
                signals: signals,
                mailbox: mailbox,
                resolver: try Resolver(),
                accessLog: try AccessLog.open(options.log.access, workers: options.workers),
                admin: nil
            )
        } catch {
            var place = ""
            if case .file(let path) = options.log.access { place = " (access log \(path))" }
            throw GatewayFailure(
                message: "cannot start\(place): \(error.operation): \(error.message)"
            )
        }
        return try withAdmin(opened, options.admin)
    }

    private static func withAdmin(
        _ opened: consuming Opened,
        _ address: SocketAddress?
    ) throws(GatewayFailure) -> Opened {
        guard let address else { return opened }
        do throws(SystemFailure) {
            opened.admin = try ServiceServer.open(
                on: address,
                kinds: (ControlEvent.adminListener, ControlEvent.adminConnection),
                loop: opened.loop
            )
        } catch {
            throw GatewayFailure(message: "admin cannot listen on \(address): \(error.message)")
        }
        return opened
    }
}

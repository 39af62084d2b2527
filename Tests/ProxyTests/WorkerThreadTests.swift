import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import TLS
import TestSupport
import Testing

@testable import Proxy

/// A worker on a thread of its own, reached only by sockets and mailboxes, as control does.
private final class RunningWorker {
    let mailbox: Mailbox<WorkerMessage>
    let control: Mailbox<ControlMessage>
    let address: SocketAddress
    private let thread: Thread
    private var told: [ControlMessage] = []

    init(_ source: GenerationSource) throws {
        let mailbox = try Mailbox<WorkerMessage>()
        let control = try Mailbox<ControlMessage>()
        let opened = try Mailbox<SocketAddress>()
        let surroundings = WorkerSurroundings(
            index: 0,
            workers: 1,
            mailbox: mailbox,
            control: control,
            accessLog: try AccessLog.open(.off, workers: 1),
            connections: ConnectionBudget(maximum: source.options.limits.connections)
        )
        thread = try Thread.start(name: "worker") {
            do throws(WorkerFailure) {
                var worker = try Worker.make(
                    surroundings: surroundings,
                    source: source,
                    ticketKeys: .generate()
                )
                opened.post(worker.listeners[worker.listenerHandles[0]].address)
                worker.run()
            } catch {
                control.post(.failed(worker: 0, error.message))
            }
        }
        address = try Self.take(from: opened, "a listener")
        self.mailbox = mailbox
        self.control = control
    }

    private static func take<Message: Sendable>(
        from mailbox: Mailbox<Message>,
        _ what: StaticString
    ) throws -> Message {
        var messages: [Message] = []
        let deadline = Instant.now + .seconds(5)
        while messages.isEmpty, Instant.now < deadline {
            mailbox.drain(into: &messages)
        }
        guard let first = messages.first else { throw TestTimeout(what: what) }
        return first
    }

    /// The next message to control that `isWanted`.
    func wait(for what: StaticString, _ isWanted: (ControlMessage) -> Bool) throws -> ControlMessage
    {
        let deadline = Instant.now + .seconds(5)
        while Instant.now < deadline {
            control.drain(into: &told)
            if let found = told.first(where: isWanted) { return found }
        }
        throw TestTimeout(what: what)
    }

    func join() { thread.join() }
}

@Suite struct WorkerThreadTests {
    @Test func servesUntilItIsDrained() throws {
        let upstream = try TestListener()
        let worker = try RunningWorker(Fixture.source(upstream: upstream.address))
        worker.mailbox.post(.keys(CoreKey.shared.keys()))
        let token = CoreKey.shared.token()
        let client = try TestPeer.connect(to: worker.address)
        try client.send(get("/private", "Authorization: Bearer \(token)"))
        let server = try upstream.accept()
        #expect(try server.waitForMessage().contains("\r\nAuthorization: Bearer \(token)\r\n"))
        try server.send(ok("first"))
        #expect(try client.waitForMessage().hasSuffix("first"))

        worker.mailbox.post(.collectMetrics(5))
        let metrics = try worker.wait(for: "metrics") { message in
            if case .metrics(0, 5, _) = message { true } else { false }
        }
        guard case .metrics(_, _, let snapshot) = metrics else { return }
        let text = PrometheusText.render([snapshot]).span.text
        #expect(text.contains("route=\"private\""))

        worker.mailbox.post(.generation(Fixture.source(number: 2, upstream: upstream.address)))
        _ = try worker.wait(for: "the generation") { message in
            if case .generationLive(0, 2) = message { true } else { false }
        }
        try client.send(get("/public"))
        _ = try server.waitForMessage()
        worker.mailbox.post(.drain(until: .now + .seconds(5)))
        try server.send(ok("last"))
        try client.wait(for: "the end") { $0.hasEnded }
        #expect(client.text.hasSuffix("last"))
        client.shutdownWriting()
        _ = try worker.wait(for: "the end") { message in
            if case .drained(0) = message { true } else { false }
        }
        worker.join()
    }

    @Test func anAddressThatIsTakenIsToldWithItsPlace() throws {
        let other = try TestListener()
        let listener = ListenerOptions(address: other.address, position: Fixture.position)
        let control = try Mailbox<ControlMessage>()
        let surroundings = WorkerSurroundings(
            index: 0,
            workers: 1,
            mailbox: try Mailbox(),
            control: control,
            accessLog: try AccessLog.open(.off, workers: 1),
            connections: ConnectionBudget(maximum: 1)
        )
        do {
            _ = try Worker.make(
                surroundings: surroundings,
                source: Fixture.source(Fixture.options(listeners: [listener])),
                ticketKeys: .generate()
            )
            Issue.record("opened twice")
        } catch {
            #expect(
                error.message.hasPrefix("sallyport.yaml:1:1: error: cannot listen on 127.0.0.1")
            )
        }
    }
}

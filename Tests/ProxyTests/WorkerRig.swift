import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Sessions
import TLS
import TestSupport

@testable import Proxy

/// A worker that the test turns by hand, its clients, and the upstream it forwards to.
final class WorkerRig {
    var worker: Worker
    let upstream: TestListener
    let mailbox: Mailbox<WorkerMessage>
    private let control: Mailbox<ControlMessage>
    /// What the worker told control, but for answers to the rig's own pokes.
    private(set) var told: [ControlMessage] = []
    let budget: ConnectionBudget
    let tunnels: ConnectionBudget

    init(
        _ options: GatewayOptions = Fixture.options(),
        certificates: [[CertificateMaterial]] = [[]]
    )
        throws
    {
        upstream = try TestListener()
        mailbox = try Mailbox()
        control = try Mailbox()
        budget = ConnectionBudget(maximum: options.limits.connections)
        tunnels = ConnectionBudget(maximum: options.limits.tunnels)
        worker = try Worker.make(
            surroundings: WorkerSurroundings(
                index: 0,
                workers: 1,
                mailbox: mailbox,
                control: control,
                accessLog: try AccessLog.open(.off, workers: 1),
                connections: budget,
                tunnels: tunnels
            ),
            source: Fixture.source(
                options,
                certificates: certificates,
                upstream: upstream.address
            ),
            ticketKeys: .generate()
        )
    }

    /// Where the worker's first listener listens.
    var address: SocketAddress {
        worker.listeners[worker.listenerHandles[0]].address
    }

    func connect() throws -> TestPeer { try TestPeer.connect(to: address) }

    func post(_ message: WorkerMessage) { mailbox.post(message) }

    /// Turns the worker until `isDone`; each turn finds mail, so none waits for ever.
    func run(until what: StaticString, _ isDone: () throws -> Bool) throws {
        let deadline = Instant.now + .seconds(5)
        while try !isDone() {
            guard Instant.now < deadline, !worker.isFinished else { throw TestTimeout(what: what) }
            mailbox.post(.collectMetrics(-1))
            try worker.turn()
            readControl()
        }
    }

    /// Turns the worker often enough for all that was begun to end.
    func settle() throws {
        var turns = 0
        try run(until: "turns") {
            turns += 1
            return turns > 10
        }
    }

    private func readControl() {
        var messages: [ControlMessage] = []
        control.drain(into: &messages)
        for message in messages {
            if case .metrics(_, -1, _) = message { continue }
            told.append(message)
        }
    }

    /// The next connection that the worker opens to the upstream.
    func acceptUpstream() throws -> TestPeer {
        var peer: TestPeer?
        try run(until: "a connection to the upstream") {
            peer = try upstream.acceptNow()
            return peer != nil
        }
        guard let peer else { throw TestTimeout(what: "a connection") }
        return peer
    }

    /// The next whole message that comes to a peer.
    func message(to peer: TestPeer) throws -> String {
        try run(until: "a message") {
            peer.poll()
            return peer.hasMessage
        }
        return peer.takeMessage() ?? ""
    }

    /// All that comes to a peer until the worker closes the connection.
    func rest(to peer: TestPeer) throws -> String {
        try run(until: "the end") {
            peer.poll()
            return peer.isOver
        }
        return peer.takeText()
    }

    /// A request of a new client, and the whole answer.
    func ask(_ request: String) throws -> String {
        let client = try connect()
        try client.send(request)
        return try message(to: client)
    }

    /// The numbers as `/metrics` shows them.
    func metrics() throws -> String {
        let number = 1000 + told.count
        post(.collectMetrics(number))
        var text: String?
        try run(until: "metrics") {
            for case .metrics(0, number, let snapshot) in told {
                text = PrometheusText.render([snapshot]).span.text
            }
            return text != nil
        }
        return text ?? ""
    }

    /// What was forgotten: an exchange that does not end, a chunk that was not given back.
    var leftovers: [String] { worker.leftovers }
}

/// A request without content.
func get(_ path: String, _ fields: String...) -> String {
    (["GET \(path) HTTP/1.1", "Host: app.test"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
}

/// An answer with content of known length.
func ok(_ content: String, _ fields: String...) -> String {
    (["HTTP/1.1 200 OK", "Content-Length: \(content.utf8.count)"] + fields)
        .joined(separator: "\r\n") + "\r\n\r\n" + content
}

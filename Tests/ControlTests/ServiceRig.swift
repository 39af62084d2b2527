import Bytes
import EventLoop
import HTTPCore
import TestSupport

@testable import Control

/// A service on a loop that the test turns by hand; it answers what `respond` says.
final class ServiceRig {
    var loop: EventLoop
    var server: ServiceServer
    /// What was asked, in its order.
    private(set) var asked: [ServiceRequest] = []
    /// Requests whose answer was left for later.
    private(set) var waiting: [ServiceTicket] = []
    let address: SocketAddress
    private let respond: (ServiceRequest) -> ServiceResponse?

    init(
        capacity: Int = 16,
        _ respond: @escaping (ServiceRequest) -> ServiceResponse? = { .text(200, $0.path) }
    ) throws {
        let loop = try EventLoop(maximumEvents: 16)
        let server = try ServiceServer.open(
            on: .v4(0x7F00_0001, port: 0),
            kinds: (listener: 1, connection: 2),
            capacity: capacity,
            loop: loop
        )
        guard let address = server.address else { throw TestTimeout(what: "an address") }
        self.loop = loop
        self.server = server
        self.address = address
        self.respond = respond
    }

    func connect() throws -> TestPeer { try TestPeer.connect(to: address) }

    /// Deals with the events that wait now, or come within a millisecond.
    func turn() throws {
        let ready = try loop.wait(until: .now + .milliseconds(1))
        var (asked, waiting) = (asked, waiting)
        for index in 0..<ready {
            let event = loop.event(at: index)
            server.handle(event.token, event.readiness, loop: loop) { request, ticket in
                asked.append(request)
                let response = respond(request)
                if response == nil { waiting.append(ticket) }
                return response
            }
        }
        (self.asked, self.waiting) = (asked, waiting)
    }

    func run(until what: StaticString, _ isDone: () -> Bool) throws {
        let deadline = Instant.now + .seconds(5)
        while !isDone() {
            guard Instant.now < deadline else { throw TestTimeout(what: what) }
            try turn()
        }
    }

    /// Gives the answer that the first waiting request was promised.
    func answerFirst(_ response: ServiceResponse) {
        var asked = asked
        server.answer(waiting.removeFirst(), response, loop: loop) { request, _ in
            asked.append(request)
            return respond(request)
        }
        self.asked = asked
    }

    func message(to peer: TestPeer) throws -> String {
        try run(until: "a message") {
            peer.poll()
            return peer.hasMessage
        }
        return peer.takeMessage() ?? ""
    }

    /// All that comes until the service closes the connection.
    func rest(to peer: TestPeer) throws -> String {
        try run(until: "the end") {
            peer.poll()
            return peer.isOver
        }
        return peer.takeText()
    }

    func ask(_ request: String) throws -> String {
        let peer = try connect()
        try peer.send(request)
        return try message(to: peer)
    }
}

func get(_ path: String, _ fields: String...) -> String {
    (["GET \(path) HTTP/1.1", "Host: localhost"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
}

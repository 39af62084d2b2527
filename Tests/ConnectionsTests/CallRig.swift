import Bytes
import EventLoop
import HTTPCore
import TestSupport
import Testing

@testable import Connections

/// The program's own client against a scripted server.
final class CallRig {
    var loop: EventLoop
    var client: CallClient
    let listener: TestListener
    private(set) var outcomes: [CallOutcome] = []

    init(capacity: Int = 4) throws {
        client = CallClient(kind: 3, capacity: capacity)
        loop = try EventLoop(maximumEvents: 16)
        listener = try TestListener()
    }

    func start(
        id: UInt64 = 1,
        _ method: Method = .get,
        fields: [(name: String, value: String)] = [],
        content: String = "",
        to address: SocketAddress? = nil,
        tls: CallDestination.TLS? = nil,
        in time: Duration = .seconds(60),
        isRepeatable: Bool = false
    ) {
        let outcome = client.start(
            CallRequest(
                id: id,
                method: method,
                target: "/keys?x=1",
                host: "core.test:3567",
                fields: fields,
                content: Array(content.utf8),
                isRepeatable: isRepeatable
            ),
            to: CallDestination(address: address ?? listener.address, tls: tls),
            deadline: .now + time,
            loop: loop
        )
        if let outcome { outcomes.append(outcome) }
    }

    func turn() throws {
        for index in 0..<(try loop.wait(until: .now + .milliseconds(1))) {
            let event = loop.event(at: index)
            if let outcome = client.handle(event.token, event.readiness, loop: loop) {
                outcomes.append(outcome)
            }
        }
    }

    func run(until what: StaticString, _ isDone: () throws -> Bool) throws {
        let deadline = Instant.now + .seconds(5)
        while try !isDone() {
            guard Instant.now < deadline else { throw TestTimeout(what: what) }
            try turn()
        }
    }

    func accept() throws -> TestPeer {
        var peer: TestPeer?
        try run(until: "a connection") {
            peer = try listener.acceptNow()
            return peer != nil
        }
        return try #require(peer)
    }

    func request(to server: TestPeer) throws -> String {
        try run(until: "a request") {
            server.poll()
            return server.hasMessage
        }
        return server.takeMessage() ?? ""
    }

    /// The next outcome, in words: `200 content`, or `none`.
    func outcome() throws -> String {
        try run(until: "an outcome") { !outcomes.isEmpty }
        let outcome = outcomes.removeFirst()
        guard let answer = outcome.answer else {
            #expect(outcome.failure != nil)
            return "none"
        }
        return "\(answer.status) \(String(decoding: answer.content, as: UTF8.self))"
    }
}

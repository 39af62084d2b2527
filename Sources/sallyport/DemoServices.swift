import Connections
import Control
import EventLoop
import HTTPCore

/// Everything behind the demo's gateway, each with a port of its own: the authority, the service
/// that only knows JWTs, and the back end with the page. They share a thread and nothing else, but
/// that the back end asks the authority for sessions without HTTP.
struct DemoServices: ~Copyable {
    let configuration: DemoConfiguration
    private let end: WakeUp
    private var loop: EventLoop
    private var authorityServer: ServiceServer
    private var serviceServer: ServiceServer
    private var backEndServer: ServiceServer
    private var calls = CallClient(kind: DemoEvent.call, capacity: 4)
    private var authority: DemoAuthority
    private var service = DemoService()
    private let backEnd: DemoBackEnd
    private var nextSweep: Instant

    /// How long the service waits for the authority's keys.
    private static let fetchTimeout = Duration.seconds(2)

    /// Opens the listeners, on the ports after the gateway's where those are free; `end` will end
    /// `run`.
    static func open(
        for port: DemoPort,
        directory: String,
        end: WakeUp
    ) throws(DemoFailure) -> DemoServices {
        let listeners = try DemoListeners.open(after: port, end: end)
        let configuration = DemoConfiguration(
            port: port.number,
            hasIPv6: port.hasIPv6,
            directory: directory,
            authority: listeners.authority.address?.port ?? 0,
            service: listeners.service.address?.port ?? 0,
            backEnd: listeners.backEnd.address?.port ?? 0,
            admin: listeners.admin
        )
        let authority = try DemoAuthority(
            issuer: "\(configuration.origin)/auth",
            nowMilliseconds: listeners.loop.wallMilliseconds
        )
        return DemoServices(configuration, listeners, authority, end)
    }

    private init(
        _ configuration: DemoConfiguration,
        _ listeners: consuming DemoListeners,
        _ authority: consuming DemoAuthority,
        _ end: WakeUp
    ) {
        self.configuration = configuration
        self.authority = authority
        self.end = end
        backEnd = DemoBackEnd(configuration)
        nextSweep = listeners.loop.now
        loop = listeners.loop
        authorityServer = listeners.authority
        serviceServer = listeners.service
        backEndServer = listeners.backEnd
    }

    /// Serves until the end is signalled.
    mutating func run() {
        while true {
            fetchKeys()
            let deadline = min(nextSweep, calls.nextDeadline ?? .distantFuture)
            guard let ready = try? loop.wait(until: deadline) else { return }
            for index in 0..<ready {
                let event = loop.event(at: index)
                guard event.token.kind != DemoEvent.end else { return }
                handle(event.token, event.readiness)
            }
            while let outcome = calls.expire(now: loop.now, loop: loop) { fetched(outcome) }
            if loop.now >= nextSweep { sweep() }
        }
    }

    private mutating func handle(_ token: EventToken, _ readiness: Readiness) {
        let now = loop.wallMilliseconds
        switch token.kind {
        case DemoEvent.authority.listener, DemoEvent.authority.connection:
            authorityServer.handle(token, readiness, loop: loop) { request, _ in
                authority.respond(request, nowMilliseconds: now)
            }
        case DemoEvent.service.listener, DemoEvent.service.connection:
            let instant = loop.now
            serviceServer.handle(token, readiness, loop: loop) { request, ticket in
                service.respond(request, ticket, now: instant, wallMilliseconds: now)
            }
        case DemoEvent.backEnd.listener, DemoEvent.backEnd.connection:
            backEndServer.handle(token, readiness, loop: loop) { request, _ in
                backEnd.respond(request, authority: &authority, nowMilliseconds: now)
            }
        case DemoEvent.call:
            if let outcome = calls.handle(token, readiness, loop: loop) { fetched(outcome) }
        default:
            break
        }
    }

    private mutating func sweep() {
        nextSweep = loop.now + .seconds(1)
        authorityServer.sweep(now: loop.now, loop: loop)
        serviceServer.sweep(now: loop.now, loop: loop)
        backEndServer.sweep(now: loop.now, loop: loop)
    }

    /// Has the service's fetch of keys begin, if it wants one.
    private mutating func fetchKeys() {
        guard service.beginFetch(now: loop.now) else { return }
        let request = CallRequest(
            id: 0,
            method: .get,
            target: "/.well-known/jwks.json",
            host: "127.0.0.1:\(configuration.authority)",
            fields: [],
            content: []
        )
        let failure = calls.start(
            request,
            to: CallDestination(address: DemoPort.loopback(configuration.authority)),
            deadline: loop.now + Self.fetchTimeout,
            loop: loop
        )
        if let failure { fetched(failure) }
    }

    /// Answers what waited for the keys.
    private mutating func fetched(_ outcome: CallOutcome) {
        let now = loop.wallMilliseconds
        let instant = loop.now
        for (ticket, request) in service.endFetch(outcome) {
            let response = service.conclude(request, wallMilliseconds: now)
            serviceServer.answer(ticket, response, loop: loop) { request, ticket in
                service.respond(request, ticket, now: instant, wallMilliseconds: now)
            }
        }
    }
}

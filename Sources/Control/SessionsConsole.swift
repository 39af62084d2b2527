import Bytes
import Connections
public import EventLoop
import HTTPCore
import JSON
import Proxy
import Sessions

/// What an operator wants of sessions from a command line.
public enum SessionsErrand: Sendable, Equatable {
    case list(user: String)
    case show(handle: String)
    case jwts(user: String)
    case revoke(handles: [String])
    case revokeAll(user: String)

    /// What the core is asked where only something is looked up.
    fileprivate var query: SessionsQuery? {
        switch self {
        case .list(let user): .sessions(user: user)
        case .show(let handle): .session(handle: handle)
        case .jwts(let user): .jwts(user: user)
        case .revoke, .revokeAll: nil
        }
    }
}

/// What came of it.
public struct SessionsOutcome: Sendable {
    /// Whether all of it was done.
    public var succeeded: Bool
    /// JSON, as the admin listener answers; plain text where it refuses.
    public var content: [UInt8]
    /// Whether a running gateway did it, so that its workers know; else the core was asked.
    public var wasGateway: Bool
}

/// Asks a running gateway's admin listener about sessions, or the core where there is none. It
/// blocks until all is answered.
public struct SessionsConsole: ~Copyable {
    private let configuration: LoadedConfiguration
    private var loop: EventLoop
    private var calls: CallClient
    private let resolver: Resolver

    private static let call: UInt8 = 1
    private static let names: UInt8 = 2
    private static let coreCall: UInt8 = 3
    /// How long names may take, and the admin listener.
    private static let patience = Duration.seconds(8)

    /// - Parameter configuration: whose admin listener and cores are meant.
    /// - Throws: when the system gives no event loop.
    public init(_ configuration: LoadedConfiguration) throws(SystemFailure) {
        let resolver = try Resolver()
        let loop = try EventLoop(maximumEvents: 16)
        self.configuration = configuration
        self.resolver = resolver
        self.loop = loop
        calls = CallClient(kind: Self.call)
    }

    /// Does it: by the gateway where one listens and its token is known.
    public mutating func run(_ errand: SessionsErrand) -> SessionsOutcome {
        defer { resolver.stop() }
        if let answer = askGateway(errand) {
            let succeeded = answer.status == 200
            return SessionsOutcome(succeeded: succeeded, content: answer.content, wasGateway: true)
        }
        let response = askCore(errand)
        return SessionsOutcome(
            succeeded: response.status == 200,
            content: response.content,
            wasGateway: false
        )
    }
}

// The gateway.
extension SessionsConsole {
    private mutating func askGateway(
        _ errand: SessionsErrand
    ) -> (status: UInt16, content: [UInt8])? {
        let options = configuration.options
        guard let address = options.admin, !options.adminToken.isEmpty else { return nil }
        let content = Self.content(errand)
        let request = CallRequest(
            id: 1,
            method: content == nil ? .get : .post,
            target: Self.path(errand),
            host: "localhost",
            fields: [("Authorization", "Bearer \(options.adminToken)")],
            content: content?.serialized() ?? []
        )
        let outcome = perform(request, to: CallDestination(address: address), Self.patience)
        return outcome.answer
    }

    private static func path(_ errand: SessionsErrand) -> String {
        func escaped(_ name: String) -> String {
            var text: [UInt8] = []
            PercentEncoding.append(Array(name.utf8).span, to: &text)
            return String(decoding: text, as: UTF8.self)
        }
        return switch errand {
        case .list(let user): "/users/\(escaped(user))/sessions"
        case .jwts(let user): "/users/\(escaped(user))/jwts"
        case .show(let handle): "/sessions/\(escaped(handle))"
        case .revoke, .revokeAll: "/sessions/revoke"
        }
    }

    private static func content(_ errand: SessionsErrand) -> JSONValue? {
        switch errand {
        case .list, .show, .jwts: nil
        case .revoke(let handles):
            .object(["sessionHandles": .array(handles.map { .string($0) })])
        case .revokeAll(let user): .object(["userId": .string(user)])
        }
    }

    /// One call to its end.
    private mutating func perform(
        _ request: CallRequest,
        to destination: CallDestination,
        _ time: Duration
    ) -> CallOutcome {
        let deadline = loop.now + time
        if let outcome = calls.start(request, to: destination, deadline: deadline, loop: loop) {
            return outcome
        }
        while true {
            guard let ready = try? loop.wait(until: calls.nextDeadline) else {
                return CallOutcome(id: request.id, answer: nil)
            }
            for index in 0..<ready {
                let event = loop.event(at: index)
                guard event.token.kind == Self.call else { continue }
                let outcome = calls.handle(event.token, event.readiness, loop: loop)
                if let outcome { return outcome }
            }
            if let outcome = calls.expire(now: loop.now, loop: loop) { return outcome }
        }
    }
}

// The core.
extension SessionsConsole {
    private mutating func askCore(_ errand: SessionsErrand) -> ServiceResponse {
        var line = CoreLine(
            kind: Self.coreCall,
            options: configuration.options,
            tls: configuration.clientTLS,
            addresses: coreAddresses()
        )
        switch errand {
        case .list, .show, .jwts:
            guard let query = errand.query else { return Self.unreachable }
            return look(up: query, &line)
        case .revoke(let handles):
            return revoke(handles, &line)
        case .revokeAll(let user):
            guard case .handles(let handles) = ask(.sessions(user: user), &line) else {
                return Self.unreachable
            }
            return handles.isEmpty ? Self.revoked([]) : revoke(handles, &line)
        }
    }

    private mutating func revoke(
        _ handles: [String],
        _ line: inout CoreLine
    ) -> ServiceResponse {
        guard case .revoked(let revoked) = ask(.revoke(handles: handles), &line) else {
            return Self.unreachable
        }
        return Self.revoked(revoked)
    }

    private mutating func look(
        up query: SessionsQuery,
        _ line: inout CoreLine
    ) -> ServiceResponse {
        let property = configuration.options.sessions.jwtProperty
        var answer = SessionsAnswer(query: query, jwtProperty: property)
        if case .session(let handle) = query {
            answer.handles = [handle]
        } else {
            guard case .handles(let handles) = ask(query.question, &line) else {
                return Self.unreachable
            }
            answer.handles = Array(handles.prefix(SessionsQuery.maximumSessions))
            answer.leftOut = handles.count - answer.handles.count
        }
        for handle in answer.handles {
            switch ask(.session(handle: handle), &line) {
            case .information(let session): answer.found[handle] = session
            case .ended: break
            case .unreachable, .handles, .verified, .revoked, .tryRefresh, .keys:
                return Self.unreachable
            }
        }
        return answer.response(wallMilliseconds: loop.wallMilliseconds)
    }

    private static let unreachable = ServiceResponse.json(503, #"{"status":"CORE_UNREACHABLE"}"#)

    private static func revoked(_ handles: [String]) -> ServiceResponse {
        let object: JSONObject = [
            "status": "OK", "sessionHandlesRevoked": .array(handles.map { .string($0) }),
        ]
        return ServiceResponse(
            status: 200,
            contentType: "application/json",
            content: JSONValue.object(object).serialized()
        )
    }

    private mutating func ask(
        _ question: CoreQuestion,
        _ line: inout CoreLine
    ) -> CoreAnswer {
        var answers = line.ask(question, loop: loop).answers
        while answers.isEmpty {
            guard let ready = try? loop.wait(until: line.nextDeadline) else { break }
            for index in 0..<ready {
                let event = loop.event(at: index)
                guard event.token.kind == Self.coreCall else { continue }
                answers += line.handle(event.token, event.readiness, loop: loop)
            }
            answers += line.expire(loop: loop)
        }
        return answers.first?.answer ?? .unreachable(.unreachable)
    }

    /// What the cores' names resolve to, of each as soon as it is known; empty where it is not.
    private mutating func coreAddresses() -> [[SocketAddress]] {
        let locations = configuration.options.sessions.core.locations
        var addresses = locations.map { location -> [SocketAddress] in
            SocketAddress(literal: location.host, port: location.port).map { [$0] } ?? []
        }
        var missing = addresses.indices.filter { addresses[$0].isEmpty }
        guard !missing.isEmpty, let box = try? Mailbox<(Int, [SocketAddress])>(),
            (try? loop.addLevelTriggered(
                descriptor: box.descriptor,
                token: EventToken(kind: Self.names, bits: 0)
            )) != nil
        else { return addresses }
        defer { loop.remove(descriptor: box.descriptor) }
        for index in missing {
            resolver.resolve(host: locations[index].host, port: locations[index].port) { result in
                box.post((index, (try? result.get()) ?? []))
            }
        }
        let deadline = loop.now + Self.patience
        while !missing.isEmpty, loop.now < deadline {
            guard (try? loop.wait(until: deadline)) != nil else { return addresses }
            var found: [(Int, [SocketAddress])] = []
            box.drain(into: &found)
            for (index, list) in found { addresses[index] = list }
            missing.removeAll { index in found.contains { $0.0 == index } }
        }
        return addresses
    }
}

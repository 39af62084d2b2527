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
}

/// What came of it.
public struct SessionsOutcome: Sendable {
    /// Whether all of it was done.
    public var succeeded: Bool
    /// JSON, as the admin listener answers; plain text where it refuses.
    public var content: [UInt8]
    /// What else there is to say: that the core was asked, and no gateway told.
    public var warning: String?
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
    /// How long names may take.
    private static let namesPatience = Duration.seconds(8)
    /// How long the admin listener may take, which asks the core for each session.
    private static let gatewayPatience = Duration.seconds(30)

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

    /// Does it: by the gateway where one listens and its token is known, else by the core. Of a
    /// gateway that listens and does not answer it is not known what it did.
    public mutating func run(_ errand: SessionsErrand) -> SessionsOutcome {
        defer { resolver.stop() }
        var failure: CallFailure?
        switch askGateway(errand) {
        case .answer(let status, let content):
            return SessionsOutcome(succeeded: status == 200, content: content)
        case .silent(let cause): failure = cause
        case .absent: break
        }
        let response = askCore(errand)
        let lead = failure.map { "the gateway does not answer (\($0.reason)); " } ?? ""
        return SessionsOutcome(
            succeeded: response.status == 200 && failure == nil,
            content: response.content,
            warning: lead + "the core was asked; no gateway was told"
        )
    }
}

// The gateway.
extension SessionsConsole {
    private enum Gateway {
        case answer(status: UInt16, content: [UInt8])
        /// None listens, or the configuration has no address or no token for it.
        case absent
        case silent(CallFailure)
    }

    private mutating func askGateway(_ errand: SessionsErrand) -> Gateway {
        let options = configuration.options
        guard let address = options.admin, !options.adminToken.isEmpty else { return .absent }
        let content = Self.content(errand)
        let request = CallRequest(
            id: 1,
            method: content == nil ? .get : .post,
            target: Self.path(errand),
            host: "localhost",
            fields: [("Authorization", "Bearer \(options.adminToken)")],
            content: content?.serialized() ?? []
        )
        let outcome = perform(
            request,
            to: CallDestination(address: address),
            Self.gatewayPatience
        )
        if let answer = outcome.answer {
            return .answer(status: answer.status, content: answer.content)
        }
        let failure = outcome.failure ?? .unreachable
        return failure == .unreachable ? .absent : .silent(failure)
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
        do throws(CoreFailure) {
            switch errand {
            case .list(let user): return try look(up: .sessions(user: user), &line)
            case .jwts(let user): return try look(up: .jwts(user: user), &line)
            case .show(let handle): return try look(up: .session(handle: handle), &line)
            case .revoke(let handles): return try revoke(handles, &line)
            case .revokeAll(let user): return try revoke(handles(of: user, &line), &line)
            }
        } catch {
            return error.response
        }
    }

    private mutating func handles(
        of user: String,
        _ line: inout CoreLine
    ) throws(CoreFailure) -> [String] {
        switch ask(.sessions(user: user), &line) {
        case .handles(let handles): return handles
        case .unreachable(let failure): throw failure
        default: throw .malformed
        }
    }

    private mutating func revoke(
        _ handles: [String],
        _ line: inout CoreLine
    ) throws(CoreFailure) -> ServiceResponse {
        guard !handles.isEmpty else { return Self.revoked([]) }
        switch ask(.revoke(handles: handles), &line) {
        case .revoked(let revoked): return Self.revoked(revoked)
        case .unreachable(let failure): throw failure
        default: throw .malformed
        }
    }

    private mutating func look(
        up query: SessionsQuery,
        _ line: inout CoreLine
    ) throws(CoreFailure) -> ServiceResponse {
        let property = configuration.options.sessions.jwtProperty
        var answer = SessionsAnswer(query: query, jwtProperty: property)
        switch query {
        case .session(let handle): answer.handles = [handle]
        case .sessions(let user), .jwts(let user): answer.take(try handles(of: user, &line))
        }
        while answer.asked < answer.handles.count {
            let handle = answer.handles[answer.asked]
            answer.asked += 1
            switch ask(.session(handle: handle), &line) {
            case .information(let session):
                answer.take(session, wallMilliseconds: loop.wallMilliseconds)
            case .ended: break
            case .unreachable(let failure): throw failure
            case .handles, .verified, .revoked, .tryRefresh, .keys: throw .malformed
            }
        }
        return answer.response
    }

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
        let deadline = loop.now + Self.namesPatience
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

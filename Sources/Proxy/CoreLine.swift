import Bytes
public import Connections
public import EventLoop
import HTTPCore
public import Sessions
import TLS

/// One thread's line to the cores: does what the client of cores says, with calls of its own.
/// Whoever has it gives it the events of its kind and its time, and gets answers.
public struct CoreLine: ~Copyable {
    /// A question's number, and what was said to it.
    public typealias Answer = (id: UInt64, answer: CoreAnswer)

    private let inPlace = InPlace()
    private var client: CoreClient
    private var calls: CallClient
    private var options: CoreOptions
    /// What https cores are spoken to with, what it was made of, and the name asked for.
    private var tlsContext: TLSClientContext?
    private var tlsMaterial: TLSClientMaterial?
    private var serverName: String?
    /// What each core's name resolved to; the first of a list is used until it fails.
    private var addresses: [[SocketAddress]]
    /// Requests under way.
    private var sent: [UInt64: Sent] = [:]
    /// Calls that a core answered with 200, and the others.
    public private(set) var callsSucceeded: UInt64 = 0
    public private(set) var callsFailed: UInt64 = 0

    /// A request under way, and where it went.
    private struct Sent {
        let request: KeyFetcher.CoreRequest
        let address: SocketAddress
        /// Addresses of the core's name that it did not go to.
        let addressesLeft: Int
    }

    /// - Parameters:
    ///   - kind: of the events that are for this line.
    ///   - options: the cores, in the order they are asked, and how they are spoken to.
    ///   - tls: what `options` came to, with the files that it names.
    ///   - addresses: what each core's name resolved to, as far as that is known.
    public init(
        kind: UInt8,
        options: GatewayOptions,
        tls: ClientTLSMaterials,
        addresses: [[SocketAddress]]
    ) {
        self.options = options.sessions.core
        self.addresses = addresses
        client = CoreClient(options: self.options)
        calls = CallClient(kind: kind, capacity: CoreClient.maximumRunning * 2)
        prepareTLS(options, tls)
    }

    private mutating func prepareTLS(_ options: GatewayOptions, _ tls: ClientTLSMaterials) {
        serverName = options.coreTLS.serverName
        guard tls.core != tlsMaterial else { return }
        tlsMaterial = tls.core
        // OpenSSL took the same settings when they were checked.
        tlsContext = tlsMaterial.flatMap { try? TLSClientContext($0) }
    }

    /// How long a question takes at most: each core's version and answer, one after the other.
    public var patience: Duration {
        options.timeout * (2 * max(options.locations.count, 1)) + .seconds(1)
    }

    /// When `expire` has something to do at the latest; nil = nothing is under way.
    public var nextDeadline: Instant? { calls.nextDeadline }

    /// A core's name resolved to other addresses.
    public mutating func setAddresses(_ list: [SocketAddress], location: Int) {
        guard addresses.indices.contains(location) else { return }
        addresses[location] = list
    }

    /// Takes the cores of a new configuration.
    public mutating func adopt(
        options new: GatewayOptions,
        tls: ClientTLSMaterials,
        addresses: [[SocketAddress]],
        loop: borrowing EventLoop
    ) -> [Answer] {
        options = new.sessions.core
        self.addresses = addresses
        prepareTLS(new, tls)
        let actions = client.replaceOptions(options, now: Self.time(loop))
        // Those that nobody awaits any more would take the others' places until their time is over.
        for id in sent.keys where !client.awaits(request: id) {
            sent[id] = nil
            calls.cancel(id, loop: loop)
        }
        return perform(actions, loop)
    }

    /// Where to reach a core at one of its addresses; nil where TLS to it cannot be prepared.
    public func destination(_ location: Int, _ address: SocketAddress) -> CallDestination? {
        guard options.locations.indices.contains(location) else { return nil }
        var destination = CallDestination(address: address)
        guard options.locations[location].isEncrypted else { return destination }
        guard let tlsContext else { return nil }
        destination.tls = CallDestination.TLS(
            context: tlsContext,
            serverName: serverName ?? options.locations[location].host
        )
        return destination
    }
}

// Questions and answers.
extension CoreLine {
    /// Asks a question; one like it that was not sent yet is joined.
    ///
    /// - Returns: its number, and what is answered at once, which may be this question.
    public mutating func ask(
        _ question: CoreQuestion,
        loop: borrowing EventLoop
    ) -> (id: UInt64, answers: [Answer]) {
        let (id, actions) = client.ask(question, now: Self.time(loop))
        return (id, perform(actions, loop))
    }

    /// An event of the line's kind came.
    public mutating func handle(
        _ token: EventToken,
        _ readiness: Readiness,
        loop: borrowing EventLoop
    ) -> [Answer] {
        guard let outcome = calls.handle(token, readiness, loop: loop) else { return [] }
        return perform(actions(outcome, loop), loop)
    }

    /// Ends the calls whose time is over.
    public mutating func expire(loop: borrowing EventLoop) -> [Answer] {
        var answers: [Answer] = []
        while let outcome = calls.expire(now: loop.now, loop: loop) {
            answers += perform(actions(outcome, loop), loop)
        }
        return answers
    }

    /// Does what the client of cores says, and what follows from it.
    private mutating func perform(
        _ actions: [CoreClient.Action],
        _ loop: borrowing EventLoop
    ) -> [Answer] {
        var answers: [Answer] = []
        var actions = actions
        var index = 0
        while index < actions.count {
            switch actions[index] {
            case .answer(let id, let answer): answers.append((id, answer))
            case .send(let request):
                if let outcome = send(request, loop) { actions += self.actions(outcome, loop) }
            }
            index += 1
        }
        return answers
    }

    /// `addressesLeft`: of the core's name, after this one; nil = all the others.
    ///
    /// - Returns: the call's outcome when it failed at once.
    private mutating func send(
        _ request: KeyFetcher.CoreRequest,
        addressesLeft: Int? = nil,
        _ loop: borrowing EventLoop
    ) -> CallOutcome? {
        guard addresses.indices.contains(request.location),
            let address = addresses[request.location].first,
            let destination = destination(request.location, address)
        else { return CallOutcome(id: request.id, answer: nil) }
        sent[request.id] = Sent(
            request: request,
            address: address,
            addressesLeft: addressesLeft ?? addresses[request.location].count - 1
        )
        return calls.start(
            CallRequest(request, to: options.locations[request.location]),
            to: destination,
            deadline: loop.now + options.timeout,
            loop: loop
        )
    }

    private mutating func actions(
        _ outcome: CallOutcome,
        _ loop: borrowing EventLoop
    ) -> [CoreClient.Action] {
        let sent = sent.removeValue(forKey: outcome.id)
        guard let answer = outcome.answer else {
            if let sent { rotateAddresses(sent) }
            // Where nobody listens nothing was asked: it may be another address's turn.
            if let sent, outcome.failure == .unreachable, sent.addressesLeft > 0 {
                let left = sent.addressesLeft - 1
                guard let next = send(sent.request, addressesLeft: left, loop) else { return [] }
                return actions(next, loop)
            }
            callsFailed &+= 1
            return client.failed(request: outcome.id, now: Self.time(loop))
        }
        if answer.status == 200 { callsSucceeded &+= 1 } else { callsFailed &+= 1 }
        return client.answered(
            request: outcome.id,
            status: answer.status,
            body: answer.content.span,
            now: Self.time(loop)
        )
    }

    /// Of a name with several addresses the next is tried after a failure. Of requests that failed
    /// together the first sees to it.
    private mutating func rotateAddresses(_ failed: Sent) {
        let location = failed.request.location
        guard addresses.indices.contains(location), addresses[location].count > 1,
            addresses[location].first == failed.address
        else { return }
        addresses[location].append(addresses[location].removeFirst())
    }

    private static func time(_ loop: borrowing EventLoop) -> KeyFetcher.Time {
        KeyFetcher.Time(
            nanoseconds: loop.now.nanoseconds,
            wallMilliseconds: loop.wallMilliseconds
        )
    }
}

extension CallRequest {
    /// A request of the client of cores, to one of them.
    public init(_ request: KeyFetcher.CoreRequest, to location: CoreOptions.Location) {
        self.init(
            id: request.id,
            method: request.method,
            target: request.path,
            host: location.authority,
            fields: request.headers,
            content: request.body,
            isRepeatable: true
        )
    }
}

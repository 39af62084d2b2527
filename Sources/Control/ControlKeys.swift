import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Proxy
import Sessions
import TLS

/// A call for keys, and where it went.
struct KeyCall {
    let request: KeyFetcher.CoreRequest
    let address: SocketAddress
    /// Addresses of the core's name that it did not go to.
    let addressesLeft: Int
}

/// Fetching keys: the fetcher decides, this carries.
extension ControlLoop {
    /// What each core's name last resolved to; empty before.
    var knownCoreAddresses: [[SocketAddress]] { coreAddresses.map { $0?.addresses ?? [] } }

    /// Looks the cores' names up, which workers ask too; literals are known at once.
    mutating func resolveCores() {
        guard needsKeys else { return }
        let number = coreGeneration
        for (index, location) in configuration.options.sessions.core.locations.enumerated() {
            if let literal = SocketAddress(literal: location.host, port: location.port) {
                coreAddresses[index] = ([literal], loop.now)
                core.line.setAddresses([literal], location: index)
                continue
            }
            let mailbox = mailbox
            resolver.resolve(host: location.host, port: location.port) { result in
                _ = mailbox.post(
                    .resolvedCore(generation: number, location: index, try? result.get())
                )
            }
        }
    }

    mutating func perform(_ actions: [KeyFetcher.Action]) {
        for action in actions {
            switch action {
            case .send(let request):
                send(request)
            case .publish(let set):
                broadcast(.keys(set))
                surroundings.log(
                    .info,
                    "keys",
                    [
                        ("sequence", "\(set.sequence)"),
                        ("web_keys", "\(set.webKeys.count)"),
                        ("legacy_keys", "\(set.legacyKeys.count)"),
                    ]
                )
                warnWithoutKeys(set)
                keepKeys()
            case .answer(let worker, let answer):
                guard workers.indices.contains(worker) else { continue }
                _ = workers[worker].post(.keysAnswered(answer))
            }
        }
    }

    private mutating func send(_ request: KeyFetcher.CoreRequest) {
        let location = configuration.options.sessions.core.locations[request.location]
        let isFresh =
            coreAddresses[request.location].map { loop.now - $0.at < Self.namesInterval } ?? false
        if isFresh, let address = coreAddresses[request.location]?.addresses.first {
            call(request, location, address)
            return
        }
        unresolvedCalls.append(request)
        let mailbox = mailbox
        let index = request.location
        let number = coreGeneration
        resolver.resolve(host: location.host, port: location.port) { result in
            _ = mailbox.post(.resolvedCore(generation: number, location: index, try? result.get()))
        }
    }

    mutating func resolvedCore(_ number: Int, _ location: Int, _ found: [SocketAddress]?) {
        guard number == coreGeneration, coreAddresses.indices.contains(location) else { return }
        if let found, !found.isEmpty {
            coreAddresses[location] = (found, loop.now)
            core.line.setAddresses(found, location: location)
            broadcast(.coreAddresses(generation: generation, location: location, found))
        }
        let waiting = unresolvedCalls.filter { $0.location == location }
        unresolvedCalls.removeAll { $0.location == location }
        for request in waiting {
            // A failure keeps the addresses of before.
            guard let address = coreAddresses[location]?.addresses.first else {
                report(location, "its name does not resolve")
                perform(fetcher.failed(request: request.id, now: time))
                continue
            }
            call(request, configuration.options.sessions.core.locations[location], address)
        }
    }

    /// `addressesLeft`: of the core's name, after this one; nil = all the others.
    private mutating func call(
        _ request: KeyFetcher.CoreRequest,
        _ location: CoreOptions.Location,
        _ address: SocketAddress,
        addressesLeft: Int? = nil
    ) {
        let known = coreAddresses[request.location]?.addresses.count ?? 1
        keyCalls[request.id] = KeyCall(
            request: request,
            address: address,
            addressesLeft: addressesLeft ?? known - 1
        )
        guard let destination = core.line.destination(request.location, address) else {
            callEnded(CallOutcome(id: request.id, answer: nil, failure: .tls(.internal)))
            return
        }
        let outcome = calls.start(
            CallRequest(request, to: location),
            to: destination,
            deadline: loop.now + configuration.options.sessions.core.timeout,
            loop: loop
        )
        if let outcome { callEnded(outcome) }
    }

    mutating func callEnded(_ outcome: CallOutcome) {
        let call = keyCalls.removeValue(forKey: outcome.id)
        let location = call?.request.location
        guard let answer = outcome.answer else {
            if let call, wentOn(call, after: outcome) { return }
            perform(fetcher.failed(request: outcome.id, now: time))
            report(location, Self.cause(of: outcome))
            return
        }
        let failed = fetcher.requestsFailed
        perform(
            fetcher.answered(
                request: outcome.id,
                status: answer.status,
                body: answer.content.span,
                now: time
            )
        )
        let hasFailed = fetcher.requestsFailed > failed
        let cause = hasFailed ? fetcher.lastFailure?.detail.description : nil
        report(location, cause.map { "\($0), status \(answer.status)" })
    }

    private static func cause(of outcome: CallOutcome) -> String {
        if case .tls(let fault)? = outcome.failure { return "\(fault.reason)" }
        return "no answer, or none within core.timeout"
    }

    /// Of a name with several addresses the next is tried after a failure, at once where nobody
    /// listened. Of calls that failed together the first sees to it that it is the next one.
    private mutating func wentOn(_ call: KeyCall, after outcome: CallOutcome) -> Bool {
        let index = call.request.location
        guard coreAddresses.indices.contains(index), var known = coreAddresses[index],
            known.addresses.count > 1
        else { return false }
        if known.addresses.first == call.address {
            known.addresses.append(known.addresses.removeFirst())
            coreAddresses[index] = known
        }
        guard outcome.failure == .unreachable, call.addressesLeft > 0 else { return false }
        let location = configuration.options.sessions.core.locations[index]
        let left = call.addressesLeft - 1
        self.call(call.request, location, known.addresses[0], addressesLeft: left)
        return true
    }
}

import Bytes
import Connections
import Cryptography
import EventLoop
import HTTPCore
import Observability
import Proxy
import Sessions
import TLS
import Upstreams

/// Starting the workers, and what they say.
extension ControlLoop {
    /// How long names may take before the first requests are served without them.
    private static let firstNames = Duration.seconds(2)

    /// Starts a thread for each worker; each opens its own listeners.
    mutating func startWorkers() throws(GatewayFailure) {
        try probeListeners()
        openRevocationFile()
        resolveTargets()
        awaitFirstNames()
        try startWorkerThreads()
    }

    /// With the targets' addresses as they are known.
    mutating func startWorkerThreads() throws(GatewayFailure) {
        resolveCores()
        let source = GenerationSource(
            number: generation,
            options: configuration.options,
            certificates: configuration.certificates,
            clientTLS: configuration.clientTLS,
            addresses: addresses,
            coreAddresses: knownCoreAddresses
        )
        let revocations = revocationSeed
        do throws(SystemFailure) {
            for _ in 0..<configuration.options.workers { workers.append(try Mailbox()) }
            let ownership = KeyedHash()
            for index in 0..<configuration.options.workers {
                let worker = WorkerSurroundings(
                    index: index,
                    workers: configuration.options.workers,
                    mailbox: workers[index],
                    peers: workers,
                    ownership: ownership,
                    control: mailbox,
                    accessLog: accessLog,
                    connections: connections,
                    tunnels: tunnels,
                    revocations: revocations
                )
                let tickets = tickets
                threads.append(
                    try Thread.start(name: "worker-\(index)") {
                        Self.run(worker, source, tickets)
                    }
                )
            }
        } catch {
            throw GatewayFailure(message: "cannot start a worker: \(error.message)")
        }
    }

    /// The workers share their ports (`SO_REUSEPORT`), and so would another process's gateway,
    /// which nobody wants: an address that is taken is refused before any worker listens.
    private func probeListeners() throws(GatewayFailure) {
        for listener in configuration.options.listeners {
            if case .unix = listener.address { continue }
            do throws(SystemFailure) {
                _ = try Socket.listen(on: listener.address, sharesPort: false)
            } catch {
                let place = "\(listener.position): error: cannot listen on \(listener.address)"
                throw GatewayFailure(message: "\(place): \(error.message)")
            }
        }
    }

    private static func run(
        _ surroundings: WorkerSurroundings,
        _ source: GenerationSource,
        _ tickets: TicketKeys
    ) {
        do throws(WorkerFailure) {
            var worker = try Worker.make(
                surroundings: surroundings,
                source: source,
                ticketKeys: tickets
            )
            _ = surroundings.control.post(
                .generationLive(worker: surroundings.index, number: source.number)
            )
            worker.run()
        } catch {
            _ = surroundings.control.post(
                .failed(worker: surroundings.index, error.message)
            )
            _ = surroundings.control.post(.drained(worker: surroundings.index))
        }
    }

    private mutating func awaitFirstNames() {
        let deadline = loop.now + Self.firstNames
        let wanted = configuration.options.upstreams.reduce(0) { $0 + $1.targets.count }
        while addresses.count < wanted, Instant.now < deadline {
            guard (try? loop.wait(until: min(deadline, Instant.now + .milliseconds(20)))) != nil
            else {
                return
            }
            readMail()
        }
    }

    mutating func readMail() {
        mailbox.drain(into: &mail)
        let messages = mail
        mail.removeAll(keepingCapacity: true)
        for message in messages { obey(message) }
    }

    private mutating func obey(_ message: ControlMessage) {
        switch message {
        case .keysWanted(let worker, let question, let seen):
            perform(
                fetcher.wanted(worker: worker, question: question, seenSequence: seen, now: time)
            )
        case .revoked(_, let news):
            signedOut(news)
        case .revocationsObeyed(let worker, let number):
            revocationsObeyed(worker, number)
        case .revocationFileWritten(let count):
            revocationFileWritten(count: count)
        case .sessionsInUse(_, let handles):
            sessionsInUse(handles)
        case .metrics(_, let number, let snapshot):
            collected(number, snapshot)
        case .generationLive(let worker, let number):
            generationLive(worker, number)
        case .generationRefused(_, let number, let reason):
            generationRefused(number, reason)
        case .drained:
            drainedWorkers += 1
        case .failed(let worker, let reason):
            if !hasFailed {
                surroundings.log(.error, "a worker failed: \(reason)", [("worker", "\(worker)")])
            }
            hasFailed = true
            if drainDeadline == nil {
                drainDeadline = loop.now
                broadcast(.drain(until: loop.now))
            }
        case .resolved(let number, let target, let found):
            resolved(number, target, found)
        case .resolvedCore(let number, let location, let found):
            resolvedCore(number, location, found)
        case .keysKept(let failure):
            keysKept(failure)
        }
    }

    private mutating func generationLive(_ worker: Int, _ number: Int) {
        if number == 1 {
            startedWorkers += 1
            guard startedWorkers == workers.count else { return }
            let listeners = configuration.options.listeners.map { "\($0.address)" }
            surroundings.log(
                .info,
                "ready",
                [
                    ("listeners", listeners.joined(separator: " ")),
                    ("workers", "\(workers.count)"),
                    ("admin", configuration.options.admin.map { "\($0)" } ?? "off"),
                ]
            )
            return
        }
        settleGeneration(number, refused: false)
    }

    private mutating func generationRefused(_ number: Int, _ reason: String) {
        surroundings.log(.error, "reload refused by a worker", [("error", reason)])
        settleGeneration(number, refused: true)
    }

    private mutating func settleGeneration(_ number: Int, refused: Bool) {
        guard var pending = pendingGeneration, pending.number == number else { return }
        pending.missing -= 1
        pending.refused = pending.refused || refused
        pendingGeneration = pending.missing == 0 ? nil : pending
        guard pending.missing == 0 else { return }
        metrics.increment(pending.refused ? .reloadsFailed : .reloadsSucceeded)
        metrics.set(.generation, Int64(number))
        if !pending.refused { surroundings.log(.info, "reloaded", [("generation", "\(number)")]) }
    }
}

import Bytes
import EventLoop
import Observability
import Sessions
import TLS
import Upstreams

extension Worker {
    /// Reads what control sent.
    mutating func readMail() {
        surroundings.mailbox.drain(into: &mail)
        let count = mail.count
        for index in 0..<count { obey(mail[index]) }
        mail.removeAll(keepingCapacity: true)
    }

    private mutating func obey(_ message: WorkerMessage) {
        switch message {
        case .generation(let source):
            take(source)
        case .keys(let set):
            keys = set
            for handle in authenticatorHandles {
                authenticators[handle].authenticator.replaceKeys(set)
            }
            judgePutOffSignOuts()
        case .keysAnswered(let answer):
            resumeKeyWaiters(answer)
        case .addresses(let number, let target, let list):
            guard number == generations[current].number else { return }
            pools[generations[current].pool].setAddresses(target, list)
            metrics.setUpstream(
                target: generations[current].names.firstTargets[target.upstream] + target.target,
                isUp: pools[generations[current].pool].pool.isUp(target),
                at: loop.wallMilliseconds
            )
        case .coreAddresses(let number, let location, let list):
            guard number == generations[current].number else { return }
            core.line.setAddresses(list, location: location)
        case .childWanted(let child, let worker):
            childWanted(child, by: worker)
        case .childAnswered(let token, let answer):
            childAnswered(token, answer)
        case .ticketKeys(let ticketKeys):
            tickets.replace(ticketKeys)
        case .revoked(let news):
            obey(news)
        case .collectSessions(let share):
            tellSessionsInUse(share)
        case .collectMetrics(let number):
            collectMetrics(number)
        case .drain(let deadline):
            beginDrain(until: deadline)
        }
    }

    private mutating func take(_ source: GenerationSource) {
        do throws(WorkerFailure) {
            try adopt(source)
            post(.generationLive(worker: surroundings.index, number: source.number))
        } catch {
            post(
                .generationRefused(
                    worker: surroundings.index,
                    number: source.number,
                    error.message
                )
            )
        }
    }

    private mutating func resumeKeyWaiters(_ answer: KeyFetcher.KeysAnswer) {
        let waiting = keyWaiters
        keyWaiters.removeAll(keepingCapacity: true)
        for exchange in waiting
        where exchanges.contains(exchange) && exchanges[exchange].state == .awaitingKeys {
            guard exchanges[exchange].keyQuestion == answer.question else {
                keyWaiters.append(exchange)
                continue
            }
            exchanges[exchange].keyFetchFailed = answer.failed
            // Its time may be over in this same turn, and would wake it a second time.
            cancelTimer(exchange)
            exchangeQueue.append(exchange)
        }
    }

    private mutating func collectMetrics(_ number: Int) {
        var hits: UInt64 = 0
        var misses: UInt64 = 0
        var entries: Int64 = 0
        var evictions: UInt64 = 0
        var bytes: Int64 = 0
        var checks: UInt64 = 0
        for handle in authenticatorHandles {
            let statistics = authenticators[handle].authenticator.statistics
            hits += statistics.hits
            misses += statistics.misses
            entries += Int64(statistics.entries)
            evictions += statistics.evictions
            bytes += Int64(statistics.bytes)
            checks += authenticators[handle].authenticator.signatureChecks
        }
        metrics.setTokenCache(hits: hits, misses: misses, entries: entries)
        metrics.set(.tokenCacheEvictions, evictions)
        metrics.set(.tokenCacheBytes, bytes)
        metrics.set(.signatureChecks, checks)
        metrics.set(.coreCallsSucceeded, core.line.callsSucceeded)
        metrics.set(.coreCallsFailed, core.line.callsFailed)
        metrics.set(.exchangesInFlight, Int64(exchanges.count))
        metrics.set(.tunnels, Int64(openTunnels))
        metrics.set(.clientConnections, Int64(clients.count))
        metrics.set(.upstreamConnections, Int64(upstreams.count))
        post(.metrics(worker: surroundings.index, number: number, metrics.snapshot()))
    }

    /// The mailbox to control is bounded; what it has no room for is lost, and asked for again by
    /// whoever waits for it.
    mutating func post(_ message: ControlMessage) {
        if !surroundings.control.post(message) { metrics.increment(.messagesDropped) }
    }
}

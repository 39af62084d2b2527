import Bytes
import Connections
import EventLoop
import HTTPCore
import Observability
import Policy
import Proxy
import Sessions
import TLS
import Upstreams

/// What the control loop's events name.
enum ControlEvent {
    static let signals: UInt8 = 1
    static let mailbox: UInt8 = 2
    static let adminListener: UInt8 = 3
    static let adminConnection: UInt8 = 4
    static let call: UInt8 = 5
    static let coreCall: UInt8 = 6
}

/// SIGHUP, SIGINT and SIGTERM, as Linux numbers them.
enum SignalNumber {
    static let hangUp: CInt = 1
    static let interrupt: CInt = 2
    static let terminate: CInt = 15
}

/// The control thread: signals, admin, keys, names, reloads. It blocks in its event loop only.
struct ControlLoop: ~Copyable {
    let surroundings: ControlSurroundings
    var configuration: LoadedConfiguration
    var loop: EventLoop
    let signals: SignalDescriptor
    let mailbox: Mailbox<ControlMessage>
    var workers: [Mailbox<WorkerMessage>] = []
    var threads: [Thread] = []
    let accessLog: AccessLog
    let connections: ConnectionBudget
    let tunnels: ConnectionBudget
    /// `limits.connections` of the first configuration: each worker has room for as many.
    let connectionsAtStart: Int
    let resolver: Resolver
    /// Whether nothing goes to the configuration's targets (`Rehearsal`).
    var isRehearsal = false
    var admin: ServiceServer?
    var calls = CallClient(kind: ControlEvent.call)
    var core: ControlCore
    var mail: [ControlMessage] = []

    // Keys.
    var fetcher: KeyFetcher
    /// What each core location's host last resolved to, and when.
    var coreAddresses: [(addresses: [SocketAddress], at: Instant)?]
    /// The configuration that the core locations are of.
    var coreGeneration = 1
    /// What the log last said of each core location; nil = nothing is wrong.
    var coreReports: [CoreReport?]
    /// Requests that wait for a location's addresses.
    var unresolvedCalls: [KeyFetcher.CoreRequest] = []
    /// Calls for keys under way.
    var keyCalls: [UInt64: KeyCall] = [:]
    var keyCache = KeyCacheState()

    // Configurations.
    var generation = 1
    var addresses: [TargetID: [SocketAddress]] = [:]
    /// Targets whose names do not resolve, and when the log last said so.
    var unresolvedSince: [TargetID: Instant] = [:]
    var pendingGeneration: (number: Int, missing: Int, refused: Bool)?
    var tickets: TicketKeys
    var metrics = WorkerMetrics(routeNames: [], upstreamTargets: [])
    var collections: [MetricsCollection] = []
    var nextCollection = 1

    // Dropped sessions.
    var revocations: ControlRevocations
    var poll = SessionPoll()
    /// When the log last said that a session could not be asked about.
    var pollReportedAt: Instant?

    // Life.
    let startedWall: Int64
    var startedWorkers = 0
    var drainedWorkers = 0
    var drainDeadline: Instant?
    var hasFailed = false
    var nextSecond: Instant
    var nextNames: Instant
    var nextTickets: Instant

    /// How often names are resolved again, and after a failure.
    static let namesInterval = Duration.seconds(30)
    static let namesRetry = Duration.seconds(2)
    /// How long ticket keys stay current.
    static let ticketsInterval = Duration.seconds(6 * 3600)

    /// What must be opened before there is a loop.
    struct Opened: ~Copyable {
        var loop: EventLoop
        let signals: SignalDescriptor
        let mailbox: Mailbox<ControlMessage>
        let resolver: Resolver
        let accessLog: AccessLog
        var admin: ServiceServer?
    }

    init(
        _ configuration: LoadedConfiguration,
        _ surroundings: ControlSurroundings,
        _ opened: consuming Opened
    ) {
        let options = configuration.options
        let now = opened.loop.now
        self.configuration = configuration
        self.surroundings = surroundings
        loop = opened.loop
        signals = opened.signals
        mailbox = opened.mailbox
        resolver = opened.resolver
        accessLog = opened.accessLog
        admin = opened.admin
        connectionsAtStart = options.limits.connections
        connections = ConnectionBudget(maximum: connectionsAtStart)
        tunnels = ConnectionBudget(maximum: options.limits.tunnels)
        fetcher = KeyFetcher(options: options.sessions)
        core = ControlCore(configuration)
        coreAddresses = Array(repeating: nil, count: options.sessions.core.locations.count)
        coreReports = Array(repeating: nil, count: options.sessions.core.locations.count)
        tickets = TicketKeys.generate()
        revocations = ControlRevocations(options.sessions.revocation)
        startedWall = loop.wallMilliseconds
        nextSecond = now
        nextNames = now + Self.namesInterval
        nextTickets = now + Self.ticketsInterval
        poll.replaceInterval(options.sessions.revocation.poll, now: now)
    }

    /// Runs until every worker has ended.
    ///
    /// - Returns: whether they ended as asked.
    mutating func run() -> Bool {
        while drainedWorkers < workers.count {
            do throws(SystemFailure) {
                try turn()
            } catch {
                surroundings.log(.error, "control loop failed", [("error", error.message)])
                return false
            }
        }
        for thread in threads { thread.join() }
        keepLastKeys()
        accessLog.close()
        resolver.stop()
        surroundings.log(hasFailed ? .error : .info, "stopped", [])
        return !hasFailed
    }

    private mutating func turn() throws(SystemFailure) {
        let ready = try loop.wait(until: nextDeadline)
        for index in 0..<ready {
            let event = loop.event(at: index)
            handle(event.token, event.readiness)
        }
        while let outcome = calls.expire(now: loop.now, loop: loop) { callEnded(outcome) }
        expireCoreCalls()
        if let deadline = keysDeadline, deadline <= loop.now.nanoseconds {
            perform(fetcher.tick(time))
        }
        if loop.now >= nextSecond { everySecond() }
        tendRevocations()
        tendPoll()
    }

    private var nextDeadline: Instant {
        var next = min(nextSecond, tellingDeadline, poll.nextDeadline)
        if let deadline = keysDeadline { next = min(next, Instant(nanoseconds: deadline)) }
        if let deadline = calls.nextDeadline { next = min(next, deadline) }
        if let deadline = core.line.nextDeadline { next = min(next, deadline) }
        return next
    }

    private mutating func handle(_ token: EventToken, _ readiness: Readiness) {
        switch token.kind {
        case ControlEvent.signals:
            while let signal = signals.next() { received(signal) }
        case ControlEvent.mailbox:
            readMail()
        case ControlEvent.adminListener, ControlEvent.adminConnection:
            adminReady(token, readiness)
        case ControlEvent.call:
            if let outcome = calls.handle(token, readiness, loop: loop) { callEnded(outcome) }
        case ControlEvent.coreCall:
            coreReady(token, readiness)
        default:
            break
        }
    }

    /// When keys are to be fetched; never where no route looks at a session.
    private var keysDeadline: UInt64? { needsKeys ? fetcher.nextDeadline : nil }

    var needsKeys: Bool {
        configuration.options.routes.contains { $0.session == .required || $0.session == .optional }
    }

    private mutating func everySecond() {
        nextSecond = loop.now + .seconds(1)
        admin?.sweep(now: loop.now, loop: loop)
        expireCollections()
        saveKeys(atOnce: false)
        answerRevocations()
        tendRevocationFile()
        if loop.now >= nextNames {
            resolveTargets()
            resolveCores()
        }
        if loop.now >= nextTickets {
            nextTickets = loop.now + Self.ticketsInterval
            tickets = tickets.rotated()
            broadcast(.ticketKeys(tickets))
        }
    }

    private mutating func received(_ signal: CInt) {
        switch signal {
        case SignalNumber.hangUp:
            accessLog.reopen()
            reload()
        default:
            drain()
        }
    }

    /// A second signal ends what still runs at once.
    private mutating func drain() {
        let grace = drainDeadline == nil ? configuration.options.shutdownGrace : .zero
        surroundings.log(.info, "draining", [("grace", "\(grace.milliseconds) ms")])
        drainDeadline = loop.now + grace
        poll.replaceInterval(.zero, now: loop.now)
        broadcast(.drain(until: loop.now + grace))
    }

    func broadcast(_ message: WorkerMessage) {
        for worker in workers where !worker.post(message) {
            surroundings.log(.warning, "a worker's mailbox is full", [])
        }
    }

    var time: KeyFetcher.Time {
        KeyFetcher.Time(
            nanoseconds: loop.now.nanoseconds,
            wallMilliseconds: loop.wallMilliseconds
        )
    }
}

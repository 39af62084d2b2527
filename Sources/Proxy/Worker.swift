import Bytes
import Connections
public import Cryptography
public import EventLoop
public import HTTPCore
public import Observability
import Policy
public import Sessions
public import TLS
import Upstreams

/// What epoll's events name.
enum EventKind {
    static let listener: UInt8 = 1
    static let client: UInt8 = 2
    static let upstream: UInt8 = 3
    static let mailbox: UInt8 = 4
    static let coreCall: UInt8 = 5
}

/// What all workers share: two mailboxes each, the log, and the count of connections.
public struct WorkerSurroundings: Sendable {
    /// Which worker it is, from 0.
    public var index: Int
    /// How many there are.
    public var workers: Int
    /// What control tells this worker.
    public var mailbox: Mailbox<WorkerMessage>
    /// The mailboxes of all workers by their index, this one's too; empty where it is alone.
    public var peers: [Mailbox<WorkerMessage>]
    /// Says which worker owns a child token: the same in all of them.
    public var ownership: KeyedHash
    /// What workers tell control.
    public var control: Mailbox<ControlMessage>
    /// Each worker writes to a ring of its own.
    public var accessLog: AccessLog
    /// `limits.connections`, of the whole process.
    public var connections: ConnectionBudget
    /// `limits.tunnels`, of the whole process.
    public var tunnels: ConnectionBudget
    /// The sessions that were dropped before the worker started.
    public var revocations: RevocationSeed

    /// One worker's surroundings.
    public init(
        index: Int,
        workers: Int,
        mailbox: Mailbox<WorkerMessage>,
        peers: [Mailbox<WorkerMessage>] = [],
        ownership: KeyedHash = KeyedHash(),
        control: Mailbox<ControlMessage>,
        accessLog: AccessLog,
        connections: ConnectionBudget,
        tunnels: ConnectionBudget = ConnectionBudget(maximum: Limits().tunnels),
        revocations: RevocationSeed = RevocationSeed()
    ) {
        self.index = index
        self.workers = workers
        self.mailbox = mailbox
        self.peers = peers
        self.ownership = ownership
        self.control = control
        self.accessLog = accessLog
        self.connections = connections
        self.tunnels = tunnels
        self.revocations = revocations
    }
}

/// One event loop on one thread, and all it owns: connections, exchanges, caches, tables. Nothing
/// in it is shared with another thread; what crosses threads is copied through mailboxes.
public struct Worker: ~Copyable {
    var surroundings: WorkerSurroundings
    var loop: EventLoop
    var timers: TimerWheel
    var chunks: ChunkPool
    var listeners: Slab<Listener>
    var listenerHandles: [Handle<Listener>] = []
    var tlsContexts: Slab<TLSServerContext>
    /// One for each listener of the configuration, in its order; nil = cleartext.
    var tlsHandles: [Handle<TLSServerContext>?] = []
    /// Where clients reach each listener of the configuration.
    let listenerPlaces: [ListenerOptions.Place]
    let tickets: TicketKeyStore
    /// Set while nobody can be accepted nor turned away.
    var listenersPausedUntil: Instant?
    var clients: Slab<ClientConnection>
    var upstreams: Slab<UpstreamConnection>
    var exchanges: Slab<Exchange>
    /// Exchanges that are tunnels.
    var openTunnels = 0
    var generations: Slab<Generation>
    var authenticators: Slab<SharedAuthenticator>
    var authenticatorHandles: [Handle<SharedAuthenticator>] = []
    var pools: Slab<SharedPool>
    /// The generation of new exchanges.
    var current: Handle<Generation>
    var keys = KeySet()
    /// Sessions of which nothing is accepted any more.
    var revoked: RevokedSessions
    /// Sign-outs that wait for the keys their tokens were signed with.
    var putOffSignOuts: [WatchedCredentials] = []
    /// What control is to be told of sign-outs and has no room for yet.
    var untold = RevocationNews()
    /// The last number to be told to control and not told yet; 0 = none.
    var unconfirmed: UInt64 = 0
    var metrics: WorkerMetrics
    var log: LogRing
    var requestIDs = RequestID()
    /// For a request ID's digits on their way to the exchange.
    var scratch = Buffer(capacity: 64)
    var date = HTTPDate()

    // Work of this turn; each connection stands in a queue once at most.
    var clientQueue: [Handle<ClientConnection>] = []
    var upstreamQueue: [Handle<UpstreamConnection>] = []
    var exchangeQueue: [Handle<Exchange>] = []
    var dirtyClients: [Handle<ClientConnection>] = []
    var dirtyUpstreams: [Handle<UpstreamConnection>] = []
    /// Whether no more signatures are checked this turn: those that wait are not even parsed.
    var signaturesSpent = false
    /// Exchanges that wait for keys.
    var keyWaiters: [Handle<Exchange>] = []
    /// What is asked of cores.
    var core: CoreQuestions
    var spareStorage = Stack<ExchangeStorage>(capacity: 256)
    var trailers: [FieldLine] = []
    var mail: [WorkerMessage] = []
    /// Set while draining: when the last connection is closed at the latest.
    var drainDeadline: Instant?
    /// Set when the grace is over: when even the last refusals are no longer waited for.
    var drainEnd: Instant?
    package internal(set) var isFinished = false

    static let generationsMaximum = 64
    /// Accepts of one listener in one turn.
    static let acceptsPerTurn = 64
    /// Connections whose output is written together.
    static let flushBatch = 4
    /// Bytes that may wait in an output before the other side is not read any more.
    static let highWater = 64 * 1024

    /// Opens its listeners and compiles the first generation; runs nothing yet.
    ///
    /// - Throws: what cannot be opened or compiled, in words.
    public static func make(
        surroundings: WorkerSurroundings,
        source: GenerationSource,
        ticketKeys: TicketKeys
    ) throws(WorkerFailure) -> Worker {
        var worker = Worker(
            surroundings: surroundings,
            source: source,
            ticketKeys: ticketKeys,
            loop: try makeLoop(surroundings.mailbox)
        )
        try worker.openListeners(source.options.listeners)
        try worker.adopt(source)
        return worker
    }

    private init(
        surroundings: WorkerSurroundings,
        source: GenerationSource,
        ticketKeys: TicketKeys,
        loop: consuming EventLoop
    ) {
        let options = source.options
        let capacity = min(max(options.limits.connections, 1), 1 << 20)
        let now = loop.now
        self.loop = loop
        log = surroundings.accessLog.ring(surroundings.index)
        self.surroundings = surroundings
        timers = TimerWheel(capacity: capacity * 4, now: now)
        chunks = ChunkPool(
            largeBytes: Self.largeChunkBytes(options.limits),
            keptMaximum: 256
        )
        listeners = Slab(capacity: max(options.listeners.count, 1))
        tlsContexts = Slab(capacity: 2 * max(options.listeners.count, 1))
        listenerPlaces = options.listeners.map(\.place)
        tickets = TicketKeyStore(ticketKeys)
        clients = Slab(capacity: capacity)
        upstreams = Slab(capacity: capacity * 2)
        exchanges = Slab(capacity: capacity)
        generations = Slab(capacity: Self.generationsMaximum)
        authenticators = Slab(capacity: Self.generationsMaximum)
        pools = Slab(capacity: Self.generationsMaximum)
        metrics = WorkerMetrics(routeNames: [], upstreamTargets: [])
        revoked = RevokedSessions(
            entries: options.sessions.revocation.entries,
            keep: options.sessions.revocation.keep,
            key: surroundings.revocations.key
        )
        revoked.take(surroundings.revocations)
        self.surroundings.revocations.sessions = []
        current = Handle(bits: 0)
        core = CoreQuestions(source)
    }

    /// The largest head with room to read on behind it, or what may wait for the other side.
    static func largeChunkBytes(_ limits: Limits) -> Int {
        2 * limits.requestHead + 160 * 1024
    }

    private static func makeLoop(
        _ mailbox: Mailbox<WorkerMessage>
    ) throws(WorkerFailure) -> EventLoop {
        do throws(SystemFailure) {
            let loop = try EventLoop()
            try loop.addLevelTriggered(
                descriptor: mailbox.descriptor,
                token: EventToken(kind: EventKind.mailbox, bits: 0)
            )
            return loop
        } catch {
            throw WorkerFailure(message: "no event loop: \(error.message)")
        }
    }

    /// Serves until drained; then every connection is closed.
    public mutating func run() {
        while !isFinished {
            do throws(SystemFailure) {
                try turn()
            } catch {
                _ = surroundings.control.post(
                    .failed(worker: surroundings.index, "epoll: \(error.message)")
                )
                isFinished = true
            }
        }
        // The process ends when all have said so: a full mailbox is waited for.
        while !surroundings.control.post(.drained(worker: surroundings.index)) {
            _ = try? loop.wait(until: loop.now + .milliseconds(1))
        }
    }
}

/// Why a worker cannot start or take a configuration.
public struct WorkerFailure: Error, Sendable {
    /// What is wrong, with its place where it has one.
    public let message: String

    /// A failure in these words.
    public init(message: String) {
        self.message = message
    }
}

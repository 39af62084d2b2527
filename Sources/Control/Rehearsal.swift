import Connections
import EventLoop
import Observability
import Proxy
public import Sessions
import Upstreams

/// One request through the whole gateway, in this process, with nobody behind it: the same parser,
/// routes, session checks and rewrite as those that serve, because they are run.
///
/// Targets are replaced by one that takes the head and answers 204. So is the core, by one that
/// answers nothing, unless it is to be asked. Nothing is written but a log in `folder`.
public struct Rehearsal: Sendable {
    /// What came of it.
    public struct Outcome: Sendable {
        /// What the client gets: head and content. Where the request was forwarded, 204 stands for
        /// the upstream's answer.
        public var answer: [UInt8]
        /// The head as the upstream would get it; nil when it gets none.
        public var forwarded: [UInt8]?
        /// The line of the access log, JSON; empty when there is none.
        public var record: [UInt8]
        /// The keys that the session was judged with.
        public var keys: KeySet
        /// What the control log said of the core.
        public var warnings: [String]
    }

    /// A configuration, loaded as for `serve`.
    public var configuration: LoadedConfiguration
    /// The listener that the request comes to.
    public var listener: Int
    /// Whether the core is asked for keys and sessions.
    public var asksCore: Bool
    /// Keys of the start; nil = none.
    public var keys: KeySet?
    /// A folder of the run's own.
    public var folder: String

    /// The longest a run takes beside what the core may take.
    private static let patience = Duration.seconds(10)

    /// A run on these terms.
    public init(
        _ configuration: LoadedConfiguration,
        listener: Int,
        asksCore: Bool,
        keys: KeySet?,
        folder: String
    ) {
        self.configuration = configuration
        self.listener = listener
        self.asksCore = asksCore
        self.keys = keys
        self.folder = folder
    }

    /// Sends the bytes of one request's head. Signals must be blocked before (`Signals.block`).
    ///
    /// - Throws: why the gateway did not start.
    public func run(_ request: [UInt8]) throws(GatewayFailure) -> Outcome {
        let stage: RehearsalStage
        let gateway: SocketAddress
        let running: RunningRehearsal
        do throws(SystemFailure) {
            stage = try RehearsalStage()
            gateway = try RehearsalStage.freeAddress()
            let cast = Cast(loaded: try self.cast(stage, gateway), keys: keys, stage.upstream)
            running = try RunningRehearsal(cast)
        } catch {
            throw GatewayFailure(message: "the dry run did not start: \(error)")
        }
        try running.awaitReady()
        let deadline = Instant.now + Self.patience + coreTime
        let answer = (try? stage.ask(request, of: gateway, until: deadline)) ?? []
        let ended = running.end()
        return Outcome(
            answer: answer,
            forwarded: stage.forwarded,
            record: record,
            keys: ended.keys,
            warnings: ended.warnings
        )
    }

    private var coreTime: Duration {
        let core = configuration.options.sessions.core
        return asksCore ? core.timeout * (2 * core.locations.count) : .zero
    }

    private var record: [UInt8] {
        let bytes = (try? FileContents.read("\(folder)/access.log", maximum: 1 << 20)) ?? []
        return Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
    }

    /// The configuration with other places to listen, to forward to, and to write to.
    private func cast(
        _ stage: RehearsalStage,
        _ gateway: SocketAddress
    ) throws(SystemFailure) -> LoadedConfiguration {
        var loaded = configuration
        loaded.warnings = []
        loaded.options.workers = 1
        loaded.options.admin = nil
        loaded.options.shutdownGrace = .zero
        loaded.options.log.access = .file(path: "\(folder)/access.log")
        loaded.options.sessions.keysCacheFile = ""
        loaded.options.sessions.revocation.file = ""
        loaded.options.sessions.revocation.poll = .zero
        for index in loaded.options.listeners.indices {
            loaded.options.listeners[index].standsFor = loaded.options.listeners[index].place
            loaded.options.listeners[index].tls = nil
            loaded.options.listeners[index].address =
                index == listener ? gateway : try RehearsalStage.freeAddress()
        }
        for index in loaded.options.upstreams.indices {
            loaded.options.upstreamTLS[index] = nil
            loaded.options.upstreams[index].standInCleartext()
        }
        guard !asksCore else { return loaded }
        for index in loaded.options.sessions.core.locations.indices {
            loaded.options.sessions.core.locations[index].host = "127.0.0.1"
            loaded.options.sessions.core.locations[index].port = stage.core.port ?? 0
        }
        return loaded
    }
}

extension UpstreamOptions {
    /// The stand-in speaks no TLS; the `Host` that is sent stays the same.
    fileprivate mutating func standInCleartext() {
        for index in targets.indices {
            guard case .https(let name, let port) = targets[index] else { continue }
            targets[index] = .http(host: name, port: port)
            guard host == .target else { continue }
            let authority = name.contains(":") ? "[\(name)]" : name
            host = .name(port == 443 ? authority : "\(authority):\(port)")
        }
    }
}

/// What the thread of a rehearsed gateway is given.
private struct Cast: Sendable {
    let loaded: LoadedConfiguration
    let keys: KeySet?
    let upstream: SocketAddress

    init(loaded: LoadedConfiguration, keys: KeySet?, _ upstream: SocketAddress) {
        self.loaded = loaded
        self.keys = keys
        self.upstream = upstream
    }
}

/// A gateway on threads of its own, with one worker.
private final class RunningRehearsal {
    private enum News: Sendable {
        case started(Mailbox<WorkerMessage>)
        case ready
        case warned(String)
        case failed(GatewayFailure)
        case ended(KeySet)
    }

    private let news: Mailbox<News>
    private var loop: EventLoop
    private let thread: Thread
    private var worker: Mailbox<WorkerMessage>?
    private var keys = KeySet()
    private var warnings: [String] = []

    init(_ cast: Cast) throws(SystemFailure) {
        let news = try Mailbox<News>()
        self.news = news
        loop = try EventLoop(maximumEvents: 1)
        try loop.addLevelTriggered(
            descriptor: news.descriptor,
            token: EventToken(kind: 1, bits: 0)
        )
        thread = try Thread.start(name: "control") { Self.run(cast, news) }
    }

    private static func run(_ cast: Cast, _ news: Mailbox<News>) {
        let surroundings = ControlSurroundings(
            reload: { .failure(ReloadFailure(lines: [])) },
            log: { level, message, fields in
                if message == "ready" { news.post(.ready) }
                guard level == .warning || level == .error else { return }
                let told = fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
                news.post(.warned(told.isEmpty ? message : "\(message): \(told)"))
            }
        )
        do throws(GatewayFailure) {
            let opened = try ControlLoop.open(cast.loaded.options)
            var control = ControlLoop(cast.loaded, surroundings, opened)
            control.isRehearsal = true
            for (upstream, group) in cast.loaded.options.upstreams.enumerated() {
                for target in group.targets.indices {
                    let id = TargetID(upstream: upstream, target: target)
                    control.addresses[id] = [cast.upstream]
                }
            }
            try control.startWorkerThreads()
            if let worker = control.workers.first { news.post(.started(worker)) }
            if let keys = cast.keys { control.perform(control.fetcher.restore(keys)) }
            _ = control.run()
            news.post(.ended(control.fetcher.keys))
        } catch {
            news.post(.failed(error))
        }
    }

    /// - Throws: why it will never be.
    func awaitReady() throws(GatewayFailure) {
        try wait { if case .ready = $0 { true } else { false } }
    }

    /// Drains it at once.
    func end() -> (keys: KeySet, warnings: [String]) {
        worker?.post(.drain(until: .now))
        try? wait { if case .ended = $0 { true } else { false } }
        return (keys, warnings)
    }

    private func wait(_ isAwaited: (News) -> Bool) throws(GatewayFailure) {
        let deadline = Instant.now + .seconds(10)
        var told: [News] = []
        while Instant.now < deadline {
            told.removeAll()
            news.drain(into: &told)
            var isThere = false
            for one in told {
                if case .failed(let failure) = one { throw failure }
                take(one)
                isThere = isThere || isAwaited(one)
            }
            if isThere { return }
            _ = try? loop.wait(until: deadline)
        }
        throw GatewayFailure(message: "the dry run did not start, or end, within 10 s")
    }

    private func take(_ one: News) {
        switch one {
        case .started(let mailbox): worker = mailbox
        case .warned(let warning): warnings.append(warning)
        case .ended(let set): keys = set
        case .ready, .failed: break
        }
    }
}

import CLinux
import Synchronization

/// Why a name gave no address.
public enum ResolveFailure: Error, Equatable, Sendable {
    /// No such name, or it has no address.
    case notFound
    /// The name servers did not answer; worth another try.
    case temporary
    /// Another failure, as getaddrinfo's code.
    case failed(CInt)
    /// Too many names wait already.
    case overloaded
    /// The resolver was stopped.
    case stopped
}

/// Resolves names on a thread of its own, one after the other, since getaddrinfo blocks.
public final class Resolver: Sendable {
    /// What is done with the answer.
    public typealias Completion = @Sendable (Result<[SocketAddress], ResolveFailure>) -> Void

    /// Addresses of one name that are kept.
    public static let maximumAddresses = 32

    private let queue: Queue
    private let thread: Thread

    /// Starts the thread.
    public init() throws(SystemFailure) {
        let queue = try Queue()
        self.queue = queue
        thread = try Thread.start(name: "resolver") { Self.run(queue) }
    }

    /// Asks for the addresses of a name or an IP literal.
    ///
    /// `then` is called exactly once: for a literal at once, for a name on the resolver's thread,
    /// where it only posts to a mailbox.
    public func resolve(host: String, port: UInt16, then: @escaping Completion) {
        if let address = SocketAddress(literal: host, port: port) {
            then(.success([address]))
            return
        }
        guard !host.isEmpty, !host.utf8.contains(0) else {
            then(.failure(.notFound))
            return
        }
        if let refusal = queue.post(Job(host: host, port: port, then: then)) {
            then(.failure(refusal))
        }
    }

    /// Ends the thread after the name it is at; names that wait are answered with `stopped`.
    ///
    /// Does not wait for the thread: a name server may take its time.
    public func stop() { queue.stop() }

    private static func run(_ queue: Queue) {
        var waiting: [Job?] = []
        // What was posted before the stop is in the box by then: one more round answers it.
        while true {
            let isLastRound = queue.isStopped
            if !isLastRound { queue.box.waitUntilReadable() }
            waiting.removeAll()
            queue.box.drain(into: &waiting)
            for case .some(let job) in waiting {
                job.then(queue.isStopped ? .failure(.stopped) : lookUp(job.host, port: job.port))
            }
            if isLastRound { return }
        }
    }

    private static func lookUp(
        _ host: String,
        port: UInt16
    ) -> Result<[SocketAddress], ResolveFailure> {
        var found = [linux_address](repeating: linux_address(), count: maximumAddresses)
        let count = unsafe linux_resolve(host, port, &found, CInt(maximumAddresses))
        if count > 0 { return .success(found.prefix(Int(count)).compactMap { SocketAddress($0) }) }
        switch count {
        case linux_resolve_not_found: return .failure(.notFound)
        case linux_resolve_temporary: return .failure(.temporary)
        default: return .failure(.failed(count - linux_resolve_failed))
        }
    }
}

private struct Job: Sendable {
    let host: String
    let port: UInt16
    let then: Resolver.Completion
}

/// The names that wait; closed for good by `stop`.
private final class Queue: Sendable {
    /// Nil only wakes the thread up.
    let box: Mailbox<Job?>
    private let stopped = Mutex(false)

    init() throws(SystemFailure) {
        box = try Mailbox(capacity: 1024)
    }

    var isStopped: Bool { stopped.withLock { $0 } }

    /// Nil when the job was taken.
    func post(_ job: Job) -> ResolveFailure? {
        stopped.withLock { isStopped in
            if isStopped { return .stopped }
            return box.post(job) ? nil : .overloaded
        }
    }

    func stop() {
        stopped.withLock { isStopped in isStopped = true }
        // When the box is too full for this, the thread is awake anyway.
        box.post(nil)
    }
}

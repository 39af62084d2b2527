import CLinux

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
    public typealias Completion = @Sendable (Result<[SocketAddress], ResolveFailure>) -> Void

    /// Addresses of one name that are kept.
    public static let maximumAddresses = 32

    private let jobs: Mailbox<Job>
    private let thread: Thread

    private enum Job: Sendable {
        case resolve(host: String, port: UInt16, then: Completion)
        case stop
    }

    /// Starts the thread.
    public init() throws(SystemFailure) {
        let jobs = try Mailbox<Job>(capacity: 1024)
        self.jobs = jobs
        thread = try Thread.start(name: "resolver") { Self.run(jobs) }
    }

    /// Asks for a name's addresses.
    ///
    /// - Parameters:
    ///   - host: a name or an IP literal; a literal is answered at once, on the caller's thread.
    ///   - then: called exactly once, on the resolver's thread for a name; it only posts to a mailbox.
    public func resolve(host: String, port: UInt16, then: @escaping Completion) {
        if let address = SocketAddress(literal: host, port: port) {
            then(.success([address]))
            return
        }
        guard !host.isEmpty, !host.utf8.contains(0) else {
            then(.failure(.notFound))
            return
        }
        if !jobs.post(.resolve(host: host, port: port, then: then)) {
            then(.failure(.overloaded))
        }
    }

    /// Ends the thread after the name it is at; names that wait are answered with `stopped`. Does not
    /// wait for it: a name server may take its time.
    public func stop() {
        jobs.post(.stop)
    }

    private static func run(_ jobs: Mailbox<Job>) {
        var isStopped = false
        var waiting: [Job] = []
        while !isStopped {
            jobs.waitUntilReadable()
            waiting.removeAll()
            jobs.drain(into: &waiting)
            for job in waiting {
                switch job {
                case .stop:
                    isStopped = true
                case .resolve(_, _, let then) where isStopped:
                    then(.failure(.stopped))
                case .resolve(let host, let port, let then):
                    then(lookUp(host, port: port))
                }
            }
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

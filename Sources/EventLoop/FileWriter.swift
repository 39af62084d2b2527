import Synchronization

/// Puts small files in place on a thread of its own, since a disk may take its time.
///
/// Of what is asked for a path before its turn comes only the last is written, so that what waits
/// is bounded by the paths that are in use.
public final class FileWriter: Sendable {
    /// What is done with the outcome: nil = the file is there.
    public typealias Completion = @Sendable (SystemFailure?) -> Void

    private let queue: FileQueue

    /// Starts the thread.
    public init() throws(SystemFailure) {
        let queue = try FileQueue()
        self.queue = queue
        // Detached: a disk that hangs must not keep the process from ending.
        _ = try Thread.start(name: "file-writer") { Self.run(queue) }
    }

    /// Puts a file in place of the one at `path`, as `FileContents.replace` does.
    ///
    /// `then` is called on the writer's thread, where it only posts to a mailbox; never where a
    /// later content took this one's place, or the writer was stopped.
    public func replace(_ path: String, with bytes: [UInt8], then: @escaping Completion) {
        queue.put(path, FileQueue.Content(bytes: bytes, then: then))
    }

    /// Ends the thread after what waits; gives that so many milliseconds, then leaves it alone.
    public func stop(within milliseconds: CInt) {
        queue.stop()
        queue.ended.wait(milliseconds: milliseconds)
    }

    private static func run(_ queue: FileQueue) {
        while true {
            queue.wakeUp.wait()
            queue.wakeUp.reset()
            let (contents, isStopped) = queue.take()
            for (path, content) in contents {
                do throws(SystemFailure) {
                    try FileContents.replace(path, with: content.bytes)
                    content.then(nil)
                } catch {
                    content.then(error)
                }
            }
            guard isStopped else { continue }
            queue.ended.signal()
            return
        }
    }
}

/// The contents that wait, one for each path.
private final class FileQueue: Sendable {
    struct Content: Sendable {
        let bytes: [UInt8]
        let then: FileWriter.Completion
    }

    private struct State: Sendable {
        var contents: [String: Content] = [:]
        var isStopped = false
    }

    let wakeUp: WakeUp
    let ended: WakeUp
    private let state = Mutex(State())

    init() throws(SystemFailure) {
        wakeUp = try WakeUp()
        ended = try WakeUp()
    }

    func put(_ path: String, _ content: Content) {
        state.withLock { state in
            if !state.isStopped { state.contents[path] = content }
        }
        wakeUp.signal()
    }

    func take() -> (contents: [String: Content], isStopped: Bool) {
        state.withLock { state in
            defer { state.contents = [:] }
            return (state.contents, state.isStopped)
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }
}

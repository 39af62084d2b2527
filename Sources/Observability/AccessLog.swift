public import EventLoop
import Synchronization

/// The access log: workers put lines into rings, a thread of its own writes them.
///
/// A full disk, a closed pipe or a slow reader costs lines, which are counted; it stops no traffic.
public final class AccessLog: Sendable {
    private let channel: LogChannel
    private let thread: Thread
    private let output: Mutex<AccessLogOutput>

    /// The longest `close` waits for a writer that a blocked output holds up, in milliseconds.
    private static let closeMilliseconds: CInt = 2000

    private init(channel: LogChannel, thread: Thread, output: AccessLogOutput) {
        self.channel = channel
        self.thread = thread
        self.output = Mutex(output)
    }

    deinit { channel.post(.end) }

    /// Opens the output and starts the writer; `workers` is the number of rings.
    public static func open(
        _ output: AccessLogOutput,
        workers: Int
    ) throws(SystemFailure) -> AccessLog {
        let file = try openFile(output)
        let channel = try LogChannel(workers: workers, isOn: file != nil)
        let thread = try Thread.start(name: "access log") {
            var writer = LogWriter(channel, output: file)
            writer.run()
        }
        return AccessLog(channel: channel, thread: thread, output: output)
    }

    /// The ring of a worker, `0 ..< workers`; asked for once, by that worker.
    public func ring(_ worker: Int) -> LogRing {
        LogRing(memory: channel.rings[worker], channel: channel)
    }

    /// Opens the file again, for whoever moved it away; on a failure, which is answered, the old
    /// one stays in use. Opening may block.
    @discardableResult
    public func reopen() -> SystemFailure? {
        replaceOutput(output.withLock { $0 })
    }

    /// Writes to another output from now on; on a failure, which is answered, the old one stays in
    /// use. Opening may block.
    @discardableResult
    public func replaceOutput(_ new: AccessLogOutput) -> SystemFailure? {
        do {
            let file = try Self.openFile(new)
            output.withLock { $0 = new }
            channel.post(.replace(file))
            return nil
        } catch {
            return error
        }
    }

    /// Writes what waits and ends the writer; a second call does nothing. An output that blocks is
    /// given two seconds.
    public func close() {
        channel.post(.end)
        if channel.ended.wait(milliseconds: Self.closeMilliseconds) { thread.join() }
    }

    /// Lines lost since the start: the ring was full, or the output failed.
    public var dropped: UInt64 {
        var lines = channel.unwritten.load(ordering: .relaxed)
        for ring in channel.rings { lines &+= ring.droppedLines }
        return lines
    }

    private static func openFile(_ output: AccessLogOutput) throws(SystemFailure) -> OutputFile? {
        switch output {
        case .off: nil
        case .standardOutput: try OutputFile.standardOutput()
        case .file(let path): try OutputFile.appending(to: path)
        }
    }
}

import EventLoop
import Synchronization

/// What the workers, control and the writer's thread share of one access log.
final class LogChannel: Sendable {
    /// One ring per worker.
    let rings: [LogMemory]
    /// Whether lines are wanted.
    let isOn: Atomic<Bool>
    /// Up when the writer has something to do that cannot wait for its next round.
    let wakeUp: WakeUp
    /// Up when the writer has ended.
    let ended: WakeUp
    /// Lines that could not be written.
    let unwritten = Atomic<UInt64>(0)
    private let commands = Mutex<[LogCommand]>([])

    /// Bytes of a worker's ring.
    static let ringBytes = 1 << 20

    init(workers: Int, isOn: Bool, ringBytes: Int = ringBytes) throws(SystemFailure) {
        rings = (0..<max(workers, 1)).map { _ in LogMemory(capacity: ringBytes) }
        self.isOn = Atomic(isOn)
        wakeUp = try WakeUp()
        ended = try WakeUp()
    }

    /// Asks the writer for something.
    func post(_ command: LogCommand) {
        commands.withLock { $0.append(command) }
        wakeUp.signal()
    }

    /// What the writer was asked for, in order.
    func takeCommands() -> [LogCommand] {
        commands.withLock { commands in
            let taken = commands
            commands = []
            return taken
        }
    }
}

/// What the writer's thread does besides writing, after all lines that came before.
enum LogCommand: Sendable {
    /// Writes to another file from now on; nil = to none.
    case replace(OutputFile?)
    case end
}

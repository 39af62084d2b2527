import EventLoop
import Synchronization

/// The thread that writes what the workers logged: the only one that a slow disk or reader stops.
struct LogWriter: ~Copyable {
    private let channel: LogChannel
    private var output: OutputFile?
    private var lastByte = lineFeed
    /// Whether a failure cut a line off, so that the next one needs a line feed before it.
    private var isCutOff = false

    private static let lineFeed = UInt8(ascii: "\n")
    /// The longest a line waits for its writing.
    static let interval: CInt = 50

    init(_ channel: LogChannel, output: OutputFile?) {
        self.channel = channel
        self.output = output
    }

    /// Runs until it is asked to end.
    mutating func run() {
        // A pipe that its reader closed is then an error of `write`.
        Signals.block([Signals.brokenPipe])
        while true {
            channel.wakeUp.wait(milliseconds: output == nil ? -1 : Self.interval)
            channel.wakeUp.reset()
            // Taken first: what was logged before a command is written before it takes effect.
            let commands = channel.takeCommands()
            for ring in channel.rings { write(ring) }
            for command in commands {
                switch command {
                case .replace(let file):
                    output = file
                    isCutOff = false
                    channel.isOn.store(file != nil, ordering: .relaxed)
                case .end:
                    channel.isOn.store(false, ordering: .relaxed)
                    channel.ended.signal()
                    return
                }
            }
        }
    }

    /// Writes what a ring holds now; what cannot be written is dropped and counted.
    private mutating func write(_ ring: LogMemory) {
        let end = ring.end
        guard let output else {
            // Lines of the moment in which the log was turned off.
            while ring.take(before: end, { bytes in bytes.count }) {}
            return
        }
        var mayWait = 20
        while ring.take(
            before: end,
            { bytes in
                switch mayWait > 0 ? writeOnce(bytes, to: output) : .wouldBlock {
                case .bytes(let count): return count
                case .wouldBlock where mayWait > 0:
                    mayWait -= 1
                    output.waitUntilWritable(milliseconds: Self.interval)
                    return 0
                case .wouldBlock, .endOfStream, .failed:
                    // This ring's other lines of the round would fare no better.
                    mayWait = 0
                    return drop(bytes)
                }
            }
        ) {}
    }

    private mutating func writeOnce(_ bytes: Span<UInt8>, to output: OutputFile) -> IOResult {
        if isCutOff {
            let ended = output.write([Self.lineFeed].span)
            guard ended == .bytes(1) else { return ended }
            isCutOff = false
        }
        let result = output.write(bytes)
        if case .bytes(let count) = result, count > 0 { lastByte = bytes[count - 1] }
        return result
    }

    private mutating func drop(_ bytes: Span<UInt8>) -> Int {
        if lastByte != Self.lineFeed {
            isCutOff = true
            lastByte = Self.lineFeed
        }
        var lines: UInt64 = 0
        for index in bytes.indices where bytes[index] == Self.lineFeed { lines += 1 }
        channel.unwritten.wrappingAdd(lines, ordering: .relaxed)
        return bytes.count
    }
}

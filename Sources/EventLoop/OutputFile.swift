import CLinux
import Glibc

/// A file, pipe or terminal that is only written, at its end; closed when it is dropped.
public final class OutputFile: Sendable {
    private let file: Descriptor

    private init(owning descriptor: consuming Descriptor) {
        file = descriptor
    }

    /// Opens a file for appending; a new one is readable by owner and group unless `mode` says
    /// otherwise. A pipe that nobody reads is refused, not waited for.
    public static func appending(
        to path: String,
        mode: UInt32 = 0o640
    ) throws(SystemFailure) -> OutputFile {
        guard !path.utf8.contains(0) else { throw SystemFailure(code: EINVAL, operation: "open") }
        let result = unsafe linux_open_appending(path, mode)
        return OutputFile(owning: Descriptor(owning: try SystemFailure.check(result, "open")))
    }

    /// The process's standard output.
    public static func standardOutput() throws(SystemFailure) -> OutputFile {
        let result = linux_duplicate(STDOUT_FILENO)
        return OutputFile(owning: Descriptor(owning: try SystemFailure.check(result, "fcntl")))
    }

    /// Writes once, as much as is taken; may block. SIGPIPE is for the caller to block
    /// (`Signals.block`).
    public func write(_ bytes: Span<UInt8>) -> IOResult {
        guard !bytes.isEmpty else { return .bytes(0) }
        let result = unsafe bytes.withUnsafeBufferPointer { memory in
            unsafe linux_write(file.number, memory.baseAddress, memory.count)
        }
        if result >= 0 { return .bytes(result) }
        return result == -Int(EAGAIN) ? .wouldBlock : .failed(CInt(truncatingIfNeeded: -result))
    }

    /// Blocks until something can be written, or so many milliseconds are over.
    public func waitUntilWritable(milliseconds: CInt) {
        _ = linux_wait_writable(file.number, milliseconds)
    }
}

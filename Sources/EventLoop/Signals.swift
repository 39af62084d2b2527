import CLinux
import Glibc

/// Signals as events. Both calls come before the threads that are to inherit the mask.
public enum Signals {
    /// Keeps the signals from the calling thread and the threads it starts. With SIGPIPE blocked a
    /// write to a broken pipe is an error like any other.
    public static func block(_ signals: [CInt]) {
        _ = unsafe linux_signals_block(signals, CInt(signals.count))
    }

    /// Blocks the signals and gives a descriptor that is readable when one came.
    public static func descriptor(for signals: [CInt]) throws(SystemFailure) -> SignalDescriptor {
        block(signals)
        let result = unsafe linux_signalfd(signals, CInt(signals.count))
        return SignalDescriptor(
            owning: Descriptor(owning: try SystemFailure.check(result, "signalfd"))
        )
    }

    /// SIGHUP: read the configuration again.
    public static let hangUp: CInt = SIGHUP
    /// SIGINT: stop.
    public static let interrupt: CInt = SIGINT
    /// SIGTERM: stop.
    public static let terminate: CInt = SIGTERM
    /// SIGPIPE: blocked and never read.
    public static let brokenPipe: CInt = SIGPIPE
}

/// Signals that were turned into reads.
public struct SignalDescriptor: ~Copyable, Sendable {
    private let owned: Descriptor

    fileprivate init(owning descriptor: consuming Descriptor) {
        owned = descriptor
    }

    /// Readable while a signal waits; register it level-triggered.
    public var descriptor: CInt { owned.number }

    /// The next signal that came, nil when there is no more.
    public func next() -> CInt? {
        let signal = linux_signalfd_next(owned.number)
        return signal == 0 ? nil : signal
    }
}

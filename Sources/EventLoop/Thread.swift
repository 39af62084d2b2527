import CLinux
import Synchronization

/// A thread of the system.
public final class Thread: Sendable {
    /// Nil once joined.
    private let running: Mutex<UInt64?>

    private init(_ thread: UInt64) {
        running = Mutex(thread)
    }

    deinit {
        running.withLock { thread in
            if let thread { linux_thread_detach(thread) }
        }
    }

    /// Starts a thread that runs `body` to its end; `top -H` shows the first 15 bytes of the name.
    public static func start(
        name: String,
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemFailure) -> Thread {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var thread = UInt64(0)
        let result = unsafe linux_thread_start(&thread, threadMain, start.toOpaque())
        guard result == 0 else {
            unsafe start.release()
            throw SystemFailure(code: -result, operation: "pthread_create")
        }
        return Thread(thread)
    }

    /// Waits until the body has returned; a second call does nothing.
    public func join() {
        let thread = running.withLock { thread in thread.take() }
        if let thread { linux_thread_join(thread) }
    }
}

/// What a new thread is given.
private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    unsafe linux_thread_name(start.name)
    start.body()
    return nil
}

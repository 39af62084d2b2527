public import Bytes
import CLinux
import Glibc

/// What one receive or send came to.
public enum IOResult: Equatable, Sendable {
    /// So many bytes were moved; 0 only when none were asked for.
    case bytes(Int)
    /// Nothing can be moved before the next event.
    case wouldBlock
    /// The peer sends no more.
    case endOfStream
    /// The connection is over, with this errno.
    case failed(CInt)
}

/// A stream socket: non-blocking, closed in executed programs, closed when it is dropped.
public struct Socket: ~Copyable, Sendable {
    private let owned: Descriptor

    init(owning descriptor: consuming Descriptor) {
        owned = descriptor
    }

    /// For `EventLoop` and messages of the log; the socket stays its owner.
    public var descriptor: CInt { owned.number }

    /// Begins a connection; the first writable event, or `takeError`, tells how it ended.
    ///
    /// - Throws: what the kernel refuses at once: no route, no socket of that path, no descriptor.
    public static func connect(to address: SocketAddress) throws(SystemFailure) -> Socket {
        var system = try address.systemAddress()
        let socket = try open(&system)
        if address.port != nil { _ = linux_set_no_delay(socket.descriptor) }
        let result = unsafe linux_connect(socket.descriptor, &system)
        guard result == 0 || result == -EINPROGRESS || result == -EINTR else {
            throw SystemFailure(code: -result, operation: "connect")
        }
        return socket
    }

    /// Takes the pending error, an errno; 0 when there is none, as after a connect that succeeded.
    public func takeError() -> CInt { linux_take_error(descriptor) }

    /// Receives once, at most `maximum` bytes, into the buffer's room, which the caller prepared.
    public func receive(into buffer: inout Buffer, maximum: Int = .max) -> IOResult {
        let asked = min(maximum, buffer.room)
        guard asked > 0 else { return .bytes(0) }
        let result = unsafe buffer.withWritable { memory in
            unsafe linux_receive(descriptor, memory.baseAddress, asked)
        }
        if result > 0 {
            buffer.commit(result)
            return .bytes(result)
        }
        return result == 0 ? .endOfStream : Self.failure(result)
    }

    /// Sends once, as much as the kernel takes; a broken connection raises no signal.
    public func send(_ bytes: Span<UInt8>) -> IOResult {
        guard !bytes.isEmpty else { return .bytes(0) }
        let result = unsafe bytes.withUnsafeBufferPointer { memory in
            unsafe linux_send(descriptor, memory.baseAddress, memory.count)
        }
        return result >= 0 ? .bytes(result) : Self.failure(result)
    }

    /// Tells the peer that no more is sent.
    public func shutdownWriting() { linux_shutdown_writing(descriptor) }

    /// Makes the close a reset: what was not sent is dropped, and the peer is told at once.
    public func resetOnClose() { _ = linux_set_reset_on_close(descriptor) }

    /// Where the socket is bound; tells the port that a listener on port 0 was given.
    public var localAddress: SocketAddress? {
        var address = linux_address()
        guard unsafe linux_local_address(descriptor, &address) == 0 else { return nil }
        return SocketAddress(address)
    }

    static func open(_ address: inout linux_address) throws(SystemFailure) -> Socket {
        let result = unsafe linux_socket(&address)
        return Socket(owning: Descriptor(owning: try SystemFailure.check(result, "socket")))
    }

    private static func failure(_ result: Int) -> IOResult {
        let code = CInt(truncatingIfNeeded: 0 &- result)
        return code == EAGAIN ? .wouldBlock : .failed(code)
    }
}

import CLinux
import Glibc

/// What one accept came to.
public enum AcceptResult: ~Copyable, Sendable {
    /// A connection, and who began it; TCP_NODELAY is set.
    case accepted(Socket, peer: SocketAddress)
    /// A client was turned away for want of a descriptor (`ReserveDescriptor` only).
    case shed
    /// Nobody waits.
    case wouldBlock
    /// The process or the machine has no descriptor left (see `ReserveDescriptor`).
    case outOfDescriptors
    /// The listener is broken, with this errno.
    case failed(CInt)
}

extension Socket {
    /// Opens a listener.
    ///
    /// In the file system, a socket that nobody listens on any more is replaced; one that answers,
    /// or a file of another kind, is left alone and is EADDRINUSE.
    ///
    /// IPv6 serves IPv6 only; port 0 takes a free one (`localAddress`). With `sharesPort` other
    /// listeners, one a worker, may open the same TCP port.
    public static func listen(
        on address: SocketAddress,
        backlog: CInt = 4096,
        sharesPort: Bool
    ) throws(SystemFailure) -> Socket {
        var system = try address.systemAddress()
        if case .unix(let path) = address { try removeStale(path, &system) }
        let socket = try open(&system)
        try socket.setListenerOptions(address, sharesPort: sharesPort)
        _ = try SystemFailure.check(unsafe linux_bind(socket.descriptor, &system), "bind")
        _ = try SystemFailure.check(linux_listen(socket.descriptor, backlog), "listen")
        return socket
    }

    /// A second descriptor of the same listener: how workers share one in the file system.
    public func duplicate() throws(SystemFailure) -> Socket {
        let result = try SystemFailure.check(linux_duplicate(descriptor), "fcntl")
        return Socket(owning: Descriptor(owning: result))
    }

    /// Accepts one connection.
    public func accept() -> AcceptResult {
        var address = linux_address()
        // Each retry follows a connection that was gone before it was accepted.
        for _ in 0..<16 {
            let result = unsafe linux_accept(descriptor, &address)
            if result >= 0 {
                let socket = Socket(owning: Descriptor(owning: result))
                guard let peer = SocketAddress(address) else { continue }
                return .accepted(socket, peer: peer)
            }
            switch -result {
            case EAGAIN: return .wouldBlock
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .outOfDescriptors
            case let code where !Self.concernsOneConnection(code): return .failed(code)
            default: continue
            }
        }
        return .wouldBlock
    }

    private func setListenerOptions(
        _ address: SocketAddress,
        sharesPort: Bool
    ) throws(SystemFailure) {
        guard address.port != nil else { return }
        _ = try SystemFailure.check(linux_set_reuse_address(descriptor), "setsockopt")
        if sharesPort {
            _ = try SystemFailure.check(linux_set_reuse_port(descriptor), "setsockopt")
        }
        if case .v6 = address {
            _ = try SystemFailure.check(linux_set_v6_only(descriptor), "setsockopt")
        }
        // Accepted sockets inherit it: one system call less for each.
        _ = linux_set_no_delay(descriptor)
    }

    private static func removeStale(
        _ path: String,
        _ system: inout linux_address
    ) throws(SystemFailure) {
        guard unsafe linux_is_socket(path) == 1 else { return }
        let probe = try open(&system)
        guard unsafe linux_connect(probe.descriptor, &system) == -ECONNREFUSED else { return }
        _ = unsafe linux_unlink(path)
    }

    /// The errors of accept(2) that speak of the connection, not of the listener.
    private static func concernsOneConnection(_ code: CInt) -> Bool {
        switch code {
        case ECONNABORTED, EINTR, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
            EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH:
            true
        default: false
        }
    }
}

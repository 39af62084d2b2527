public import EventLoop

/// One listening socket of one worker.
public struct Listener: ~Copyable {
    /// Bound and listening.
    public let socket: Socket
    /// Its place in the configuration.
    public let index: Int
    /// The address it is bound to, for `X-Forwarded-Port` and the log.
    public let address: SocketAddress

    /// Opens the socket; every worker opens its own (`SO_REUSEPORT`), but for `unix:` sockets.
    public init(_ options: ListenerOptions, index: Int) throws(SystemFailure) {
        socket = try Socket.listen(on: options.address, sharesPort: true)
        self.index = index
        address = socket.localAddress ?? options.address
    }
}

/// What one `Transport.receive` came to.
public enum Received: Equatable, Sendable {
    /// Plaintext arrived, or a handshake moved on.
    case progressed
    /// Nothing was there, or there is no room to read into.
    case nothing
    /// The peer ended its sending; what came before is in `input`.
    case ended
    /// The connection or its TLS is broken.
    case failed
}

/// What one `Transport.flush` came to.
public enum Flushed: Equatable, Sendable {
    /// Nothing waits to be sent.
    case done
    /// The socket is full; an event tells when it has room.
    case blocked
    /// The connection is broken.
    case failed
}

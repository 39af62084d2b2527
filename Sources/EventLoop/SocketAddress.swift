/// Where a listener listens or a target answers.
public enum SocketAddress: Hashable, Sendable {
    /// Network-order octets and a port.
    case v4(UInt32, port: UInt16)
    /// The address as two big-endian halves, a port, and a scope for link-local addresses.
    case v6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// A socket in the file system.
    case unix(path: String)
}

import CLinux
import Glibc

/// Where a listener listens or a target answers.
public enum SocketAddress: Hashable, Sendable {
    /// Network-order octets and a port.
    case v4(UInt32, port: UInt16)
    /// The address as two big-endian halves, a port, and a scope for link-local addresses.
    case v6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// A socket in the file system.
    case unix(path: String)
}

extension SocketAddress {
    /// Reads an IP literal (`192.0.2.1`, `2001:db8::1`, `[::1]`, `fe80::1%eth0`); nil for names.
    public init?(literal host: String, port: UInt16) {
        var text = Substring(host)
        if text.first == "[", text.last == "]" { text = text.dropFirst().dropLast() }
        var zone: Substring?
        if let sign = text.firstIndex(of: "%") {
            zone = text[text.index(after: sign)...]
            text = text[..<sign]
        }
        var address = linux_address()
        guard !host.utf8.contains(0),
            unsafe linux_address_parse(&address, String(text), port) == 1,
            let parsed = SocketAddress(address)
        else { return nil }
        guard let zone else {
            self = parsed
            return
        }
        guard case .v6(let high, let low, let port, _) = parsed,
            let scope = Self.scope(String(zone))
        else { return nil }
        self = .v6(high: high, low: low, port: port, scope: scope)
    }

    /// The TCP port, nil for a socket in the file system.
    public var port: UInt16? {
        switch self {
        case .v4(_, let port), .v6(_, _, let port, _): port
        case .unix: nil
        }
    }

    /// Whether it is an address of the machine itself by IP: 127.0.0.0/8, ::1, or the former mapped
    /// into IPv6. A socket in the file system is not.
    public var isLoopback: Bool {
        switch self {
        case .v4(let octets, _): octets >> 24 == 127
        case .v6(0, 1, _, _): true
        case .v6(0, let low, _, _): low >> 32 == 0xFFFF && low >> 24 & 0xFF == 127
        case .v6, .unix: false
        }
    }

    private static func scope(_ zone: String) -> UInt32? {
        if let number = UInt32(zone), number > 0 { return number }
        let index = unsafe linux_interface_index(zone)
        return index == 0 ? nil : index
    }
}

extension SocketAddress {
    /// What the kernel said; nil for a family that is none of ours. The path of an unnamed local
    /// socket is empty.
    init?(_ address: borrowing linux_address) {
        let parts = unsafe withUnsafePointer(to: address) { unsafe linux_address_read($0) }
        switch parts.family {
        case linux_family_v4:
            self = .v4(parts.v4, port: parts.port)
        case linux_family_v6:
            self = .v6(high: parts.high, low: parts.low, port: parts.port, scope: parts.scope)
        case linux_family_local:
            self = .unix(path: Self.path(address))
        default:
            return nil
        }
    }

    /// The address as the kernel takes it.
    func systemAddress() throws(SystemFailure) -> linux_address {
        var address = linux_address()
        switch self {
        case .v4(let octets, let port):
            unsafe linux_address_set_v4(&address, octets, port)
        case .v6(let high, let low, let port, let scope):
            unsafe linux_address_set_v6(&address, high, low, port, scope)
        case .unix(let path):
            guard !path.utf8.contains(0) else {
                throw SystemFailure(code: EINVAL, operation: "bind")
            }
            let result = unsafe linux_address_set_path(&address, path)
            _ = try SystemFailure.check(result, "bind")
        }
        return address
    }

    private static func path(_ address: borrowing linux_address) -> String {
        // An accepted local peer nearly always has no name; then nothing is allocated.
        let header = MemoryLayout<sa_family_t>.size
        guard Int(address.length) > header else { return "" }
        var text = [CChar](repeating: 0, count: 128)
        let count = unsafe withUnsafePointer(to: address) { unsafe linux_address_path($0, &text) }
        return String(decoding: text.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

import Bytes
import Glibc

/// Which certificate answers for a server name (RFC 6066 §3, RFC 9525 §6.3).
struct ServerNames: Sendable {
    private struct Entry {
        var name: [UInt8]
        var index: Int
    }

    private var exact: [Entry] = []
    /// Without their `*`: `.example.com`.
    private var wildcards: [Entry] = []

    /// - Parameter names: each certificate's names, lower case; the first that has a name keeps it.
    init(_ names: [[String]]) {
        for (index, list) in names.enumerated() {
            for name in list {
                let bytes = Array(name.utf8)
                if name.hasPrefix("*.") {
                    wildcards.append(Entry(name: Array(bytes.dropFirst()), index: index))
                } else {
                    exact.append(Entry(name: bytes, index: index))
                }
            }
        }
    }

    /// The certificate for a server name as a NUL-terminated string; nil when none has it.
    func index(of name: UnsafePointer<CChar>) -> Int? {
        let count = unsafe strlen(name)
        let bytes = unsafe UnsafeRawBufferPointer(start: name, count: count)
        return unsafe index(of: bytes.bindMemory(to: UInt8.self).span)
    }

    /// An exact name before a wildcard; a wildcard stands for one whole label.
    func index(of received: Span<UInt8>) -> Int? {
        var name = received
        if !name.isEmpty, name[name.count - 1] == UInt8(ascii: ".") {
            name = name.extracting(0..<name.count - 1)
        }
        if let index = find(name, in: exact) { return index }
        guard let dot = name.firstIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
        return find(name.extracting(dot..<name.count), in: wildcards)
    }

    private func find(_ name: Span<UInt8>, in entries: [Entry]) -> Int? {
        for entry in entries where entry.name.count == name.count {
            if Self.isEqual(name, entry.name) { return entry.index }
        }
        return nil
    }

    private static func isEqual(_ name: Span<UInt8>, _ known: [UInt8]) -> Bool {
        for index in name.indices where name[index].lowercased != known[index] { return false }
        return true
    }
}

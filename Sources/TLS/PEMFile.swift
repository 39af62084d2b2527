import Glibc

/// Why a file could not be read.
enum FileFailure: Error, Equatable {
    case missing
    case system(CInt)
    /// Larger than `PEMFile.maximumBytes`.
    case tooLarge
}

/// Reads small files into memory that is cleansed afterwards.
enum PEMFile {
    /// More than any chain or key.
    static let maximumBytes = 1 << 20

    static func read(_ path: String) throws(FileFailure) -> SecretBytes {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .system(errno) }
        defer { close(descriptor) }
        let secret = try unsafe SecretBytes(capacity: maximumBytes + 1) {
            memory throws(FileFailure) in
            try unsafe fill(memory, from: descriptor)
        }
        guard secret.count <= maximumBytes else { throw .tooLarge }
        return secret
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    private static func fill(
        _ memory: UnsafeMutableBufferPointer<UInt8>,
        from descriptor: CInt
    ) throws(FileFailure) -> Int {
        guard let base = memory.baseAddress else { return 0 }
        var filled = 0
        while filled < memory.count {
            let count = unsafe Glibc.read(descriptor, base + filled, memory.count - filled)
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw .system(errno)
            }
        }
        return filled
    }
}

import CLinux
import Glibc

/// Small files, whole; blocks, so not on a worker.
public enum FileContents {
    /// What is wrong with a file of which `readOwn` says that it `isUnguarded`, for the log.
    public static let unguarded = "it is no regular file, another user's, or everybody may write it"

    /// Reads a file; one of more than `maximum` bytes is EFBIG.
    public static func read(_ path: String, maximum: Int) throws(SystemFailure) -> [UInt8] {
        let result = unsafe linux_open_reading(path)
        return try rest(of: Descriptor(owning: SystemFailure.check(result, "open")), maximum)
    }

    /// Reads a file that the program wrote for itself; nil when there is none, `isUnguarded` when
    /// it is not a regular file, everybody may write it, or it is another user's who does not have
    /// its folder.
    public static func readOwn(
        _ path: String,
        maximum: Int
    ) throws(SystemFailure) -> [UInt8]? {
        let result = unsafe linux_open_guarded(path)
        if result == -ENOENT { return nil }
        return try rest(of: Descriptor(owning: SystemFailure.check(result, "open")), maximum)
    }

    private static func rest(
        of file: borrowing Descriptor,
        _ maximum: Int
    ) throws(SystemFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unsafe linux_read(file.number, &block, block.count)
            if count < 0 { throw SystemFailure(code: CInt(-count), operation: "read") }
            if count == 0 { return bytes }
            guard bytes.count + count <= maximum else {
                throw SystemFailure(code: EFBIG, operation: "read")
            }
            bytes += block[..<count]
        }
    }

    /// Puts a file in place of another in one step: written beside it, synced, renamed. Readable by
    /// its owner only. Where that fails nothing is left of it.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(SystemFailure) {
        let temporary = "\(path).new"
        _ = unsafe linux_unlink(temporary)
        do throws(SystemFailure) {
            try write(bytes, to: temporary)
            try rename(temporary, to: path)
        } catch {
            _ = unsafe linux_unlink(temporary)
            throw error
        }
    }

    /// A new file, synced.
    private static func write(_ bytes: [UInt8], to path: String) throws(SystemFailure) {
        let result = unsafe linux_open_new(path, 0o600)
        let file = Descriptor(owning: try SystemFailure.check(result, "open"))
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBufferPointer { memory in
                unsafe linux_write(file.number, memory.baseAddress, memory.count)
            }
            guard count > 0 else {
                throw SystemFailure(code: count < 0 ? CInt(-count) : EIO, operation: "write")
            }
            rest = rest.dropFirst(count)
        }
        _ = try SystemFailure.check(linux_sync(file.number), "fsync")
    }

    /// Gives a file another name, in place of a file that has it.
    public static func rename(_ path: String, to other: String) throws(SystemFailure) {
        _ = try SystemFailure.check(unsafe linux_rename(path, other), "rename")
    }

    /// A system file's text; nil when it cannot be read.
    static func text(_ path: String) -> String? {
        guard let bytes = try? read(path, maximum: 64 * 1024) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SystemFailure {
    /// Of `FileContents.readOwn`: no regular file, another user's, or one that everybody may write.
    public var isUnguarded: Bool { code == EPERM }
    /// Of the reading of a file: more than the maximum.
    public var isTooLarge: Bool { code == EFBIG }
}

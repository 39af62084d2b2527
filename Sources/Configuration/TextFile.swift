import EventLoop
import Foundation

/// Reads small text files whole.
enum TextFile {
    /// Why a file gave no text.
    enum Failure: Error, Equatable {
        case missing
        case noPermission
        case folder
        /// A FIFO, which reading would wait for, a socket or a device.
        case notRegular
        case tooLarge(maximumBytes: Int)
        case notUTF8
        /// The system's words for anything else.
        case system(String)

        /// Goes on after the file's name: `cannot be read: No such file or directory`.
        var message: String {
            switch self {
            case .missing: "cannot be read: No such file or directory"
            case .noPermission: "cannot be read: Permission denied"
            case .folder: "is a folder"
            case .notRegular: "is no regular file"
            case .tooLarge(let maximum):
                "has more than \(Quantities.text(bytes: UInt64(maximum)))"
            case .notUTF8: "is not UTF-8"
            case .system(let words): "cannot be read: \(words)"
            }
        }

        /// What to do about it; nil = it depends on what the file is for.
        var remedy: String? {
            switch self {
            case .noPermission: "let the gateway's user read it"
            case .folder, .notRegular: "write the path of a file"
            case .notUTF8: "save it as UTF-8"
            case .missing, .tooLarge, .system: nil
            }
        }
    }

    static func read(_ path: String, maximumBytes: Int) throws(Failure) -> String {
        switch Files.type(path) {
        case .typeDirectory: throw .folder
        case .typeRegular, nil: break
        default: throw .notRegular
        }
        let bytes: [UInt8]
        do throws(SystemFailure) {
            bytes = try FileContents.read(path, maximum: maximumBytes)
        } catch {
            throw failure(error, maximumBytes)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    private static func failure(_ error: SystemFailure, _ maximumBytes: Int) -> Failure {
        switch error.code {
        case ENOENT, ENOTDIR: .missing
        case EACCES: .noPermission
        case EISDIR: .folder
        case EFBIG: .tooLarge(maximumBytes: maximumBytes)
        default: .system(error.message)
        }
    }
}

/// What stands at a path.
enum Files {
    /// The kind of file, symbolic links followed; nil when there is none, or it cannot be told.
    static func type(_ path: String) -> FileAttributeType? {
        let target = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        return attributes?[.type] as? FileAttributeType
    }
}

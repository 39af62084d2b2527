import EventLoop

/// Reads small text files whole.
enum TextFile {
    struct Failure: Error {
        /// Goes on after the file's name: `cannot be read: No such file or directory`.
        var message: String
        /// Whether the path is to blame and not what the file holds.
        var isAboutPath: Bool
    }

    static func read(_ path: String, maximumBytes: Int) throws(Failure) -> String {
        let bytes: [UInt8]
        do throws(SystemFailure) {
            bytes = try FileContents.read(path, maximum: maximumBytes)
        } catch {
            throw Failure(message: "cannot be read: \(error.message)", isAboutPath: true)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(message: "is not UTF-8", isAboutPath: false)
        }
        return text
    }
}

import Foundation

/// Whether the program may write a file where the configuration says.
enum WritablePath {
    /// Why it may not; nil = it may.
    static func problem(_ path: String) -> String? {
        let files = FileManager.default
        let file = URL(fileURLWithPath: path)
        if files.fileExists(atPath: path) {
            let isFolder = try? file.resourceValues(forKeys: [.isDirectoryKey]).isDirectory
            if isFolder == true { return "it is a folder" }
            return files.isWritableFile(atPath: path) ? nil : "no permission"
        }
        let folder = file.deletingLastPathComponent().path
        guard files.fileExists(atPath: folder) else { return "its folder is not there" }
        return files.isWritableFile(atPath: folder) ? nil : "no permission to make it"
    }
}

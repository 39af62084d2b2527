import Foundation

/// A file that the gateway replaces as a whole: a new one beside it takes its name.
enum OwnFile {
    /// Made by the unit before each start (`StateDirectory=`), so that a check may not find it.
    private static let madeAtStart = "/var/lib/sallyport"

    /// Why it cannot; nil = it can.
    static func whyNotReplaceable(_ path: String) -> String? {
        if let type = Files.type(path), type != .typeRegular {
            return type == .typeDirectory ? "it is a folder" : "it is no regular file"
        }
        let end = path.lastIndex(of: "/")
        let folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let isMissing = Files.type(folder) != .typeDirectory
        if isMissing, folder == madeAtStart { return nil }
        if isMissing { return "its folder is not there" }
        return FileManager.default.isWritableFile(atPath: folder) ? nil : "no permission there"
    }
}

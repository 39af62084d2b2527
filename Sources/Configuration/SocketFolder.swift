import Bytes
import Foundation

/// Where a listener's socket is made.
enum SocketFolder {
    /// Made by the unit before each start (`RuntimeDirectory=`), so that a check may not find it.
    private static let madeAtStart = "/run/sallyport"

    /// Whether a socket can be made at the path; if not, that is reported.
    static func isUsable(_ path: String, _ text: Text, _ report: Report) -> Bool {
        if let type = Files.type(path), type != .typeSocket {
            report.error(
                text.position,
                "\(text.quoted) is there, and is no socket",
                "write another path, such as unix:/run/sallyport/gateway.sock"
            )
            return false
        }
        let end = path.lastIndex(of: "/")
        let folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard folder != madeAtStart, Files.type(folder) != .typeDirectory else { return true }
        report.error(
            text.position,
            "the folder of the socket \(text.quoted) is not there",
            "make it, or write a path in one that is, such as unix:/run/sallyport/gateway.sock"
        )
        return false
    }
}

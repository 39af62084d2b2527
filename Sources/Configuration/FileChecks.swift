import Bytes
import Foundation

/// A file that the configuration names.
struct NamedFile {
    var path: String
    var position: SourcePosition
    /// Whether the gateway puts another in its place.
    var isReplaced: Bool
}

/// What the gateway replaces may be nothing else that it reads or writes: it would be lost.
struct FileChecks {
    let report: Report

    /// - Parameter configuration: the path of the configuration's own file.
    func apply(configuration: String) {
        let files = report.files
        for (index, file) in files.enumerated() where file.isReplaced {
            let place = Self.place(file.path)
            let other = files.enumerated().first { other, named in
                // Of two that are replaced it is said once.
                Self.place(named.path) == place && other != index
                    && (!named.isReplaced || other < index)
            }
            guard
                let use = other.map({ "the file of line \($0.element.position.line)" })
                    ?? (place == Self.place(configuration) ? "the configuration itself" : nil)
            else { continue }
            report.error(
                file.position,
                "the gateway writes this file, which is \(use)",
                "write the path of a file that nothing else uses"
            )
        }
    }

    private static func place(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }
}

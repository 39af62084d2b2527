import Bytes

/// A secret given as `KEY` or, better, as `KEY_file`.
enum SecretReader {
    private static let maximumBytes = 4096

    /// The secret; nil when there is none, or what is wrong has been reported.
    static func read(_ section: inout Section, _ key: String) -> String? {
        let fileKey = key + "_file"
        let direct = section.text(key)
        let path = section.text(fileKey)
        if let path, direct.map({ !$0.value.isEmpty }) ?? false {
            section.report.error(
                path.position,
                "`\(section.name(key))` and `\(fileKey)` are both there",
                "keep `\(fileKey)`"
            )
            return nil
        }
        if let path { return content(of: path, section) }
        guard let direct else { return nil }
        return checked(direct.value, section.name(key), direct.position, section.report)
    }

    private static func content(of path: Text, _ section: Section) -> String? {
        var secret: String
        do throws(TextFile.Failure) {
            let resolved = section.reading.resolve(path.value)
            section.report.names(resolved, at: path.position)
            secret = try TextFile.read(resolved, maximumBytes: maximumBytes)
        } catch {
            section.report.error(
                path.position,
                "the secret's file \(path.quoted) \(error.message)",
                error.remedy ?? "write the path of a file that holds the secret alone"
            )
            return nil
        }
        while let last = secret.unicodeScalars.last, last == "\n" || last == "\r" {
            secret.unicodeScalars.removeLast()
        }
        if secret.isEmpty {
            section.report.error(
                path.position,
                "the secret's file \(path.quoted) is empty",
                "write the secret into it, or leave the key out"
            )
            return nil
        }
        return checked(secret, "the secret in the file", path.position, section.report)
    }

    /// A secret becomes a field's value: visible ASCII without spaces.
    private static func checked(
        _ secret: String,
        _ what: String,
        _ position: SourcePosition,
        _ report: Report
    ) -> String? {
        if secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) { return secret }
        report.error(
            position,
            "\(what) has spaces, control characters or letters beyond ASCII",
            "write the secret alone, in one line"
        )
        return nil
    }
}

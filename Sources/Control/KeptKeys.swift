import EventLoop
public import Sessions

/// What the file of the last keys gives at a start.
public enum KeptKeys: Sendable {
    /// No file is configured, or there is none yet.
    case none
    case keys(KeySet)
    /// Why it gives none, in words that go on after the file's name.
    case unusable(String)

    /// Reads `sessions.keys.cache_file`; blocks.
    public static func read(_ sessions: SessionOptions, wallMilliseconds: Int64) -> KeptKeys {
        guard !sessions.keysCacheFile.isEmpty else { return .none }
        let bytes: [UInt8]
        do throws(SystemFailure) {
            let found = try FileContents.readOwn(
                sessions.keysCacheFile,
                maximum: KeyCacheFile.maximumBytes
            )
            guard let found else { return .none }
            bytes = found
        } catch {
            if error.isUnguarded { return .unusable(FileContents.unguarded) }
            if error.isTooLarge { return .unusable("\(KeyCacheFailure.tooLarge.detail)") }
            return .unusable(error.message)
        }
        do throws(KeyCacheFailure) {
            return .keys(
                try KeyCacheFile.keys(
                    from: bytes.span,
                    options: sessions,
                    wallMilliseconds: wallMilliseconds
                )
            )
        } catch {
            return .unusable("\(error.detail)")
        }
    }
}

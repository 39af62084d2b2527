import EventLoop
import Observability
import Proxy
import Sessions

/// What is in the file of the last keys, and what is still to be written.
struct KeyCacheState {
    /// Made for the first write.
    var writer: FileWriter?
    /// Where the last content went, and the keys in it.
    var path = ""
    var keys = KeySet()
    /// When it was handed over; nil = nothing was.
    var at: Instant?
    /// Whether a core confirmed the keys after that.
    var isBehind = false
    /// Why the last write failed.
    var failure: SystemFailure?
}

/// `sessions.keys.cache_file`: read once at the start, written when keys come, by a thread of its
/// own.
extension ControlLoop {
    /// How long the file may lag behind a confirmation that changed no key.
    private static let longestLag = Duration.seconds(60)
    /// How long the end waits for the last write.
    private static let lastWrite: CInt = 2_000

    /// Takes the keys of the file, which is missing at the first start. Every other reason for
    /// having none is a warning: the gateway serves without, as soon as a core answers.
    mutating func restoreKeys() {
        let sessions = configuration.options.sessions
        guard needsKeys else { return }
        switch KeptKeys.read(sessions, wallMilliseconds: loop.wallMilliseconds) {
        case .none:
            return
        case .unusable(let why):
            warnOfKeyFile("no keys from the file: \(why)", sessions.keysCacheFile)
        case .keys(let keys):
            surroundings.log(.info, "keys from the file", [("file", sessions.keysCacheFile)])
            // The file has them already.
            keyCache.keys = keys
            keyCache.path = sessions.keysCacheFile
            keyCache.at = loop.now
            perform(fetcher.restore(keys))
            keyCache.isBehind = false
        }
    }

    private func warnOfKeyFile(_ message: String, _ file: String) {
        surroundings.log(.warning, message, [("file", file)])
    }

    /// A core confirmed keys: new ones are written at once, the same ones when it is time.
    mutating func keepKeys() {
        keyCache.isBehind = true
        let isNew =
            fetcher.keys.webKeys != keyCache.keys.webKeys
            || fetcher.keys.legacyKeys != keyCache.keys.legacyKeys
        saveKeys(atOnce: isNew)
    }

    /// Writes what is not in the file, unless that is only a later instant and not yet due.
    mutating func saveKeys(atOnce: Bool) {
        let sessions = configuration.options.sessions
        guard !sessions.keysCacheFile.isEmpty else { return }
        if sessions.keysCacheFile != keyCache.path, fetcher.keys.sequence > 0 {
            keyCache.isBehind = true
            keyCache.at = nil
        }
        let lag = min(sessions.keysMaximumAge / 4, Self.longestLag)
        guard keyCache.isBehind, fetcher.keys.isAnythingKnown,
            atOnce || keyCache.at.map({ loop.now - $0 >= lag }) ?? true
        else { return }
        write(sessions)
    }

    private mutating func write(_ sessions: SessionOptions) {
        keyCache.isBehind = false
        keyCache.at = loop.now
        keyCache.keys = fetcher.keys
        keyCache.path = sessions.keysCacheFile
        guard let bytes = KeyCacheFile.serialized(fetcher.keys, of: sessions.core) else {
            warnOfKeyFile("the keys are not kept: too many", sessions.keysCacheFile)
            return
        }
        do throws(SystemFailure) {
            if keyCache.writer == nil { keyCache.writer = try FileWriter() }
            let mailbox = mailbox
            keyCache.writer?.replace(sessions.keysCacheFile, with: bytes) { failure in
                _ = mailbox.post(.keysKept(failure))
            }
        } catch {
            keysKept(error)
        }
    }

    /// Says once that the file cannot be written, again when the cause changes, and when it is
    /// over. It is tried again when it would be written anyway.
    mutating func keysKept(_ failure: SystemFailure?) {
        let last = keyCache.failure
        keyCache.failure = failure
        if failure != nil { keyCache.isBehind = true }
        guard failure != last else { return }
        let file = configuration.options.sessions.keysCacheFile
        if let failure {
            warnOfKeyFile("the keys cannot be kept: \(failure)", file)
        } else {
            surroundings.log(.info, "the keys are kept again", [("file", file)])
        }
    }

    /// The last confirmation, before the end.
    mutating func keepLastKeys() {
        saveKeys(atOnce: true)
        keyCache.writer?.stop(within: Self.lastWrite)
    }
}

extension KeySet {
    fileprivate var isAnythingKnown: Bool {
        webKnowledge != .unknown || legacyKnowledge != .unknown
    }
}

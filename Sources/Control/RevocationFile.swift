import Cryptography
import EventLoop
import Observability
import Proxy
import Sessions

/// The file of dropped sessions while the gateway runs: records go to its end; when most of it is
/// out of date a thread writes it anew beside it, and that takes its place.
///
/// The disk is not waited for: a record survives the process's end at once, and the machine's when
/// the kernel has written it.
struct RevocationFile {
    let path: String
    private var output: OutputFile
    /// Records in the file.
    private var records: Int
    /// What was dropped since a new file was begun; nil = none is.
    private var sinceRewrite: RevocationNews?
    private var rewriteDeadline = Instant.distantFuture
    /// When it is tried again after a failure.
    private var retryAt = Instant(nanoseconds: 0)
    /// Whether a record may be missing or cut off in the file.
    private var isBroken = false
    private(set) var hasReported = false

    /// Records that a file may have beside twice those that are needed.
    static let spareRecords = 4096
    /// How long a new file may take.
    private static let rewriteTime = Duration.seconds(60)
    private static let retryTime = Duration.seconds(10)

    /// Opens a file that holds so many records.
    init(path: String, records: Int) throws(SystemFailure) {
        self.path = path
        self.records = records
        output = try OutputFile.appending(to: path, mode: 0o600)
    }

    /// Where a new file is written.
    var nextPath: String { path + ".next" }

    /// Bytes of the largest file that is read at a start.
    static func maximumBytes(entries: Int) -> Int {
        RevocationLog.headerBytes
            + (3 * entries + 2 * spareRecords + 2 * RevocationNews.maximumSessions)
            * RevocationLog.recordBytes
    }

    /// Writes records at the end.
    ///
    /// - Returns: what failed, once until the next success.
    mutating func append(_ news: RevocationNews, key: KeyedHash128.Key) -> String? {
        sinceRewrite?.add(news)
        let bytes = RevocationLog.records(news.sessions, mark: news.mark, key: key)
        records += bytes.count / RevocationLog.recordBytes
        guard case .bytes(bytes.count) = output.write(bytes.span) else {
            isBroken = true
            return report("the file of dropped sessions cannot be written")
        }
        return nil
    }

    private mutating func report(_ words: String) -> String? {
        defer { hasReported = true }
        return hasReported ? nil : words
    }

    /// Whether a new file is to be begun, for so many sessions that are still needed.
    func needsRewrite(count: Int, now: Instant) -> Bool {
        guard now >= retryAt, sinceRewrite == nil || now >= rewriteDeadline else { return false }
        return isBroken || records > 2 * count + Self.spareRecords
    }

    /// Begins a new file on a thread of its own, which posts `revocationFileWritten`.
    mutating func beginRewrite(
        _ seed: RevocationSeed,
        mailbox: Mailbox<ControlMessage>,
        now: Instant
    ) {
        retryAt = now + Self.retryTime
        rewriteDeadline = now + Self.rewriteTime
        sinceRewrite = RevocationNews()
        let path = nextPath
        let started = try? Thread.start(name: "revocations") {
            let isWritten = Self.write(seed, to: path)
            mailbox.post(.revocationFileWritten(count: isWritten ? seed.sessions.count : nil))
        }
        if started == nil { sinceRewrite = nil }
    }

    /// Writes a whole file; blocks.
    static func write(_ seed: RevocationSeed, to path: String) -> Bool {
        var bytes = RevocationLog.header(seed.key)
        bytes += RevocationLog.records(seed.sessions, mark: seed.mark, key: seed.key)
        return (try? FileContents.replace(path, with: bytes)) != nil
    }

    /// The new file is there: it gets what was dropped meanwhile, and takes the old one's place.
    ///
    /// - Returns: what failed, once until the next success.
    mutating func endRewrite(count: Int?, key: KeyedHash128.Key) -> String? {
        guard let since = sinceRewrite else { return nil }
        sinceRewrite = nil
        guard let count, let next = try? OutputFile.appending(to: nextPath, mode: 0o600) else {
            return report("the file of dropped sessions cannot be written anew")
        }
        let bytes = RevocationLog.records(since.sessions, mark: since.mark, key: key)
        guard case .bytes(bytes.count) = next.write(bytes.span),
            (try? FileContents.rename(nextPath, to: path)) != nil
        else { return report("the file of dropped sessions cannot be written anew") }
        output = next
        records = count + bytes.count / RevocationLog.recordBytes
        isBroken = false
        hasReported = false
        return nil
    }
}

extension ControlLoop {
    /// Reads the file of dropped sessions before any worker starts.
    ///
    /// What cannot be read was forgotten: then every token made before now is asked of the core.
    mutating func openRevocationFile() {
        let options = configuration.options.sessions.revocation
        guard !options.file.isEmpty else { return }
        let content = readRevocations(options)
        revocations.table = RevokedSessions(
            entries: options.entries,
            keep: options.keep,
            key: content?.key ?? .random
        )
        if let content {
            for session in content.news { revocations.table.drop(session) }
            revocations.table.moveMark(to: content.mark)
            // Some thousands leave in one call.
            while revocations.table.nextExpiry <= loop.wallMilliseconds {
                revocations.table.expire(wallMilliseconds: loop.wallMilliseconds)
            }
        }
        if !(content?.isWhole ?? false) {
            revocations.table.moveMark(to: loop.wallMilliseconds)
        }
        beginRevocationFile(options.file)
    }

    /// - Returns: nil when nothing of it could be read. A file that is not there is whole.
    private func readRevocations(_ options: RevocationOptions) -> RevocationLog.Content? {
        let bytes: [UInt8]
        do throws(SystemFailure) {
            let found = try FileContents.readOwn(
                options.file,
                maximum: RevocationFile.maximumBytes(entries: options.entries)
            )
            guard let found else { return RevocationLog.Content(key: .random) }
            bytes = found
        } catch {
            let isUnguarded = error.isUnguarded
            let why = isUnguarded ? FileContents.unguarded : "it cannot be read: \(error.message)"
            warnOfRevocations("is not used, \(why)")
            return nil
        }
        guard let content = RevocationLog.read(bytes) else {
            warnOfRevocations("is none, or its beginning is damaged")
            return nil
        }
        if !content.isWhole { warnOfRevocations("is damaged; what comes before is used") }
        return content
    }

    private func warnOfRevocations(_ what: String) {
        surroundings.log(
            .warning,
            "the file of dropped sessions \(what): tokens made before now are asked of the core",
            []
        )
    }

    private mutating func beginRevocationFile(_ path: String) {
        let seed = revocationSeed
        guard RevocationFile.write(seed, to: path),
            let file = try? RevocationFile(path: path, records: seed.sessions.count)
        else {
            let words = "the file of dropped sessions cannot be written: none survives a restart"
            surroundings.log(.error, words, [])
            return
        }
        revocations.file = file
        let count = "\(revocations.table.count)"
        surroundings.log(.info, "dropped sessions read", [("sessions", count)])
    }

    /// Writes what was dropped to the file, if there is one.
    mutating func keep(_ news: RevocationNews) {
        let key = revocations.table.key
        if let words = revocations.file?.append(news, key: key) {
            surroundings.log(.error, words, [])
        }
    }

    /// Has the file written anew when most of it is out of date.
    mutating func tendRevocationFile() {
        let count = revocations.table.count
        guard revocations.file?.needsRewrite(count: count, now: loop.now) ?? false else { return }
        let seed = revocationSeed
        revocations.file?.beginRewrite(seed, mailbox: mailbox, now: loop.now)
    }

    mutating func revocationFileWritten(count: Int?) {
        let key = revocations.table.key
        if let words = revocations.file?.endRewrite(count: count, key: key) {
            surroundings.log(.error, words, [])
        }
    }
}

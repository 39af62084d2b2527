/// The named limits of one listener's requests; `docs/limits.md` lists them all.
public struct Limits: Sendable, Equatable {
    /// Bytes of a request's head, or of an answer's, empty line included.
    public var requestHead = 64 * 1024
    /// Field lines of one head, and of one trailer section.
    public var requestFields = 128
    /// Bytes of a request's target.
    public var requestTarget = 8 * 1024
    /// Bytes of a request's content; 0 = no limit.
    public var requestBody: UInt64 = 0
    /// Client connections of the whole process.
    public var connections = 10_000
    /// Tunnels of the whole process, open and asked for.
    public var tunnels = 8_000

    /// The defaults, which `docs/limits.md` lists.
    public init() {}

    /// Bytes of a chunk's extensions, and of one chunk-size line (RFC 9112 §7.1.1).
    public static let chunkLine = 256
    /// Bytes of a trailer section.
    public static let trailerSection = 8 * 1024
    /// Bytes of a head's `Connection` fields.
    public static let connectionField = 4 * 1024
    /// Interim answers (1xx) to one request.
    public static let interimResponses = 16
}

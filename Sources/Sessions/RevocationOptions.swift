/// How sessions are dropped before their tokens end: `sessions.revocation` in the configuration.
public struct RevocationOptions: Sendable, Equatable {
    /// Whether answers on `passthrough` routes are watched for sign-outs.
    public var watch = true
    /// How often sessions in use are asked of the core; zero = never.
    public var poll = Duration.zero
    /// How long a dropped session is remembered.
    public var keep = Duration.seconds(24 * 3600)
    /// Dropped sessions remembered at most.
    public var entries = 1_000_000
    /// Where they are kept over a restart; empty = nowhere.
    public var file = ""

    /// The defaults.
    public init() {}
}

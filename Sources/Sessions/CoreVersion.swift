internal import Bytes
internal import JSON

/// A version of the core driver interface, agreed with a core through `GET /apiversion` (protocol,
/// section 5.2).
struct CoreVersion: Comparable, Sendable {
    let major: Int
    let minor: Int

    /// The first whose `verify` looks at the database where it is told to.
    static let databaseChecks = CoreVersion(major: 2, minor: 21)

    /// Versions spoken here of sessions, oldest first: those of SDKs since the payload's `jwt`.
    static let spoken =
        (9...21).map { CoreVersion(major: 2, minor: $0) } + [
            CoreVersion(major: 3, minor: 0), CoreVersion(major: 3, minor: 1),
            CoreVersion(major: 4, minor: 0), CoreVersion(major: 5, minor: 0),
            CoreVersion(major: 5, minor: 1), CoreVersion(major: 5, minor: 2),
            CoreVersion(major: 5, minor: 3), CoreVersion(major: 5, minor: 4),
        ]

    /// Versions with a handshake, oldest first.
    static let withHandshake = (7...20).map { CoreVersion(major: 2, minor: $0) }

    /// As `cdi-version` says it.
    var text: String { "\(major).\(minor)" }

    static func < (left: CoreVersion, right: CoreVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

/// What a core and we have in common.
struct CoreVersions: Sendable {
    /// The newest version for questions about sessions.
    let sessions: CoreVersion?
    /// The newest version with a handshake.
    let handshake: CoreVersion?

    /// - Parameter body: the answer to `GET /apiversion`; nil for what is none.
    init?(_ body: Span<UInt8>) {
        guard let listed = try? JSONValue.parse(body)["versions"]?.array else { return nil }
        func newest(_ spoken: [CoreVersion]) -> CoreVersion? {
            spoken.last { version in listed.contains { $0.string == version.text } }
        }
        sessions = newest(CoreVersion.spoken)
        handshake = newest(CoreVersion.withHandshake)
    }
}

internal import Bytes
internal import JSON

/// A version of the core driver interface, agreed with a core through `GET /apiversion` (protocol,
/// section 5.2).
struct CoreVersion: Comparable, Sendable {
    let major: Int
    let minor: Int

    /// The first whose `verify` looks at the database where it is told to.
    static let databaseChecks = CoreVersion(major: 2, minor: 21)

    /// Versions spoken here, oldest first: those of SDKs since the payload's `jwt`.
    static let spoken =
        (9...21).map { CoreVersion(major: 2, minor: $0) } + [
            CoreVersion(major: 3, minor: 0), CoreVersion(major: 3, minor: 1),
            CoreVersion(major: 4, minor: 0), CoreVersion(major: 5, minor: 0),
            CoreVersion(major: 5, minor: 1), CoreVersion(major: 5, minor: 2),
            CoreVersion(major: 5, minor: 3), CoreVersion(major: 5, minor: 4),
        ]

    /// As `cdi-version` says it.
    var text: String { "\(major).\(minor)" }

    /// The newest version that the core and we speak; nil where there is none, and for an answer
    /// that is none.
    static func agreed(_ body: Span<UInt8>) -> CoreVersion? {
        guard let versions = try? JSONValue.parse(body)["versions"]?.array else { return nil }
        return spoken.last { version in
            versions.contains { $0.string == version.text }
        }
    }

    static func < (left: CoreVersion, right: CoreVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

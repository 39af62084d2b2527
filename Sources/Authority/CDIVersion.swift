internal import JSON

/// A version of the core driver interface: which fields and endpoints a caller expects.
struct CDIVersion: Comparable {
    let major: Int
    let minor: Int

    static let newest = CDIVersion(major: 5, minor: 2)
    /// The last with a handshake, and with session tokens that are not JWTs.
    static let lastLegacy = CDIVersion(major: 2, minor: 20)
    /// The first whose handshake lists every key.
    static let keyList = CDIVersion(major: 2, minor: 9)

    /// Every version answered, oldest first.
    static let supported =
        (7...21).map { CDIVersion(major: 2, minor: $0) } + [
            CDIVersion(major: 3, minor: 0), CDIVersion(major: 3, minor: 1),
            CDIVersion(major: 4, minor: 0), CDIVersion(major: 5, minor: 0),
            CDIVersion(major: 5, minor: 1), newest,
        ]

    /// What `GET /apiversion` answers.
    static var list: JSONObject {
        ["versions": .array(supported.map { .string("\($0.major).\($0.minor)") })]
    }

    /// What a `cdi-version` field says.
    enum Reading {
        case supported(CDIVersion)
        /// A version, but none of ours.
        case unsupported
        /// No version at all.
        case malformed
    }

    /// Reads a field's value; spaces around it are no part of it.
    static func read(_ text: String) -> Reading {
        let parts = text.trimmed.split(separator: ".", omittingEmptySubsequences: false)
        let isVersion = parts.allSatisfy { !$0.isEmpty && $0.utf8.count <= 4 && isDecimal($0) }
        guard parts.count >= 2, parts.count <= 4, isVersion else { return .malformed }
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == 2 else { return .unsupported }
        let version = CDIVersion(major: numbers[0], minor: numbers[1])
        return supported.contains(version) ? .supported(version) : .unsupported
    }

    static func < (left: CDIVersion, right: CDIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    private static func isDecimal(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
}

extension String {
    /// Without spaces and tabs at its ends.
    var trimmed: Substring {
        var rest = self[...]
        while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return rest
    }
}

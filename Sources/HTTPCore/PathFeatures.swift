/// What of a canonical path may be read in more than one way; empty = it has one reading.
struct PathFeatures: OptionSet, Sendable {
    let rawValue: UInt8

    /// `%`.
    static let escape = PathFeatures(rawValue: 1)
    /// `;`.
    static let parameter = PathFeatures(rawValue: 2)
    /// `//`.
    static let emptySegment = PathFeatures(rawValue: 4)
    /// `/.`, `./` or a final `.`.
    static let dotEdge = PathFeatures(rawValue: 8)
    /// `A`–`Z`.
    static let capital = PathFeatures(rawValue: 16)
    /// A final `/`, of a path that is more than `/`.
    static let finalSlash = PathFeatures(rawValue: 32)
}

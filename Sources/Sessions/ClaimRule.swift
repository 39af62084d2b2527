/// A value that a claim is compared with, as JavaScript's `===` compares primitives: `1` and `1.0`
/// are equal, `"1"` is another.
public enum ClaimValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    /// UTF-8, compared byte by byte.
    case text([UInt8])
}

/// What a session's payload must say for a request to pass (protocol, section 3.6).
///
/// A claim is a member of the payload: of `userData` in V1 and V2, of the token itself from V3 on.
/// Its value is the `v` of the SDKs' `{"v": …, "t": …}`, or the member itself where it is no
/// object. A member that is null, or an object without `v`, is an absent claim.
public struct ClaimRule: Sendable, Equatable {
    /// What the value must be like.
    public enum Test: Sendable, Equatable {
        /// This value.
        case equals(ClaimValue)
        /// An array that has these.
        case includes(Expectation)
        /// An array that has none of these.
        case excludes(Expectation)
        /// An array that has one of these.
        case includesAny([ClaimValue])
    }

    /// What an array is searched for; the answer shows it as it was written.
    public enum Expectation: Sendable, Equatable {
        case one(ClaimValue)
        case all([ClaimValue])

        /// The values, however many.
        var values: [ClaimValue] {
            switch self {
            case .one(let value): [value]
            case .all(let values): values
            }
        }
    }

    /// The member's name, in UTF-8.
    public var claim: [UInt8]
    /// What the answer calls the rule, in UTF-8.
    public var id: [UInt8]
    /// Nil = any value will do.
    public var test: Test?
    /// A value that was set longer ago, by its `t`, counts no more; so does one without `t`.
    /// Nil = however old.
    public var maximumAge: Duration?

    /// A rule named after its claim.
    public init(claim: [UInt8], test: Test?, maximumAge: Duration? = nil) {
        self.claim = claim
        id = claim
        self.test = test
        self.maximumAge = maximumAge
    }

    /// Bytes of a rule's ID and expected values in an answer: what the configuration may say.
    public static let maximumAnswerBytes = 4096
}

/// The distinct lists of rules that a configuration has, each judged once for every token. The
/// first is the sessions' own, for routes that have none.
public struct ClaimLists: Sendable, Equatable {
    /// By number; never more than `maximumLists`, nor empty.
    public private(set) var lists: [[ClaimRule]]

    /// Distinct lists.
    public static let maximumLists = 32
    /// Rules of one list.
    public static let maximumRules = 32

    /// The sessions' own list.
    public init(_ rules: [ClaimRule] = []) {
        lists = [rules]
    }

    /// The number of a route's list.
    ///
    /// - Returns: nil when it would be one more than `maximumLists`.
    public mutating func number(of rules: [ClaimRule]) -> Int? {
        if let known = lists.firstIndex(of: rules) { return known }
        guard lists.count < Self.maximumLists else { return nil }
        lists.append(rules)
        return lists.count - 1
    }
}

/// Which lists of rules a session does not meet at one moment.
public struct ClaimFailures: Sendable, Equatable {
    private(set) var bits: UInt32

    /// Every list: also what nobody has judged.
    public static let all = ClaimFailures(bits: .max)

    /// No list there is.
    public static let none = ClaimFailures(bits: 0)

    init(bits: UInt32) {
        self.bits = bits
    }

    /// Whether the session does not meet the list of this number; a list there is not is not met.
    public func contains(_ list: Int) -> Bool {
        guard list >= 0, list < ClaimLists.maximumLists else { return true }
        return bits & (1 << UInt32(list)) != 0
    }

    mutating func insert(_ list: Int) {
        guard list >= 0, list < ClaimLists.maximumLists else { return }
        bits |= 1 << UInt32(list)
    }

    mutating func remove(_ list: Int) {
        guard list >= 0, list < ClaimLists.maximumLists else { return }
        bits &= ~(1 << UInt32(list))
    }
}

internal import Bytes

/// The origins pages may come from: `forwarding.cors.origins`.
public struct OriginList: Sendable {
    private let origins: [[UInt8]]

    /// - Parameter origins: exact, lower case, as browsers send them.
    public init(_ origins: [String]) {
        self.origins = origins.map { Array($0.utf8) }
    }

    /// Whether no page of another origin may call.
    public var isEmpty: Bool { origins.isEmpty }

    /// Whether `origin` is one of them, byte for byte.
    public func contains(_ origin: Span<UInt8>) -> Bool {
        index(of: origin) != nil
    }

    /// The place of the one that `origin` is, byte for byte; nil = none of them.
    public func index(of origin: Span<UInt8>) -> Int? {
        for (index, candidate) in origins.enumerated() {
            let bytes = candidate.span
            if bytes.equals(origin) { return index }
        }
        return nil
    }

    /// The bytes of the origin at a place that `index(of:)` gave.
    public subscript(index: Int) -> [UInt8] { origins[index] }
}

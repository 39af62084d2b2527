/// A share of the sessions in use. A whole is told of share by share, so that no worker stops for
/// it, and the core is asked about the sessions one after the other.
public struct SessionShare: Sendable, Equatable {
    /// Counts the wholes, from 0.
    public var round: Int
    /// Which share it is, from 0 to `count` - 1.
    public var index: Int

    /// Shares of a whole.
    public static let count = 64
    /// Handles that one worker tells of one share.
    public static let maximumHandles = 1024
    /// Of these, handles whose tokens made room for others since the share before.
    static let maximumEvicted = 512

    /// One share of a round.
    public init(round: Int, index: Int) {
        self.round = round
        self.index = index
    }

    /// What belongs to the share of so many places.
    func places(of count: Int) -> Range<Int> {
        let index = min(max(index, 0), Self.count - 1)
        return index * count / Self.count..<(index + 1) * count / Self.count
    }
}

extension Authenticator {
    /// Takes the handles of a share's sessions that requests brought since they were taken last.
    ///
    /// - Parameters:
    ///   - share: which sessions are looked at.
    ///   - handles: gets them, `SessionShare.maximumHandles` at most; one may come several times.
    public mutating func takeInUse(_ share: SessionShare, into handles: inout [[UInt8]]) {
        cache.takeInUse(share, into: &handles)
    }
}

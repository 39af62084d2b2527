/// What some bytes came to, however they arrived.
public struct SplitOutcomes<Outcome: Equatable> {
    /// When they came at once.
    public let whole: Outcome
    /// The other ways to arrive that came to something else, and what that was.
    public let differing: [String]
}

/// Lets `bytes` arrive at once, in two parts cut at every place, and byte by byte.
///
/// - Parameters:
///   - bytes: what arrives.
///   - run: gives the bytes to a fresh machine, cut at these places, and says what came of them.
/// - Returns: what came of them at once, and every other way that came to something else.
public func everySplit<Outcome: Equatable>(
    of bytes: [UInt8],
    _ run: (_ cuts: [Int]) throws -> Outcome
) rethrows -> SplitOutcomes<Outcome> {
    let whole = try run([])
    var differing: [String] = []
    for cut in bytes.indices {
        let outcome = try run([cut])
        if outcome != whole { differing.append("cut at \(cut): \(outcome)") }
    }
    let slow = try run(Array(bytes.indices))
    if slow != whole { differing.append("byte by byte: \(slow)") }
    return SplitOutcomes(whole: whole, differing: differing)
}

/// The parts of `bytes` between these places, which are in order; none is empty.
public func parts(of bytes: [UInt8], cutAt cuts: [Int]) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var start = 0
    for end in cuts + [bytes.count] where end > start {
        parts.append(Array(bytes[start..<end]))
        start = end
    }
    return parts
}

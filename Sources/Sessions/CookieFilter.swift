public import Bytes

/// Copies `Cookie` lines without the session cookies; the other pairs stay byte for byte.
///
/// When a pair could be read as a session cookie by some reader it goes, and so does what follows
/// it up to the end of a quote that it opens.
public struct CookieFilter: Sendable {
    private let names: SessionCookieNames

    /// Of the names that the options and the SDKs give to session cookies.
    public init(options: SessionOptions) {
        names = SessionCookieNames(options.sessionCookieNames)
    }

    /// Appends what remains of one line's value.
    ///
    /// - Parameters:
    ///   - value: the field's.
    ///   - buffer: has room for the whole value; else nothing is appended.
    /// - Returns: the bytes appended; 0 = nothing is left, so no field may be sent.
    public func append(value: Span<UInt8>, to buffer: inout Buffer) -> Int {
        guard buffer.room >= value.count else { return 0 }
        var appended = 0
        var pass = Pass()
        while let range = pass.next(in: value, names: names) {
            var kept = range
            if appended == 0 {
                kept = value.trimmingBlanks(range)
            } else {
                buffer.append(UInt8(ascii: ";"))
                appended += 1
            }
            appended += buffer.append(value.extracting(kept))
        }
        return appended
    }

    /// Whether `append` would append anything.
    public func keepsAnything(of value: Span<UInt8>) -> Bool {
        var pass = Pass()
        return pass.next(in: value, names: names) != nil
    }
}

/// One walk over a line: gives the runs that stay.
private struct Pass {
    private var pairs = CookiePairs()
    /// Whether a dropped pair opened a quote that was not closed yet.
    private var isInDroppedQuote = false
    private var isFinished = false

    /// The next run of pairs to keep, semicolons between them included; nil after the last.
    mutating func next(in value: Span<UInt8>, names: SessionCookieNames) -> Range<Int>? {
        guard !isFinished else { return nil }
        var run: Range<Int>?
        while let pair = pairs.next(in: value) {
            if isDropped(value.extracting(pair), names: names) {
                if let run, !isBlank(value.extracting(run)) { return run }
                run = nil
            } else {
                run = (run?.lowerBound ?? pair.lowerBound)..<pair.upperBound
            }
        }
        isFinished = true
        if let run, !isBlank(value.extracting(run)) { return run }
        return nil
    }

    private mutating func isDropped(_ pair: Span<UInt8>, names: SessionCookieNames) -> Bool {
        guard isInDroppedQuote || names.couldName(pair) else { return false }
        let quote = UInt8(ascii: "\"")
        var index = pair.scan(for: quote, from: 0, to: pair.count)
        while index < pair.count {
            isInDroppedQuote.toggle()
            index = pair.scan(for: quote, from: index + 1, to: pair.count)
        }
        return true
    }

    private func isBlank(_ run: Span<UInt8>) -> Bool {
        for index in run.indices where !run[index].isBlank && run[index] != UInt8(ascii: ";") {
            return false
        }
        return true
    }
}

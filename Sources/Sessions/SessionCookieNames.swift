internal import Bytes

extension SessionOptions {
    /// The cookies that carry a session or a piece of one, as spelled: the configured names, and
    /// those the SuperTokens SDKs set on either side.
    var sessionCookieNames: [String] {
        [
            accessTokenCookie, refreshTokenCookie, "sIdRefreshToken", "sFrontToken", "sAntiCsrf",
            "sIRTFrontend", "st-access-token", "st-refresh-token", "st-last-access-token-update",
        ]
    }
}

/// Finds pairs that any reader, however lenient, could take for a session cookie.
///
/// Readers differ: some trim quotes and odd blanks, some split at blanks or commas, some decode
/// percent escapes in names, some compare without case, some fold `.` and `_`, some see an array in
/// `name[0]`. A name counts wherever it stands between bytes that no name can hold and before a
/// `=`.
struct SessionCookieNames: Sendable {
    /// All names one after the other, as spelled and folded: one array each, so that a look at them
    /// retains nothing.
    private let exact: [UInt8]
    private let folded: [UInt8]
    /// Where each name ends in both.
    private let ends: [Int]
    private let firstBytes: ByteSet

    init(_ names: [String]) {
        var exact: [UInt8] = []
        var ends: [Int] = []
        var firstBytes = ByteSet()
        for name in names where !name.isEmpty {
            firstBytes.insert(Self.fold(name.utf8[name.utf8.startIndex]))
            exact.append(contentsOf: name.utf8)
            ends.append(exact.count)
        }
        self.exact = exact
        folded = exact.map { Self.fold($0) }
        self.ends = ends
        self.firstBytes = firstBytes
    }

    /// Whether the pair, without its semicolons, must not reach an upstream.
    func couldName(_ pair: Span<UInt8>) -> Bool {
        hasExactName(pair) || hasLenientName(pair)
    }

    private func hasExactName(_ pair: Span<UInt8>) -> Bool {
        guard let parts = CookiePair(0..<pair.count, in: pair) else { return false }
        let name = pair.extracting(parts.name)
        let exact = exact.span
        let ends = ends.span
        var start = 0
        for index in ends.indices {
            let end = ends[index]
            if name.count == end - start, name.equals(exact.extracting(start..<end)) { return true }
            start = end
        }
        return false
    }

    private func hasLenientName(_ pair: Span<UInt8>) -> Bool {
        var index = 0
        var isBoundary = true
        var isFirstWord = true
        while index < pair.count {
            let unit = Self.unit(pair, at: index)
            if isBoundary, firstBytes.contains(Self.fold(unit.byte)),
                beginsName(pair, at: index, isFirstWord: isFirstWord)
            {
                return true
            }
            isBoundary = !Self.isNamePart(unit.byte)
            if !isBoundary { isFirstWord = false }
            index += unit.count
        }
        return false
    }

    private func beginsName(_ pair: Span<UInt8>, at start: Int, isFirstWord: Bool) -> Bool {
        let folded = folded.span
        let ends = ends.span
        var from = 0
        for index in ends.indices {
            let name = folded.extracting(from..<ends[index])
            from = ends[index]
            guard let end = Self.match(name, pair, at: start) else { continue }
            if Self.endsName(pair, at: end, isFirstWord: isFirstWord) { return true }
        }
        return false
    }

    /// The index after the name; nil when another name is there.
    private static func match(_ name: Span<UInt8>, _ pair: Span<UInt8>, at start: Int) -> Int? {
        var index = start
        for position in name.indices {
            guard index < pair.count else { return nil }
            let unit = unit(pair, at: index)
            guard fold(unit.byte) == name[position] else { return nil }
            index += unit.count
        }
        return index
    }

    /// Whether a name that ends before `start` is followed by what makes it one. At the pair's end
    /// it is a name without a value only when nothing came before it.
    private static func endsName(_ pair: Span<UInt8>, at start: Int, isFirstWord: Bool) -> Bool {
        var index = start
        while index < pair.count {
            let unit = unit(pair, at: index)
            if unit.byte == UInt8(ascii: "=") || unit.byte == UInt8(ascii: "[") { return true }
            if isNamePart(unit.byte) { return false }
            index += unit.count
        }
        return isFirstWord
    }

    /// Whether every reader takes the byte for a part of a name. PHP reads a `+` as a blank, and an
    /// apostrophe may be taken for a quote.
    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte.isTokenByte && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "'")
    }

    /// One byte, or one percent escape and the byte it stands for.
    private static func unit(_ pair: Span<UInt8>, at index: Int) -> (byte: UInt8, count: Int) {
        if let escaped = pair.percentEscape(at: index) { return (escaped, 3) }
        return (pair[index], 1)
    }

    private static func fold(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "_"), UInt8(ascii: "."): UInt8(ascii: "-")
        default: byte.lowercased
        }
    }
}

/// A set of byte values.
struct ByteSet: Equatable, Sendable {
    private var low: (UInt64, UInt64) = (0, 0)
    private var high: (UInt64, UInt64) = (0, 0)

    static func == (left: ByteSet, right: ByteSet) -> Bool {
        left.low == right.low && left.high == right.high
    }

    mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: low.0 |= bit
        case 1: low.1 |= bit
        case 2: high.0 |= bit
        default: high.1 |= bit
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: low.0
            case 1: low.1
            case 2: high.0
            default: high.1
            }
        return word >> UInt64(byte & 63) & 1 == 1
    }
}

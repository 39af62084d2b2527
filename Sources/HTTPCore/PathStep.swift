import Bytes

/// One way in which servers read a path as another, decoding apart (see `PathEscapes`).
enum PathStep: CaseIterable {
    /// `%2F`, `%5C` and `\` are slashes.
    case slashes
    /// `%3F`, `?`, `%23` and `#` end the path.
    case end
    /// Path parameters are dropped: `;` or `%3B` up to the next slash.
    case parameters
    /// The dots and spaces a segment ends with are dropped.
    case trailingDots
    /// Repeated slashes are one.
    case merge
    /// A final slash is dropped.
    case finalSlash
    /// Letters have no case.
    case lowercase

    /// Appends the path that lies in `range` of `bytes` as it is read with this step.
    func append(_ range: Range<Int>, of bytes: inout [UInt8]) {
        switch self {
        case .slashes: PathStep.appendWithSlashes(range, of: &bytes)
        case .end: PathStep.appendUpToEnd(range, of: &bytes)
        case .parameters: PathStep.appendWithoutParameters(range, of: &bytes)
        case .trailingDots: PathStep.appendWithoutTrailingDots(range, of: &bytes)
        case .merge: PathStep.appendMerged(range, of: &bytes)
        case .finalSlash:
            let endsWithSlash = range.count > 1 && bytes[range.upperBound &- 1] == slash
            let end = endsWithSlash ? range.upperBound &- 1 : range.upperBound
            for index in range.lowerBound..<end { bytes.append(bytes[index]) }
        case .lowercase:
            for index in range { bytes.append(bytes[index].lowercased) }
        }
    }

    private static func appendWithSlashes(_ range: Range<Int>, of bytes: inout [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                bytes.append(slash)
                index &+= 1
            } else if let value = escape(at: index, in: range, of: bytes),
                value == slash || value == UInt8(ascii: "\\")
            {
                bytes.append(slash)
                index &+= 3
            } else {
                bytes.append(byte)
                index &+= 1
            }
        }
    }

    private static func appendUpToEnd(_ range: Range<Int>, of bytes: inout [UInt8]) {
        for index in range {
            let byte = escape(at: index, in: range, of: bytes) ?? bytes[index]
            if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { return }
            bytes.append(bytes[index])
        }
    }

    private static func appendWithoutParameters(_ range: Range<Int>, of bytes: inout [UInt8]) {
        var isParameter = false
        for index in range {
            let byte = escape(at: index, in: range, of: bytes) ?? bytes[index]
            if byte == UInt8(ascii: ";") {
                isParameter = true
            } else if bytes[index] == slash {
                isParameter = false
            }
            if !isParameter { bytes.append(bytes[index]) }
        }
    }

    private static func appendWithoutTrailingDots(_ range: Range<Int>, of bytes: inout [UInt8]) {
        let start = bytes.count
        for index in range {
            if bytes[index] == slash { dropTrailingDots(from: start, of: &bytes) }
            bytes.append(bytes[index])
        }
        dropTrailingDots(from: start, of: &bytes)
    }

    private static func dropTrailingDots(from start: Int, of bytes: inout [UInt8]) {
        while bytes.count > start {
            let last = bytes.count &- 1
            if bytes[last] == UInt8(ascii: ".") || bytes[last] == UInt8(ascii: " ") {
                bytes.removeLast()
            } else if last &- 2 >= start,
                escape(at: last &- 2, in: start..<bytes.count, of: bytes)
                    == UInt8(ascii: " ")
            {
                bytes.removeLast(3)
            } else {
                return
            }
        }
    }

    private static func appendMerged(_ range: Range<Int>, of bytes: inout [UInt8]) {
        var previous: UInt8 = 0
        for index in range {
            let byte = bytes[index]
            if byte != slash || previous != slash { bytes.append(byte) }
            previous = byte
        }
    }

    /// The byte that the escape at `index` stands for; nil when none begins there.
    private static func escape(at index: Int, in range: Range<Int>, of bytes: [UInt8]) -> UInt8? {
        guard bytes[index] == UInt8(ascii: "%"), index &+ 2 < range.upperBound,
            let high = bytes[index &+ 1].hexadecimalValue,
            let low = bytes[index &+ 2].hexadecimalValue
        else { return nil }
        return high &<< 4 | low
    }
}

private let slash = UInt8(ascii: "/")

/// An order in which servers take the steps that hide bytes from each other; the others, but for
/// `lowercase`, follow, and with them it makes no difference.
enum PathStepOrder: CaseIterable {
    case slashesFirst, parametersFirst, endFirst, parametersLast

    /// Steps in each order.
    static let count = 6

    subscript(index: Int) -> PathStep {
        switch (self, index) {
        case (.parametersFirst, 0), (.slashesFirst, 1), (.endFirst, 1), (.parametersLast, 2):
            .parameters
        case (.slashesFirst, 0), (.parametersLast, 0), (.parametersFirst, 1), (.endFirst, 2):
            .slashes
        case (_, 0...2): .end
        case (_, 3): .trailingDots
        case (_, 4): .merge
        default: .finalSlash
        }
    }
}

/// Escapes decoded, one round at a time (RFC 3986 §2.1).
enum PathEscapes {
    /// Appends the path that lies in `range` of `bytes` with every escape decoded once; a `%` that
    /// begins none stays.
    static func append(_ range: Range<Int>, of bytes: inout [UInt8]) throws(TargetFailure) {
        let start = bytes.count
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index &+ 2 < range.upperBound,
                let high = bytes[index &+ 1].hexadecimalValue,
                let low = bytes[index &+ 2].hexadecimalValue
            {
                let value = high &<< 4 | low
                guard value >= 0x20, value != 0x7F else { throw .escapedControl }
                bytes.append(value)
                index &+= 3
            } else {
                bytes.append(byte)
                index &+= 1
            }
        }
        if hasOverlongUTF8(bytes.span.extracting(start..<bytes.count)) { throw .overlongUTF8 }
    }

    /// Whether a sequence says in more bytes what fewer can say (RFC 3629 §3), those of five and six
    /// bytes of older UTF-8 included.
    private static func hasOverlongUTF8(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where bytes[index] >= 0xC0 {
            let next = index &+ 1 < bytes.count ? bytes[index &+ 1] : 0
            switch bytes[index] {
            case 0xC0, 0xC1: return true
            case 0xE0: if (0x80...0x9F).contains(next) { return true }
            case 0xF0: if (0x80...0x8F).contains(next) { return true }
            case 0xF8: if (0x80...0x87).contains(next) { return true }
            case 0xFC: if (0x80...0x83).contains(next) { return true }
            default: break
            }
        }
        return false
    }
}

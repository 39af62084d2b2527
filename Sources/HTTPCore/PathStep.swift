import Bytes

/// One way in which servers read a path as another, decoding apart (see `PathEscapes`).
enum PathStep: UInt8, CaseIterable {
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

    /// Appends the path at `range` as it is read with this step.
    func take(_ range: Range<Int>, to output: inout PathOutput) {
        switch self {
        case .slashes: PathStep.takeSlashes(range, to: &output)
        case .end: PathStep.takeUpToEnd(range, to: &output)
        case .parameters: PathStep.dropParameters(range, to: &output)
        case .trailingDots: PathStep.dropTrailingDots(range, to: &output)
        case .merge: PathStep.mergeSlashes(range, to: &output)
        case .finalSlash: PathStep.dropFinalSlash(range, to: &output)
        case .lowercase:
            for index in range { output.append(output[index].lowercased) }
        }
    }

    /// Appends the path without the authority after its first slashes; `/` when nothing follows.
    static func dropAuthority(_ range: Range<Int>, to output: inout PathOutput) {
        var index = range.lowerBound
        while index < range.upperBound, isSlash(output[index]) { index &+= 1 }
        while index < range.upperBound, !isSlash(output[index]) { index &+= 1 }
        guard index < range.upperBound else {
            output.append(slash)
            return
        }
        output.append(slash)
        for rest in index &+ 1..<range.upperBound { output.append(output[rest]) }
    }

    private static func isSlash(_ byte: UInt8) -> Bool {
        byte == slash || byte == UInt8(ascii: "\\")
    }

    private static func takeSlashes(_ range: Range<Int>, to output: inout PathOutput) {
        var index = range.lowerBound
        while index < range.upperBound {
            let escape = output.escape(at: index, before: range.upperBound)
            let byte = escape ?? output[index]
            if byte == slash || byte == UInt8(ascii: "\\") {
                output.append(slash)
                index &+= escape == nil ? 1 : 3
            } else {
                output.append(output[index])
                index &+= 1
            }
        }
    }

    private static func takeUpToEnd(_ range: Range<Int>, to output: inout PathOutput) {
        for index in range {
            let byte = output.escape(at: index, before: range.upperBound) ?? output[index]
            if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { return }
            output.append(output[index])
        }
    }

    private static func dropParameters(_ range: Range<Int>, to output: inout PathOutput) {
        var isParameter = false
        for index in range {
            let byte = output.escape(at: index, before: range.upperBound) ?? output[index]
            if byte == UInt8(ascii: ";") {
                isParameter = true
            } else if output[index] == slash {
                isParameter = false
            }
            if !isParameter { output.append(output[index]) }
        }
    }

    private static func dropTrailingDots(_ range: Range<Int>, to output: inout PathOutput) {
        let start = output.count
        for index in range {
            if output[index] == slash { dropTrailingDots(from: start, of: &output) }
            output.append(output[index])
        }
        dropTrailingDots(from: start, of: &output)
    }

    private static func dropTrailingDots(from start: Int, of output: inout PathOutput) {
        while output.count > start {
            let last = output.count &- 1
            if output[last] == UInt8(ascii: ".") || output[last] == UInt8(ascii: " ") {
                output.removeLast()
            } else if last &- 2 >= start,
                output.escape(at: last &- 2, before: output.count) == UInt8(ascii: " ")
            {
                output.removeLast(3)
            } else {
                return
            }
        }
    }

    private static func mergeSlashes(_ range: Range<Int>, to output: inout PathOutput) {
        var previous: UInt8 = 0
        for index in range {
            let byte = output[index]
            if byte != slash || previous != slash { output.append(byte) }
            previous = byte
        }
    }

    private static func dropFinalSlash(_ range: Range<Int>, to output: inout PathOutput) {
        let endsWithSlash = range.count > 1 && output[range.upperBound &- 1] == slash
        let end = endsWithSlash ? range.upperBound &- 1 : range.upperBound
        for index in range.lowerBound..<end { output.append(output[index]) }
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

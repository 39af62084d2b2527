import Bytes

extension FieldName {
    /// What a field name means to the gateway, read after folding: `A`–`Z` to lower case, `_` and
    /// `.` to `-`.
    ///
    /// - Parameter name: a token, as the parser found it.
    /// - Returns: `isAlias` is true when `name` folds to the field's name and is not that name in
    ///   any letter case.
    public static func lookup(_ name: Span<UInt8>) -> (id: FieldName, isAlias: Bool) {
        let folded = FoldedName(name)
        if name.count <= FoldedName.maximumBytes,
            let id = FieldNameTable.shared.find(folded, count: name.count)
        {
            return (id, folded.mapped != .zero)
        }
        return FieldNameTable.shared.findPrefix(folded)
    }
}

/// A name's first 32 bytes after folding, eight in each word, padded with zero.
struct FoldedName {
    /// No name that has a meaning is longer.
    static let maximumBytes = 32

    private(set) var words = SIMD4<UInt64>.zero
    /// 0xFF where `_` or `.` became `-`.
    private(set) var mapped = SIMD4<UInt64>.zero

    init(_ name: Span<UInt8>) {
        let count = min(name.count, Self.maximumBytes)
        var offset = 0
        while offset < count {
            let word = Self.lowercased(name.word(at: offset, size: min(8, count &- offset)))
            let marks = Self.lanes(of: 0x5F, in: word) | Self.lanes(of: 0x2E, in: word)
            words[offset &>> 3] = (word & ~marks) | (0x2D2D_2D2D_2D2D_2D2D & marks)
            mapped[offset &>> 3] = marks
            offset &+= 8
        }
    }

    /// `A`–`Z` of eight bytes to lower case: the high bit of each lane says whether to.
    private static func lowercased(_ word: UInt64) -> UInt64 {
        let low = word & 0x7F7F_7F7F_7F7F_7F7F
        let fromA = low &+ 0x3F3F_3F3F_3F3F_3F3F
        let pastZ = low &+ 0x2525_2525_2525_2525
        let capitals = fromA & ~pastZ & ~word & 0x8080_8080_8080_8080
        return word | capitals &>> 2
    }

    /// 0xFF in each lane of `word` that holds `byte`.
    private static func lanes(of byte: UInt64, in word: UInt64) -> UInt64 {
        let difference = word ^ (byte &* 0x0101_0101_0101_0101)
        let low = (difference & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F
        let zero = ~(low | difference) & 0x8080_8080_8080_8080
        return (zero &>> 7) &* 0xFF
    }
}

/// The names of every `FieldName`, ordered by length.
private struct FieldNameTable: Sendable {
    static let shared = FieldNameTable()

    private struct Entry: Sendable {
        var words = SIMD4<UInt64>.zero
        var id = FieldName.other
    }

    private var entries = [64 of Entry](repeating: Entry())
    /// Where the names of each length begin in `entries`.
    private var starts = [34 of Int](repeating: 0)
    private let proxy = Prefix("proxy-")
    private let forwarded = Prefix("x-forwarded-")

    private init() {
        var used = 0
        for length in 1...FoldedName.maximumBytes {
            starts[length] = used
            for id in FieldName.allCases where id.name.utf8CodeUnitCount == length {
                entries[used] = Entry(words: FoldedName(id.name).words, id: id)
                used += 1
            }
        }
        starts[33] = used
    }

    /// The field whose name has these bytes; `count` is at most 32.
    func find(_ name: FoldedName, count: Int) -> FieldName? {
        var index = starts[count]
        let end = starts[count &+ 1]
        while index < end {
            if entries[index].words == name.words { return entries[index].id }
            index &+= 1
        }
        return nil
    }

    /// `Proxy-…`, and the `X-Forwarded-…` that have no case of their own.
    func findPrefix(_ name: FoldedName) -> (id: FieldName, isAlias: Bool) {
        if proxy.begins(name) { return (.proxy, proxy.isMapped(in: name)) }
        if forwarded.begins(name) { return (.xForwardedOther, forwarded.isMapped(in: name)) }
        return (.other, false)
    }
}

/// The beginning of a family of names.
private struct Prefix: Sendable {
    private let words: SIMD4<UInt64>
    private let mask: SIMD4<UInt64>

    init(_ text: StaticString) {
        words = FoldedName(text).words
        var mask = SIMD4<UInt64>.zero
        for index in 0..<text.utf8CodeUnitCount {
            mask[index / 8] |= 0xFF << UInt64(index % 8 * 8)
        }
        self.mask = mask
    }

    func begins(_ name: FoldedName) -> Bool { name.words & mask == words }

    func isMapped(in name: FoldedName) -> Bool { name.mapped & mask != .zero }
}

extension FoldedName {
    /// A literal in the form names are compared in.
    init(_ text: StaticString) {
        let bytes = unsafe UnsafeBufferPointer(
            start: text.utf8Start,
            count: text.utf8CodeUnitCount
        )
        self = unsafe FoldedName(Span(_unsafeElements: bytes))
    }
}

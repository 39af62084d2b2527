import Bytes

extension FieldName {
    /// What a field name means to the gateway, read after folding: `A`–`Z` to lower case, `_` and
    /// `.` to `-`.
    ///
    /// - Parameter name: a token, as the parser found it.
    /// - Returns: `isAlias` is true when `name` folds to the field's name and is not that name in
    ///   any letter case.
    public static func lookup(_ name: Span<UInt8>) -> (id: FieldName, isAlias: Bool) {
        guard FieldNameTable.mayHold(name) else { return (.other, false) }
        let folded = FoldedName(name)
        if name.count <= FoldedName.maximumBytes,
            let id = FieldNameTable.find(folded.words, count: name.count)
        {
            return (id, folded.mapped != .zero)
        }
        if folded.words.begins(with: FieldNameTable.proxy) {
            return (.proxy, folded.mapped.meets(FieldNameTable.proxy))
        }
        if folded.words.begins(with: FieldNameTable.forwarded) {
            return (.xForwardedOther, folded.mapped.meets(FieldNameTable.forwarded))
        }
        return (.other, false)
    }
}

/// Thirty-two bytes, eight in each word, the first lowest.
private struct Words: Equatable, Sendable {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0
    var fourth: UInt64 = 0

    static let zero = Words()

    /// Whether the bytes of `prefix` that are not zero stand here too.
    func begins(with prefix: Words) -> Bool {
        first & prefix.first.occupied == prefix.first
            && second & prefix.second.occupied == prefix.second
    }

    /// Whether any byte is set where `prefix` has one.
    func meets(_ prefix: Words) -> Bool {
        first & prefix.first.occupied != 0 || second & prefix.second.occupied != 0
    }
}

/// A name's first 32 bytes after folding, padded with zero.
private struct FoldedName {
    /// No name that has a meaning is longer.
    static let maximumBytes = 32

    var words = Words()
    /// 0xFF where `_` or `.` became `-`.
    var mapped = Words()

    init(_ name: Span<UInt8>) {
        let count = name.count
        if count > 0 { (words.first, mapped.first) = Self.fold(name, at: 0) }
        if count > 8 { (words.second, mapped.second) = Self.fold(name, at: 8) }
        if count > 16 { (words.third, mapped.third) = Self.fold(name, at: 16) }
        if count > 24 { (words.fourth, mapped.fourth) = Self.fold(name, at: 24) }
    }

    @inline(__always)
    private static func fold(_ name: Span<UInt8>, at offset: Int) -> (UInt64, UInt64) {
        let word = name.word(at: offset, size: min(8, name.count &- offset)).lowercased
        let marks = word.lanes(holding: 0x5F) | word.lanes(holding: 0x2E)
        return ((word & ~marks) | (0x2D2D_2D2D_2D2D_2D2D & marks), marks)
    }
}

extension UInt64 {
    /// `A`–`Z` in each of eight bytes turned to lower case.
    fileprivate var lowercased: UInt64 {
        // The high bit of a lane of `fromA` says that its byte is `A` or above, and so on.
        let low = self & 0x7F7F_7F7F_7F7F_7F7F
        let fromA = low &+ 0x3F3F_3F3F_3F3F_3F3F
        let pastZ = low &+ 0x2525_2525_2525_2525
        let capitals = fromA & ~pastZ & ~self & 0x8080_8080_8080_8080
        return self | capitals &>> 2
    }

    /// 0xFF in each lane that holds `byte`.
    fileprivate func lanes(holding byte: UInt64) -> UInt64 {
        let difference = self ^ (byte &* 0x0101_0101_0101_0101)
        return ~difference.occupied
    }

    /// 0xFF in each lane that is not zero.
    fileprivate var occupied: UInt64 {
        let low = (self & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F
        return (((low | self) & 0x8080_8080_8080_8080) &>> 7) &* 0xFF
    }
}

/// The names of every `FieldName`, ordered by length.
private enum FieldNameTable {
    private struct Entry: Sendable {
        var words: Words
        var id: FieldName
    }

    static let proxy = FoldedName("proxy-").words
    static let forwarded = FoldedName("x-forwarded-").words

    private static let entries: [Entry] = (1...FoldedName.maximumBytes).flatMap { length in
        named(length).map { Entry(words: FoldedName($0.name).words, id: $0) }
    }

    /// Where the names of each length begin in `entries`.
    private static let starts: [Int] = (0...FoldedName.maximumBytes + 1).map { length in
        (0..<length).reduce(0) { $0 + named($1).count }
    }

    private static func named(_ length: Int) -> [FieldName] {
        FieldName.allCases.filter { length > 0 && $0.name.utf8CodeUnitCount == length }
    }

    /// For each length a bit for each letter that a name of it begins with.
    private static let firstLetters: [UInt32] = (0...FoldedName.maximumBytes).map { length in
        named(length).reduce(0) { $0 | 1 << UInt32(unsafe $1.name.utf8Start[0] &- firstLetter) }
    }

    private static let firstLetter = UInt8(ascii: "a")

    /// Whether the first byte and the length leave it open that the name has a meaning: most names
    /// that have none end here. Folding turns no other byte into a letter.
    static func mayHold(_ name: Span<UInt8>) -> Bool {
        guard !name.isEmpty else { return false }
        let first = name[0].lowercased
        switch first {
        case UInt8(ascii: "p"), UInt8(ascii: "x"):
            return true
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
            let count = name.count
            return count <= FoldedName.maximumBytes
                && firstLetters[count] >> UInt32(first &- firstLetter) & 1 == 1
        default:
            return false
        }
    }

    /// The field whose name has these bytes; `count` is at most 32.
    static func find(_ words: Words, count: Int) -> FieldName? {
        var index = starts[count]
        let end = starts[count &+ 1]
        while index < end {
            if entries[index].words == words { return entries[index].id }
            index &+= 1
        }
        return nil
    }
}

extension FoldedName {
    /// A literal in the form names are compared in.
    fileprivate init(_ text: StaticString) {
        let bytes = unsafe UnsafeBufferPointer(
            start: text.utf8Start,
            count: text.utf8CodeUnitCount
        )
        self = unsafe FoldedName(Span(_unsafeElements: bytes))
    }
}

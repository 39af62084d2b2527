extension UInt8 {
    /// Whether the byte is `A`–`Z` or `a`–`z`.
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }
}

import CPCRE2

/// The PCRE2 this process runs with, which may be newer than the one it was built with.
public enum PatternLibraryVersion {
    /// Such as `10.42`.
    public static var text: String {
        let needed = pcre2_config_8(UInt32(PCRE2_CONFIG_VERSION), nil)
        guard needed > 0 else { return "unknown" }
        var bytes = [UInt8](repeating: 0, count: Int(needed))
        _ = unsafe pcre2_config_8(UInt32(PCRE2_CONFIG_VERSION), &bytes)
        // The version proper ends before the date, or before the final zero byte.
        return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }
}

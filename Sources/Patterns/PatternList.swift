import Bytes
import CPCRE2

/// Why a pattern cannot be compiled; `offset` counts bytes of the pattern.
public struct PatternFailure: Error, Equatable, Sendable {
    /// PCRE2's words.
    public let message: String
    /// Bytes of the pattern before the fault.
    public let offset: Int
}

/// The outcome of one match.
public enum PatternResult: Equatable, Sendable {
    case matched, noMatch
    /// The subject needs more work than is allowed: neither a match nor none.
    case limitReached
}

/// Compiled PCRE2 patterns (`libpcre2-8`), each matched from the subject's first byte to its last,
/// on bytes, within limits of work.
///
/// Without just-in-time compilation: its limits count otherwise, and it needs writable memory that
/// is executable. For one thread: all patterns share the memory a match works in, which is kept, so
/// that matching allocates nothing once warm.
@safe
public struct PatternList: ~Copyable {
    /// Steps of one match.
    static let matchLimit: UInt32 = 10_000
    /// Nested backtracking points of one match.
    static let depthLimit: UInt32 = 10_000
    /// KiB of heap for backtracking points of one match.
    static let heapLimit: UInt32 = 4096
    /// Bytes of one pattern.
    static let maximumLength = 4096

    private var codes: [OpaquePointer] = unsafe []
    private let context: OpaquePointer?
    private let data: OpaquePointer?

    /// An empty list.
    public init() {
        unsafe context = pcre2_match_context_create_8(nil)
        unsafe data = pcre2_match_data_create_8(1, nil)
        if let context = unsafe context {
            unsafe pcre2_set_match_limit_8(context, PatternList.matchLimit)
            unsafe pcre2_set_depth_limit_8(context, PatternList.depthLimit)
            unsafe pcre2_set_heap_limit_8(context, PatternList.heapLimit)
        }
    }

    deinit {
        for index in 0..<count { unsafe pcre2_code_free_8(codes[index]) }
        unsafe pcre2_match_data_free_8(data)
        unsafe pcre2_match_context_free_8(context)
    }

    /// How many there are.
    public var count: Int { unsafe codes.count }

    /// Compiles a pattern, whose letters match without case if `caseless`, and appends it.
    ///
    /// - Returns: its index.
    /// - Throws: what is wrong with it.
    public mutating func append(
        _ source: String,
        caseless: Bool
    ) throws(PatternFailure) -> Int {
        let bytes = Array(source.utf8)
        guard bytes.count <= PatternList.maximumLength else {
            throw PatternFailure(message: "pattern is too long", offset: PatternList.maximumLength)
        }
        // UTF and `\C` are refused inside the pattern too: subjects are bytes, in any encoding.
        var options =
            PCRE2_ANCHORED | PCRE2_ENDANCHORED | UInt32(PCRE2_DOLLAR_ENDONLY)
            | UInt32(PCRE2_NEVER_UTF) | UInt32(PCRE2_NEVER_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        if caseless { options |= UInt32(PCRE2_CASELESS) }
        var code: CInt = 0
        var offset = 0
        let compiled = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe pcre2_compile_8(source.baseAddress, source.count, options, &code, &offset, nil)
        }
        guard let compiled = unsafe compiled else {
            throw PatternFailure(message: PatternList.message(code), offset: offset)
        }
        unsafe codes.append(compiled)
        return unsafe codes.count &- 1
    }

    /// Whether the pattern at `index` matches the whole of `subject`.
    public func match(_ index: Int, _ subject: Span<UInt8>) -> PatternResult {
        let code = unsafe codes[index]
        let result = unsafe subject.withUnsafeBufferPointer { bytes in
            unsafe pcre2_match_8(code, bytes.baseAddress, bytes.count, 0, 0, data, context)
        }
        if result >= 0 { return .matched }
        return result == PCRE2_ERROR_NOMATCH ? .noMatch : .limitReached
    }

    private static func message(_ code: CInt) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        let count = unsafe text.withUnsafeMutableBufferPointer { memory in
            unsafe pcre2_get_error_message_8(code, memory.baseAddress, memory.count)
        }
        guard count > 0 else { return "pattern is not valid" }
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }
}

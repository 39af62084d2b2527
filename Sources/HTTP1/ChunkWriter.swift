public import Bytes

/// Writes content in the chunked transfer coding (RFC 9112 §7.1). The caller appends the content
/// between a chunk's head and tail, and has made room for 20 bytes more than that.
public enum ChunkWriter {
    /// Appends a chunk's size line.
    ///
    /// - Parameters:
    ///   - size: bytes of content that follow; nothing is appended for none, because a chunk of
    ///     none is the last.
    ///   - buffer: where it goes.
    public static func appendHead(size: Int, to buffer: inout Buffer) {
        guard size > 0 else { return }
        buffer.append(hexadecimal: UInt64(size))
        buffer.append("\r\n")
    }

    /// Appends what ends a chunk's content.
    public static func appendTail(to buffer: inout Buffer) {
        buffer.append("\r\n")
    }

    /// Appends the last chunk. Trailer fields and an empty line, both the caller's, end the
    /// message.
    public static func appendLastChunk(to buffer: inout Buffer) {
        buffer.append("0\r\n")
    }
}

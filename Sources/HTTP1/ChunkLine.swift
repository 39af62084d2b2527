import Bytes
import HTTPCore

/// Reads one chunk's first line, byte by byte as it arrives (RFC 9112 §7.1):
/// `1*HEXDIG *( ";" token [ "=" ( token / quoted-string ) ] ) CRLF`.
///
/// The whitespace that the RFC lets recipients accept around `;` and `=` is refused: some upstreams
/// end the size there and some the line.
struct ChunkLine {
    private enum Phase {
        case size, name, value, token, quoted, quotedPair, afterQuoted, lineFeed
    }

    /// Digits of the largest size; more are refused, leading zeros too.
    private static let digitsMaximum = 16

    private var phase = Phase.size
    private var size: UInt64 = 0
    private var digits = 0
    /// Bytes of the part that is being read: a name or a value needs one.
    private var partBytes = 0
    private var lineBytes = 0

    /// Reads from `position` on, up to the line's end or the end of `bytes`.
    ///
    /// - Returns: the chunk's size when the line is complete.
    mutating func read(
        _ bytes: Span<UInt8>,
        from position: inout Int
    ) throws(HTTP1Failure) -> UInt64? {
        while position < bytes.count {
            let byte = bytes[position]
            position &+= 1
            lineBytes &+= 1
            if lineBytes > Limits.chunkLine { throw .chunkLineTooLong }
            if phase == .size {
                try readSize(byte)
            } else if phase == .lineFeed {
                guard byte == 0x0A else { throw .bareCarriageReturn }
                let size = size
                self = ChunkLine()
                return size
            } else {
                try readExtension(byte)
            }
        }
        return nil
    }

    private mutating func readSize(_ byte: UInt8) throws(HTTP1Failure) {
        if let digit = byte.hexadecimalValue {
            digits &+= 1
            guard digits <= Self.digitsMaximum else { throw .invalidChunkSize }
            size = size << 4 | UInt64(digit)
            // Programs that count with signed numbers would read another size.
            guard size <= UInt64(Int64.max) else { throw .invalidChunkSize }
            return
        }
        if byte == 0x0A { throw .bareLineFeed }
        guard digits > 0 else { throw .invalidChunkSize }
        try endPart(byte, else: .invalidChunkSize)
    }

    private mutating func readExtension(_ byte: UInt8) throws(HTTP1Failure) {
        switch phase {
        case .name:
            if byte.isTokenByte {
                partBytes &+= 1
            } else if byte == 0x3D, partBytes > 0 {
                begin(.value)
            } else {
                try endPart(byte, else: .invalidChunkExtension)
            }
        case .value where byte == 0x22:
            phase = .quoted
        case .value, .token:
            if byte.isTokenByte {
                partBytes &+= 1
                phase = .token
            } else {
                try endPart(byte, else: .invalidChunkExtension)
            }
        case .quoted:
            if byte == 0x22 {
                phase = .afterQuoted
                partBytes = 1
            } else if byte == 0x5C {
                phase = .quotedPair
            } else {
                try readQuoted(byte)
            }
        case .quotedPair:
            try readQuoted(byte)
            phase = .quoted
        case .afterQuoted:
            try endPart(byte, else: .invalidChunkExtension)
        case .size, .lineFeed:
            return
        }
    }

    private func readQuoted(_ byte: UInt8) throws(HTTP1Failure) {
        if byte == 0x0A { throw .bareLineFeed }
        if byte == 0x0D { throw .bareCarriageReturn }
        guard byte.isFieldContent else { throw .invalidChunkExtension }
    }

    /// What follows a size, a name or a value: another extension or the line's end.
    private mutating func endPart(_ byte: UInt8, else other: HTTP1Failure) throws(HTTP1Failure) {
        if byte == 0x0A { throw .bareLineFeed }
        guard phase == .size || partBytes > 0 else { throw other }
        switch byte {
        case 0x3B: begin(.name)
        case 0x0D: phase = .lineFeed
        default: throw other
        }
    }

    private mutating func begin(_ next: Phase) {
        phase = next
        partBytes = 0
    }
}

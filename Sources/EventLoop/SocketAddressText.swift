public import Bytes

extension SocketAddress {
    /// Appends the IP address alone, without brackets, port and scope, IPv6 as RFC 5952 writes it.
    ///
    /// A socket in the file system is `unix:`. No allocation; cut off where the room ends.
    public func appendHost(to buffer: inout Buffer) {
        switch self {
        case .v4(let octets, _):
            Self.append(octets: octets, to: &buffer)
        case .v6(0, let low, _, _) where low >> 32 == 0xFFFF:
            buffer.append("::ffff:")
            Self.append(octets: UInt32(truncatingIfNeeded: low), to: &buffer)
        case .v6(let high, let low, _, _):
            Self.append(high: high, low: low, to: &buffer)
        case .unix:
            buffer.append("unix:")
        }
    }

    /// Appends `1.2.3.4:80`, `[::1]:80` or `unix:/path`; no allocation, cut off at the room's end.
    public func append(to buffer: inout Buffer) {
        switch self {
        case .v4(_, let port):
            appendHost(to: &buffer)
            buffer.append(UInt8(ascii: ":"))
            Self.append(number: UInt32(port), to: &buffer)
        case .v6(_, _, let port, let scope):
            buffer.append(UInt8(ascii: "["))
            appendHost(to: &buffer)
            if scope != 0 {
                buffer.append(UInt8(ascii: "%"))
                Self.append(number: scope, to: &buffer)
            }
            buffer.append("]:")
            Self.append(number: UInt32(port), to: &buffer)
        case .unix(let path):
            buffer.append("unix:")
            for byte in path.utf8 { buffer.append(byte) }
        }
    }

    private static func append(octets: UInt32, to buffer: inout Buffer) {
        var shift: UInt32 = 24
        while true {
            append(number: octets >> shift & 0xFF, to: &buffer)
            if shift == 0 { return }
            buffer.append(UInt8(ascii: "."))
            shift -= 8
        }
    }

    private static func append(high: UInt64, low: UInt64, to buffer: inout Buffer) {
        let zeros = longestZeroRun(high: high, low: low)
        var index = 0
        while index < 8 {
            if index == zeros.lowerBound, !zeros.isEmpty {
                buffer.append("::")
                index = zeros.upperBound
                continue
            }
            append(hexadecimal: group(index, high: high, low: low), to: &buffer)
            index += 1
            if index < 8, index != zeros.lowerBound || zeros.isEmpty {
                buffer.append(UInt8(ascii: ":"))
            }
        }
    }

    /// RFC 5952 §4.2: the longest run of two or more zero groups, the first of equal ones.
    private static func longestZeroRun(high: UInt64, low: UInt64) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, group(end, high: high, low: low) == 0 { end += 1 }
            if end - start >= 2, end - start > longest.count { longest = start..<end }
            start = end + 1
        }
        return longest
    }

    private static func group(_ index: Int, high: UInt64, low: UInt64) -> UInt16 {
        let half = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index & 3)))
    }

    private static func append(hexadecimal group: UInt16, to buffer: inout Buffer) {
        var shift: UInt16 = 12
        while shift > 0, group >> shift == 0 { shift -= 4 }
        while true {
            let digit = UInt8(truncatingIfNeeded: group >> shift & 0xF)
            buffer.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            if shift == 0 { return }
            shift -= 4
        }
    }

    private static func append(number: UInt32, to buffer: inout Buffer) {
        var divisor: UInt32 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            buffer.append(0x30 + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// As `append` writes it.
    public var description: String {
        var buffer = Buffer(capacity: 256)
        append(to: &buffer)
        return buffer.readable.text
    }
}

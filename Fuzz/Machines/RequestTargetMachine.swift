import Bytes
import HTTPCore

/// Targets: a canonical form is its own canonical form, and no reading climbs.
enum RequestTargetMachine {
    /// What a target was read as.
    struct Record: Equatable {
        var path: [UInt8]
        var authority: [UInt8]
        var host: [UInt8]
        var query: [UInt8]
        var readings: [[UInt8]]
        var hasOneReading: Bool
    }

    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        let end = input.firstIndex(of: 0x0A) ?? input.count
        let target = Array(input[..<end])
        let host = end < input.count ? Array(input[(end + 1)...]) : Array("host".utf8)
        var fresh = RequestTarget()
        let outcome = try read(target, host, &fresh)
        var used = RequestTarget()
        _ = try read(Array("/A%2fb;c//d?e".utf8), Array("HOST:1".utf8), &used)
        try require(try read(target, host, &used) == outcome, "a target used before reads alike")
        guard case .success(let record) = outcome else { return }
        try check(record)
        try checkAgain(record)
    }

    private static func read(
        _ target: [UInt8],
        _ host: [UInt8],
        _ read: inout RequestTarget
    ) throws(BrokenRule) -> Result<Record, TargetFailure> {
        let name = Array("Host".utf8)
        let bytes = name + host + target
        var head = RequestHead()
        head.target = ByteRange(name.count + host.count..<bytes.count)
        head.fields = [
            FieldLine(
                name: ByteRange(0..<name.count),
                value: ByteRange(name.count..<name.count + host.count),
                id: .host,
                isAlias: false
            )
        ]
        do throws(TargetFailure) {
            try read.read(head, in: bytes.span)
        } catch {
            return .failure(error)
        }
        try require(read.query.indices.upperBound <= bytes.count, "a query lies in its bytes")
        let isAtEnd = read.query.isEmpty || read.query.indices.upperBound == bytes.count
        try require(isAtEnd, "a query ends its target")
        let readings = read.readings
        return .success(
            Record(
                path: read.path.copied(),
                authority: read.authority.copied(),
                host: read.host.copied(),
                query: Array(bytes[read.query.indices]),
                readings: read.hasOneReading
                    ? [] : (0..<readings.count).map { readings[$0].copied() },
                hasOneReading: read.hasOneReading
            )
        )
    }

    private static func check(_ record: Record) throws(BrokenRule) {
        let refused: Set<UInt8> = [0x23, 0x3F, 0x5C]
        try require(record.path.first == 0x2F, "a path begins with a slash")
        let isVisible = record.path.allSatisfy { $0 > 0x20 && $0 < 0x7F && !refused.contains($0) }
        try require(isVisible, "nothing ends a path early")
        try require(record.query.first ?? 0x3F == 0x3F, "a query begins with its mark")
        let isVisibleQuery = record.query.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x23 }
        try require(isVisibleQuery, "nothing ends a query early")
        try require(record.authority.starts(with: record.host), "an authority begins with its host")
        try require(record.host == Octets.lowercased(record.host), "a host is in lower case")
        for reading in record.readings {
            try require(reading.first == 0x2F, "a reading begins with a slash")
            try require(!climbs(reading), "no reading climbs")
        }
        try require(!climbs(record.path), "no path climbs")
        try checkDecoded(record.path)
        if record.hasOneReading {
            try require(!record.path.contains(0x25), "escapes have more readings than one")
            try require(record.path == Octets.lowercased(record.path), "so have capitals")
        }
    }

    /// Whoever decodes, however often, drops parameters, or takes `\` for `/`, finds no dots.
    private static func checkDecoded(_ path: [UInt8]) throws(BrokenRule) {
        var path = path
        for _ in 0..<8 {
            let next = Octets.decoded(path)
            try require(!climbs(next), "no decoded path climbs")
            try require(!next.contains { $0 < 0x20 || $0 == 0x7F }, "no escaped control byte")
            if next == path { return }
            path = next
        }
        throw BrokenRule(what: "decoding ends")
    }

    private static func climbs(_ path: [UInt8]) -> Bool {
        path.split { $0 == 0x2F || $0 == 0x5C }.contains { segment in
            let name = segment.prefix { $0 != 0x3B }
            return name == [0x2E] || name == [0x2E, 0x2E]
        }
    }

    /// What is forwarded is read as it was judged.
    private static func checkAgain(_ record: Record) throws(BrokenRule) {
        var target = RequestTarget()
        let again = try read(record.path + record.query, record.authority, &target)
        try require(again == .success(record), "the canonical form of a canonical form is itself")
        var alone = RequestTarget()
        do throws(TargetFailure) {
            try alone.read(path: record.path.span)
        } catch {
            throw BrokenRule(what: "a canonical path stands alone")
        }
        try require(alone.path.copied() == record.path, "a path alone is the same path")
    }
}

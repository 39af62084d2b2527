import Bytes
import HTTPCore

/// One request's line and `Host` fields, as a parser would give them.
struct TargetRequest {
    var bytes: [UInt8] = []
    var head = RequestHead()

    init(_ target: [UInt8], hosts: [[UInt8]] = [Array("h".utf8)], version: HTTPVersion = .http11) {
        head.target = append(target)
        head.version = version
        for host in hosts {
            let name = append(Array("Host".utf8))
            let value = append(host)
            head.fields.append(FieldLine(name: name, value: value, id: .host, isAlias: false))
        }
    }

    private mutating func append(_ part: [UInt8]) -> ByteRange {
        let start = bytes.count
        bytes += part
        return ByteRange(start..<bytes.count)
    }
}

/// What became of a target: the canonical request, or the rule broken.
enum TargetOutcome: Equatable, CustomStringConvertible {
    case path(String)
    case refused(TargetFailure)

    var description: String {
        switch self {
        case .path(let path): path
        case .refused(let failure): "refused: \(failure)"
        }
    }
}

func readTarget(_ request: TargetRequest) throws(TargetFailure) -> RequestTarget {
    var target = RequestTarget()
    try target.read(request.head, in: request.bytes.span)
    return target
}

func outcome(_ target: String) -> TargetOutcome { outcome(Array(target.utf8)) }

func outcome(_ target: [UInt8]) -> TargetOutcome {
    do {
        let read = try readTarget(TargetRequest(target))
        return .path(read.path.text)
    } catch {
        return .refused(error)
    }
}

/// The readings of a path, in no order; those without case are marked with a leading `~`.
func readings(_ path: String) throws(TargetFailure) -> Set<String> {
    let target = try readTarget(TargetRequest(Array(path.utf8)))
    var all: Set<String> = []
    for index in 0..<target.readings.count {
        let text = target.readings[index].text
        all.insert(target.readings.isFolded(index) ? "~\(text)" : text)
    }
    return all
}

/// A generator of numbers from a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value &>> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value &>> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value &>> 31
    }
}

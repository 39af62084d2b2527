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

@discardableResult
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

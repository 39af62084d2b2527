import Bytes
import EventLoop
import HTTPCore
import Synchronization

/// A worker's end of the access log: it formats lines and puts them where the writer's thread finds
/// them. Never blocks and allocates nothing; what finds no room is dropped and counted.
///
/// One thread at a time uses the ring of one worker's number.
public struct LogRing: ~Copyable {
    private let memory: LogMemory
    private let channel: LogChannel
    private var line: Buffer

    init(memory: LogMemory, channel: LogChannel) {
        self.memory = memory
        self.channel = channel
        line = Buffer(capacity: LogLine.maximumBytes)
    }

    /// Whether lines are wanted; what they are made of need not be gathered when not.
    public var isOn: Bool { channel.isOn.load(ordering: .relaxed) }

    /// Appends one line. Empty texts are `null`; long ones are cut; a path ends at its `?`, since
    /// no query is logged. None of the texts may hold a token or a cookie's value.
    public mutating func append(
        _ record: borrowing ExchangeRecord,
        requestID: Span<UInt8>,
        host: Span<UInt8>,
        path: Span<UInt8>,
        methodName: Span<UInt8>,
        user: Span<UInt8>,
        session: Span<UInt8>,
        routeName: Span<UInt8>,
        upstreamName: Span<UInt8>
    ) {
        guard isOn else { return }
        line.clear()
        LogLine.append(#"{"time":"#, time: record.startedAt, to: &line)
        LogLine.append(#","request_id":"#, requestID, to: &line)
        LogLine.append(#","client":"#, address: record.clientAddress, to: &line)
        LogLine.append(#","method":"#, methodName, to: &line)
        LogLine.append(#","host":"#, host, to: &line)
        appendPath(path)
        LogLine.append(#","route":"#, routeName, to: &line)
        appendOutcome(record)
        LogLine.append(#","user":"#, user, to: &line)
        LogLine.append(#","session":"#, session, to: &line)
        LogLine.append(#","upstream":"#, upstreamName, to: &line)
        appendMeasures(record)
        line.append("}\n")
        store()
    }

    private mutating func appendPath(_ path: Span<UInt8>) {
        let end = path.firstIndex(of: UInt8(ascii: "?")) ?? path.count
        LogLine.append(
            #","path":"#,
            path.extracting(0..<end),
            maximum: LogLine.pathBytes,
            to: &line
        )
    }

    private mutating func appendOutcome(_ record: borrowing ExchangeRecord) {
        if record.status == 0 {
            LogLine.append(#","status":"#, literal: "", to: &line)
        } else {
            LogLine.append(#","status":"#, number: UInt64(record.status), to: &line)
        }
        LogLine.append(#","reason":"#, literal: record.reason.code, to: &line)
    }

    private mutating func appendMeasures(_ record: borrowing ExchangeRecord) {
        LogLine.append(#","duration_ms":"#, duration: record.duration, to: &line)
        LogLine.append(#","upstream_ms":"#, duration: record.upstreamDuration, to: &line)
        LogLine.append(#","bytes_in":"#, number: record.bytesIn, to: &line)
        LogLine.append(#","bytes_out":"#, number: record.bytesOut, to: &line)
        LogLine.append(#","protocol":"#, version: record.version, to: &line)
        LogLine.append(#","tls":"#, literal: record.tls ?? "", to: &line)
        // Beyond the fields every line has: which rule was broken.
        if let detail = record.detail { LogLine.append(#","detail":"#, literal: detail, to: &line) }
    }

    private func store() {
        let wasHalfFull = memory.isHalfFull
        guard memory.append(line.readable) else {
            memory.drop()
            return
        }
        // The writer comes by itself before long; one that has much to do is called, once.
        if !wasHalfFull, memory.isHalfFull { channel.wakeUp.signal() }
    }
}

import Bytes
import Connections
public import EventLoop
import HTTP1
public import HTTPCore

/// A request of the program's own, such as a fetch of keys.
public struct CallRequest: Sendable {
    /// Comes back in the outcome.
    public var id: UInt64
    /// GET or POST.
    public var method: Method
    /// Origin-form.
    public var target: String
    /// The `Host` field.
    public var host: String
    /// Further fields; framing and `Host` are the client's.
    public var fields: [(name: String, value: String)]
    /// Sent with its length.
    public var content: [UInt8]

    /// A call with all its parts.
    public init(
        id: UInt64,
        method: Method,
        target: String,
        host: String,
        fields: [(name: String, value: String)],
        content: [UInt8]
    ) {
        self.id = id
        self.method = method
        self.target = target
        self.host = host
        self.fields = fields
        self.content = content
    }
}

/// What became of a call: its answer, or nil when there was none in time.
public struct CallOutcome: Sendable {
    /// The request's.
    public var id: UInt64
    /// Status and decoded content; nil = none came whole and in time.
    public var answer: (status: UInt16, content: [UInt8])?

    /// An outcome, for those who play the client in tests.
    public init(id: UInt64, answer: (status: UInt16, content: [UInt8])?) {
        self.id = id
        self.answer = answer
    }
}

/// One call on its way.
public struct Call: ~Copyable {
    let request: CallRequest
    var transport: Transport
    var parser = ResponseParser()
    var head = ResponseHead()
    var decoder: ContentDecoder?
    var trailers: [FieldLine] = []
    var content: [UInt8] = []
    let deadline: Instant
    var isSent = false
}

/// The program's own HTTP/1.1 client: a connection for each call, on the loop of whoever owns it.
/// Redirects are not followed.
public struct CallClient: ~Copyable {
    private var calls: Slab<Call>
    private var chunks = ChunkPool(largeBytes: 256 * 1024, keptMaximum: 8)
    private let kind: UInt8
    private let limits = Limits()

    /// Largest content of an answer, in bytes; a larger one is a failure.
    public static let contentMaximum = 256 * 1024

    /// A client whose owner passes events of `kind` to `handle`.
    public init(kind: UInt8, capacity: Int = 64) {
        self.kind = kind
        calls = Slab(capacity: capacity)
    }

    /// Begins a call.
    ///
    /// - Returns: its outcome when it fails at once; nil while it runs.
    public mutating func start(
        _ request: CallRequest,
        to address: SocketAddress,
        deadline: Instant,
        loop: borrowing EventLoop
    ) -> CallOutcome? {
        let id = request.id
        do throws(SystemFailure) {
            let call = Call(
                request: request,
                transport: Transport(
                    socket: try Socket.connect(to: address),
                    tls: nil,
                    connected: false
                ),
                deadline: deadline
            )
            guard let handle = calls.insert(call) else { return CallOutcome(id: id, answer: nil) }
            try loop.add(
                calls[handle].transport.socket,
                token: EventToken(kind: kind, bits: handle.bits)
            )
            return nil
        } catch {
            return CallOutcome(id: id, answer: nil)
        }
    }

    /// When the first call's time is over.
    public var nextDeadline: Instant? {
        var next: Instant?
        for slot in 0..<calls.capacity {
            guard let handle = calls.handle(inSlot: slot) else { continue }
            next = min(next ?? .distantFuture, calls[handle].deadline)
        }
        return next
    }

    /// Ends one call whose time is over.
    public mutating func expire(now: Instant, loop: borrowing EventLoop) -> CallOutcome? {
        for slot in 0..<calls.capacity {
            guard let handle = calls.handle(inSlot: slot), calls[handle].deadline <= now else {
                continue
            }
            return end(handle, answer: nil, loop)
        }
        return nil
    }

    /// Deals with one event of its kind.
    ///
    /// - Returns: the call's outcome, when the event ended it.
    public mutating func handle(
        _ token: EventToken,
        _ readiness: Readiness,
        loop: borrowing EventLoop
    ) -> CallOutcome? {
        let handle = Handle<Call>(bits: token.bits)
        guard calls.contains(handle) else { return nil }
        calls[handle].transport.announce(readiness)
        if !calls[handle].isSent {
            guard readiness.contains(.writable) || readiness.contains(.hungUp) else { return nil }
            guard calls[handle].transport.socket.takeError() == 0 else {
                return end(handle, answer: nil, loop)
            }
            calls[handle].queueRequest(&chunks)
        }
        guard calls[handle].transport.flush(&chunks) != .failed else {
            return end(handle, answer: nil, loop)
        }
        switch calls[handle].read(limits: limits, chunks: &chunks) {
        case .needsMore: return nil
        case .failed: return end(handle, answer: nil, loop)
        case .complete:
            let answer = (status: calls[handle].head.status, content: calls[handle].content)
            return end(handle, answer: answer, loop)
        }
    }

    private mutating func end(
        _ handle: Handle<Call>,
        answer: (status: UInt16, content: [UInt8])?,
        _ loop: borrowing EventLoop
    ) -> CallOutcome {
        let id = calls[handle].request.id
        calls[handle].transport.discardBuffers(&chunks)
        loop.remove(descriptor: calls[handle].transport.socket.descriptor)
        _ = calls.remove(handle)
        return CallOutcome(id: id, answer: answer)
    }
}

extension Call {
    enum Reading {
        case needsMore, complete, failed
    }

    mutating func queueRequest(_ chunks: inout ChunkPool) {
        isSent = true
        var text = "\(request.method.name) \(request.target) HTTP/1.1\r\nHost: \(request.host)\r\n"
        text += "Connection: close\r\nAccept: application/json\r\n"
        for (name, value) in request.fields { text += "\(name): \(value)\r\n" }
        if !request.content.isEmpty || request.method == .post {
            text += "Content-Length: \(request.content.count)\r\n"
        }
        let bytes = Array((text + "\r\n").utf8) + request.content
        guard transport.output.prepare(bytes.count, from: &chunks) else { return }
        transport.output.append(bytes.span)
    }

    /// Reads as far as there is something to read.
    mutating func read(limits: Limits, chunks: inout ChunkPool) -> Reading {
        for _ in 0..<256 {
            let hasEnded: Bool
            switch transport.receive(from: &chunks) {
            case .progressed: hasEnded = false
            case .nothing: return .needsMore
            case .ended: hasEnded = true
            case .failed: return .failed
            }
            do throws(HTTP1Failure) {
                if try parse(limits) { return .complete }
                guard !hasEnded else {
                    guard decoder != nil else { return .failed }
                    try decoder?.endOfStream()
                    return .complete
                }
            } catch {
                return .failed
            }
        }
        return .needsMore
    }

    /// - Returns: whether the answer is complete.
    private mutating func parse(_ limits: Limits) throws(HTTP1Failure) -> Bool {
        while decoder == nil {
            guard !transport.input.isEmpty else { return false }
            let bytes = transport.input.view
            let isComplete = try parser.parse(
                bytes.span,
                limits: limits,
                requestMethod: request.method,
                into: &head
            )
            guard isComplete else { return false }
            transport.input.consume(head.byteCount)
            if head.status < 200 {
                parser.reset()
                head.reset()
                continue
            }
            decoder = ContentDecoder(head.framing)
        }
        guard var decoding = decoder else { return false }
        defer { decoder = decoding }
        while true {
            let bytes = transport.input.view
            switch try decoding.next(bytes.span, trailers: &trailers) {
            case .content(let range, let consumed):
                content += bytes.span.bytes(range).copied()
                transport.input.consume(consumed)
                guard content.count <= CallClient.contentMaximum else { throw .contentTooLarge }
            case .needsMore(let consumed):
                transport.input.consume(consumed)
                return false
            case .trailers(let consumed):
                transport.input.consume(consumed)
            case .end(let consumed):
                transport.input.consume(consumed)
                return true
            }
        }
    }
}
